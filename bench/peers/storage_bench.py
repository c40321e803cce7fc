"""The Dask side of bench/storage.ts: one case, on the store that is named, as one line of JSON."""

import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import dask
import dask.array as da

dask.config.set(scheduler="threads", num_workers=int(os.environ.get("BENCH_WORKERS", "2")))
CASES = {
    "std": lambda x: x.std(0).sum(),
    "anomaly": lambda x: (x - x.mean(0)).std(),
    "transpose": lambda x: (x + x.T - x.mean(0)).max(),
}
name, store = sys.argv[1:3]
started, cpu = time.perf_counter(), time.process_time()
result = float(CASES[name](da.from_zarr(store)).compute())
seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "cpuSeconds": cpu_seconds, "peakBytes": peak, "result": result}))
