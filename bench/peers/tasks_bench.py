"""Tasks with Python's own libraries: `tasks_bench.py CASE` prints {library: seconds} for those that can be imported."""

import json
import sys
import time

WORKERS = 2


def square(x):
    return x * x


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def timed(run):
    run()  # warm-up: workers start, code is sent
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def with_multiprocessing(run):
    import multiprocessing

    with multiprocessing.Pool(WORKERS) as pool:
        return timed(lambda: run(pool))


def with_joblib(count):
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=WORKERS)
    return timed(lambda: parallel(delayed(square)(i) for i in range(count)))


def with_distributed(count):
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        return timed(lambda: client.gather(client.map(square, range(count), pure=False)))


def with_delayed(count):
    from dask import delayed

    increment = delayed(lambda a: a + 1)
    return timed(lambda: delayed(sum)([increment(i) for i in range(count)]).compute(scheduler="threads", num_workers=WORKERS))


def with_ipyparallel(count):
    import logging

    import ipyparallel

    with ipyparallel.Cluster(n=WORKERS, log_level=logging.ERROR) as views:
        view = views.load_balanced_view()
        return timed(lambda: [result.get() for result in [view.apply_async(square, i) for i in range(count)]])


CASES = {
    "map, chunksize 1": {
        "multiprocessing": lambda: with_multiprocessing(lambda pool: pool.map(square, range(20000), chunksize=1)),
        "joblib": lambda: with_joblib(20000),
    },
    "map": {
        "multiprocessing": lambda: with_multiprocessing(lambda pool: pool.map(square, range(200000))),
    },
    "delayed": {
        "dask.delayed": lambda: with_delayed(10000),
    },
    "futures": {
        "dask.distributed": lambda: with_distributed(5000),
        "ipyparallel": lambda: with_ipyparallel(5000),
    },
    "uneven tasks": {
        "multiprocessing": lambda: with_multiprocessing(lambda pool: pool.map(sleep, DURATIONS, chunksize=1)),
    },
}
# The same numbers as in bench/tasks.ts.
DURATIONS = [((i * 37 + 11) % 64) / 64 * 0.04 for i in range(64)]

if __name__ == "__main__":
    measured = {}
    for library, case in CASES[sys.argv[1]].items():
        try:
            measured[library] = case()
        except ImportError:
            pass
    print(json.dumps(measured))
