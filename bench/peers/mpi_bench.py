"""The cases of bench/ranks.ts with mpi4py, in microseconds, as one line of JSON: mpiexec -n 2 python mpi_bench.py"""
import json
import statistics
import time

import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, other = comm.rank, 1 - comm.rank


def measure(repeats, calls, call):
    times = []
    for _ in range(repeats):
        comm.barrier()
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls * 1e6)
    return statistics.median(times)


def bounce(value):
    if rank == 0:
        comm.send(value, dest=other)
        comm.recv(source=other)
    else:
        comm.send(comm.recv(source=other), dest=other)


def bounce_array(x, out):
    if rank == 0:
        comm.Send(x, dest=other)
        comm.Recv(out, source=other)
    else:
        comm.Recv(out, source=other)
        comm.Send(out, dest=other)


value = {"a": 7, "b": "text"}
x = np.full(10**6, rank + 1.0)
out = np.empty_like(x)
measure(3, 2000, lambda: bounce(value))
ping_pong = measure(9, 1000, lambda: bounce(value))
times = {
    "pingPong": ping_pong,
    "message": ping_pong / 2,
    "barrier": measure(9, 500, comm.barrier),
    "number": measure(9, 500, lambda: comm.allreduce(rank)),
    "allreduce": measure(41, 1, lambda: comm.Allreduce(x, out)),
    "newArray": measure(11, 1, lambda: comm.Allreduce(x, np.empty_like(x))),
    "array": measure(11, 1, lambda: bounce_array(x, out)),
    "inPlace": measure(41, 1, lambda: comm.Allreduce(MPI.IN_PLACE, x, op=MPI.MAX)),
}
if rank == 0:
    print(json.dumps(times))
