"""The same searches by pip's faiss-cpu, for the table of the vector benchmark.

peer.py PASSAGES QUESTIONS DIMENSION K FACTORY SETTING INDEX: prints one JSON object, p50 of one question at a time and
questions a second of all at once, in milliseconds and 1/s. Threads as OMP_NUM_THREADS says. The file INDEX is made where
it is missing.
"""

import json
import os
import sys
import time

import faiss
import numpy

passages, questions, dimension, k, factory, setting, built = sys.argv[1:8]
dimension, k = int(dimension), int(k)
questions = numpy.fromfile(questions, dtype="<f4").reshape(-1, dimension)
if not os.path.exists(built):
    passages = numpy.fromfile(passages, dtype="<f4").reshape(-1, dimension)
    index = faiss.index_factory(dimension, factory, faiss.METRIC_L2)
    index.train(passages)
    index.add(passages)
    faiss.write_index(index, built)
index = faiss.read_index(built)
if setting:
    faiss.ParameterSpace().set_index_parameters(index, setting)
for question in questions[:50]:
    index.search(question[None], k)
times = []
for question in questions:
    start = time.perf_counter()
    index.search(question[None], k)
    times.append(time.perf_counter() - start)
rounds = []
for _ in range(5):
    start = time.perf_counter()
    index.search(questions, k)
    rounds.append(len(questions) / (time.perf_counter() - start))
print(json.dumps({"p50": float(numpy.median(times) * 1e3), "rate": max(rounds), "version": faiss.__version__}))
