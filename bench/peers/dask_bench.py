"""The Dask side of the benchmark. Reads case names from standard input, runs each once and writes one line of JSON.

The words `import` and `small` instead are for a fresh process: the seconds to import Dask, and of its first small compute.
"""

import gc
import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
started = time.perf_counter()
import dask
import dask.array as da

imported = time.perf_counter() - started
import numpy as np

WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
dask.config.set(scheduler="threads", num_workers=WORKERS)
N, CHUNKS = 10_000, (1000, 1000)


def matrix():
    along = da.arange(N, chunks=1000)
    number = along[:, None] * N + along
    return (number * 630360016 % 2147483647 / 2147483647).persist()


DATASETS = {
    "none": lambda: None,
    "matrix": matrix,
    "integers": lambda: da.arange(100_000_000, chunks=1_000_000, dtype="i8").persist(),
    "tiny": lambda: da.arange(100_000.0, chunks=1).persist(),
}


def headline(x):
    return x + x.T - x.mean(0)


def random():
    return da.random.random((N, N), chunks=CHUNKS)


CASES = {
    "headline_random": ("none", lambda _: headline(random()).compute()),
    "headline": ("matrix", lambda x: headline(x).compute()),
    "sum": ("matrix", lambda x: x.sum().compute()),
    "std": ("matrix", lambda x: x.std(0).compute()),
    "polynomial": ("matrix", lambda x: ((x * 2 + 1) * x - x / 3).sum().compute()),
    "standardise": ("matrix", lambda x: ((x - x.mean(0)) / x.std(0)).compute()),
    "transcendental": ("matrix", lambda x: (da.exp(x) + da.log(x + 1) * da.sin(x)).mean().compute()),
    "where": ("matrix", lambda x: da.where(x > 0.5, x, -x).sum().compute()),
    "argmax": ("matrix", lambda x: x.argmax(1).compute()),
    "cumsum": ("matrix", lambda x: x.cumsum(0).compute()),
    "normal": ("none", lambda _: da.random.default_rng(1).normal(0, 1, (N, N), chunks=CHUNKS).std().compute()),
    "integers": ("integers", lambda i: ((i % 7) * (i // 3)).sum().compute()),
    "tiny": ("tiny", lambda x: (x + 1).sum().compute()),
    "headline_sum": ("none", lambda _: headline(random()).sum().compute()),
}


def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def reset_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def answer(**facts):
    print(json.dumps(facts), flush=True)


def small():
    begin = time.perf_counter()
    (da.from_array(np.array([1.0, 2.0, 3.0])) + 1).sum().compute()
    return time.perf_counter() - begin


def main():
    data, held = None, ""
    for name in map(str.strip, sys.stdin):
        if name in ("import", "small"):
            answer(seconds=imported if name == "import" else small(), checksum=0, peakBytes=peak_bytes())
            continue
        dataset, run = CASES[name]
        if held != dataset:
            data, held = DATASETS[dataset](), dataset
        gc.collect()
        reset_peak()
        begin = time.perf_counter()
        result = run(data)
        seconds = time.perf_counter() - begin
        answer(seconds=seconds, checksum=float(np.ravel(result)[::997].sum()), peakBytes=peak_bytes())
        del result


if sys.argv[1:] == ["--version"]:
    answer(dask=dask.__version__, numpy=np.__version__, python=sys.version.split()[0])
else:
    main()
