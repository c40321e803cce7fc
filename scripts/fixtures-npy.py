"""Writes test/fixtures/npy.json: small NPY files as NumPy writes them (base64), and what they hold. Not run by the tests.

    python3 scripts/fixtures-npy.py
"""

import base64
import io
import json
from pathlib import Path

import numpy as np

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
SHAPES = [(), (0,), (5,), (3, 4), (2, 3, 4)]


def npy(array, version):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return base64.b64encode(file.getvalue()).decode()


def little_row_major(array):
    """The bytes that the reader must make of it."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes(order="C").hex()


def cases():
    random = np.random.default_rng(7)
    for number, name in enumerate(DTYPES):
        for order in "CF":
            for endian in "<>":
                shape = SHAPES[(number + (order == "F") + 2 * (endian == ">")) % len(SHAPES)]
                dtype = np.dtype(name).newbyteorder(endian)
                count = int(np.prod(shape)) * dtype.itemsize
                raw = random.integers(0, 2 if name == "bool" else 256, count, dtype=np.uint8).tobytes()
                array = np.frombuffer(raw, dtype).reshape(shape, order=order)
                version = [(1, 0), (2, 0), (3, 0)][number % 3]
                yield {
                    "dtype": name,
                    "shape": list(shape),
                    "fortran": bool(array.flags.f_contiguous and not array.flags.c_contiguous),
                    "file": npy(array, version),
                    "bytes": little_row_major(array),
                }


def refused():
    yield "structured", np.zeros(2, [("a", "<i4"), ("b", "<f8")])
    yield "float16", np.zeros(2, np.float16)
    yield "text", np.array(["a", "bc"])
    yield "date", np.array(["2026-01-01"], "M8[D]")


fixture = {
    "numpy": np.__version__,
    "cases": list(cases()),
    "refused": {name: npy(array, None) for name, array in refused()},
    "written": {
        name: npy(np.arange(6).reshape(shape).astype(name), (1, 0))
        for name, shape in [("float32", (2, 3)), ("uint8", (6,)), ("complex128", (1, 2, 3)), ("int64", (3, 2))]
    },
}
Path("test/fixtures/npy.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
