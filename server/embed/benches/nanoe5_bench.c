/* Times the package's own library for the benchmark to compare with.
 * Arguments: model, rounds. Standard input: passages, each ended by NUL; the last text is a question.
 * Standard output: seconds for all passages in one batch, one line a round; then milliseconds for the question, one
 * line for each of 50 times. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "e5.h"

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    e5_model *model = e5_load(argv[1]);
    if (!model) return 3;
    const char *texts[4096];
    int count = 0;
    char *text = NULL;
    size_t capacity = 0;
    while (count < 4096 && getdelim(&text, &capacity, 0, stdin) > 0) {
        texts[count++] = text;
        text = NULL;
        capacity = 0;
    }
    if (count < 2) return 4;
    int passages = count - 1;
    float *vectors = malloc(sizeof(float) * (size_t)e5_dim(model) * (size_t)passages);
    for (int round = 0; round < atoi(argv[2]); round++) {
        double start = now();
        if (e5_embed_batch(model, texts, passages, 0, vectors) != 0) return 5;
        printf("%.6f\n", now() - start);
    }
    for (int time = 0; time < 50; time++) {
        double start = now();
        if (e5_embed(model, texts[passages], 1, vectors) != 0) return 5;
        printf("%.6f\n", 1e3 * (now() - start));
    }
    return 0;
}
