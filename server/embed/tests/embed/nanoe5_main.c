/* Prints what the package's own program makes of texts, for the tests to compare with.
 * Includes the package's source, for its tokenizer is not in its header.
 * Arguments: model, query|passage. Standard input: texts, each ended by NUL. Standard output, for each text:
 * int32 count, count int32 ids (prefix included, no markers), then the vector as floats. */
#include "e5.c"

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    e5_model *model = e5_load(argv[1]);
    if (!model) return 3;
    int is_query = strcmp(argv[2], "query") == 0;
    const char *prefix = is_query ? "query: " : "passage: ";
    size_t capacity = 1 << 20, length = 0;
    char *text = malloc(capacity);
    int32_t *ids = malloc(capacity * sizeof(int32_t));
    char *prefixed = malloc(capacity + 16);
    float *vector = malloc(sizeof(float) * (size_t)e5_dim(model));
    for (int c; (c = getchar()) != EOF;) {
        if (length + 1 >= capacity) return 4;
        text[length++] = (char)c;
        if (c) continue;
        strcpy(prefixed, prefix);
        strcat(prefixed, text);
        int32_t count = tok_content(&model->tok, prefixed, ids, (int)capacity);
        if (e5_embed(model, text, is_query, vector) != 0) return 5;
        fwrite(&count, sizeof count, 1, stdout);
        fwrite(ids, sizeof *ids, (size_t)count, stdout);
        fwrite(vector, sizeof *vector, (size_t)e5_dim(model), stdout);
        length = 0;
    }
    return 0;
}
