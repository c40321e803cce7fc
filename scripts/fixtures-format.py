"""Writes test/fixtures/format.json: arrays, options, and the text that numpy.array2string makes of them.

Run with NumPy 2.4: python scripts/fixtures-format.py
Elements are texts that Python's and JavaScript's readers of numbers take alike; complex ones are pairs.
"""

import json
from pathlib import Path

import numpy as np

rng = np.random.default_rng(20261120)
nan, inf = np.nan, np.inf
cases = []


def add(name, array, **options):
    array = np.asarray(array)
    flat = array.ravel()
    if array.dtype.kind == "c":
        values = [[repr(float(v.real)), repr(float(v.imag))] for v in flat]
    elif array.dtype.kind == "f":
        values = [repr(float(v)) for v in flat]
    else:
        values = [str(int(v)) for v in flat]
    numpys = {"suppress": "suppress_small", "linewidth": "max_line_width"}
    text = np.array2string(array, **{numpys.get(key, key): value for key, value in options.items()})
    cases.append(
        {"name": name, "dtype": array.dtype.name, "shape": array.shape, "values": values, "options": options, "text": text}
    )


def floats(dtype):
    def f(values):
        return np.array(values, dtype=dtype)

    add(f"{dtype} whole", f([1, 2, 3]))
    add(f"{dtype} halves", f([0.5, 1.25, -10.125]))
    add(f"{dtype} tenths", f([0.1, 0.2, 0.3]))
    add(f"{dtype} thirds", f([1 / 3, 2 / 3, -5 / 3]))
    add(f"{dtype} zero", f([0.0, -0.0]))
    add(f"{dtype} minus zero alone", f([-0.0]))
    add(f"{dtype} 0-d", f(1.5))
    add(f"{dtype} 0-d whole", f(3))
    add(f"{dtype} 0-d tiny", f(1.5e-7))
    add(f"{dtype} 0-d nan", f(nan))
    add(f"{dtype} special", f([nan, inf, -inf]))
    add(f"{dtype} special with numbers", f([nan, inf, 1.5, -2]))
    add(f"{dtype} minus infinity with numbers", f([-inf, 1, 2]))
    add(f"{dtype} infinity with wide numbers", f([inf, 1000.5, 2]))
    add(f"{dtype} nan alone", f([nan]))
    add(f"{dtype} nan in scientific form", f([nan, 1e-10, inf]))
    add(f"{dtype} minus infinity in scientific form", f([-inf, 1e12]))
    add(f"{dtype} small", f([1e-5, 1, 2]))
    add(f"{dtype} small suppressed", f([1e-5, 1, 2]), suppress=True)
    add(f"{dtype} smaller than the precision, suppressed", f([1e-16, 1.25, -1e-12]), suppress=True)
    add(f"{dtype} wide range", f([0.1, 1000]))
    add(f"{dtype} range of 1000", f([1, 1000]))
    add(f"{dtype} range beyond 1000", f([1, 1001.0]))
    add(f"{dtype} range beyond 1000 suppressed", f([1, 1001.5]), suppress=True)
    add(f"{dtype} large", f([1e8, 1]))
    add(f"{dtype} large suppressed", f([1e8, 1]), suppress=True)
    add(f"{dtype} below large", f([99999999.0, 999999.0]))
    add(f"{dtype} million", f([1e6, 999999.0, 123456.0]))
    add(f"{dtype} largest", f([np.finfo(dtype).max, np.finfo(dtype).tiny]))
    add(f"{dtype} least", f([np.finfo(dtype).smallest_subnormal]))
    add(f"{dtype} three digits of exponent", f([1e-30, 1e30]) if dtype == "float32" else f([1e-300, 1e5]))
    add(f"{dtype} ties", f([2.0**-9, 3 * 2.0**-9, 2.0**-10, 0.5]))
    add(f"{dtype} ties to two places", f([0.125, 0.375, 0.625, 1.5]), precision=2)
    add(f"{dtype} ties to no place", f([0.5, 1.5, 2.5, -0.5]), precision=0)
    add(f"{dtype} precision 3", f([np.pi, np.e, 10]), precision=3)
    add(f"{dtype} precision 17", f([0.1, np.pi]), precision=17)
    add(f"{dtype} precision 3 scientific", f([1.23456e-9, 9.99999e10]), precision=3)
    add(f"{dtype} carries", f([9.999999999, 0.99999999999]))
    add(f"{dtype} carries in scientific form", f([9.9999999999e20, 1]))
    add(f"{dtype} short and long in scientific form", f([0.1, 1.2345678e-5]))
    add(f"{dtype} plus signs", f([1, -2, 0]), sign="+")
    add(f"{dtype} space signs", f([1, 2, 0]), sign=" ")
    add(f"{dtype} space signs with a negative", f([1, -2, nan]), sign=" ")
    add(f"{dtype} plus signs of specials", f([nan, inf, 1]), sign="+")
    add(f"{dtype} plus signs in scientific form", f([1e-9, 1]), sign="+")
    add(f"{dtype} separator", f([[1.5, 2], [3, 4]]), separator=", ")
    add(f"{dtype} random", rng.random((4, 5)).astype(dtype))
    add(f"{dtype} normal", rng.normal(0, 100, (7, 3)).astype(dtype))
    add(f"{dtype} any bits", np.frombuffer(rng.bytes(400), dtype=dtype))
    add(f"{dtype} powers of ten", f([10.0**k for k in range(-4, 4)]))
    add(f"{dtype} wraps", f(np.linspace(0, 1, 40)))
    add(f"{dtype} narrow", f(np.linspace(0, 1, 10)), linewidth=20)
    add(f"{dtype} narrower than a number", f([1.23456, 2.34567]), linewidth=4)
    add(f"{dtype} summary", np.arange(2000).astype(dtype))
    add(f"{dtype} summary 2-d", (np.arange(1200).reshape(30, 40) / 7).astype(dtype))


floats("float64")
floats("float32")

for dtype in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]:
    info = np.iinfo(dtype)
    add(f"{dtype} extremes", np.array([info.min, info.max, 0], dtype=dtype))
    add(f"{dtype} 0-d", np.array(7, dtype=dtype))
add("int64 signs", np.array([1, -20, 300]), sign="+")
add("int64 space signs", np.array([1, 20]), sign=" ")
add("int64 space signs with a negative", np.array([1, -20]), sign=" ")
add("int64 3-d", np.arange(24).reshape(2, 3, 4))
add("int64 4-d", np.arange(16).reshape(2, 2, 2, 2))
add("int64 summary", np.arange(1001))
add("int64 at the threshold", np.arange(1000))
add("int64 summary 3-d", np.arange(8 * 9 * 20).reshape(8, 9, 20))
add("int64 summary with short axes", np.arange(4 * 500).reshape(4, 500))
add("int64 summary with the widest left out", np.where(np.arange(2000) == 1000, 10**12, np.arange(2000)))
add("int64 edgeitems 1", np.arange(100).reshape(10, 10), threshold=50, edgeitems=1)
add("int64 edgeitems 2 with separator", np.arange(100), threshold=50, edgeitems=2, separator=", ")
add("int64 threshold 0", np.arange(10), threshold=0)
add("int64 one element", np.array([[5]]))
add("int64 axis of one", np.arange(3).reshape(3, 1))
add("int64 wraps in rows", np.arange(60).reshape(2, 30))
add("int64 wide separator", np.arange(40), separator="; ")
add("bool", np.array([True, False]))
add("bool 2-d", np.array([[True, True], [False, True]]))
add("bool 0-d", np.array(True))
add("bool 0-d false", np.array(False))
add("bool wraps", np.arange(30) % 3 == 0)
for shape in [(0,), (0, 3), (3, 0), (2, 0, 4)]:
    add(f"empty {shape}", np.zeros(shape))
for dtype in ["complex128", "complex64"]:
    c = lambda values: np.array(values, dtype=dtype)
    add(f"{dtype} whole", c([1 + 2j, 3 - 4j]))
    add(f"{dtype} 0-d", c(1.5 - 2j))
    add(f"{dtype} fractions", c([0.1 + 0.25j, -3.5 - 1 / 3j, 10]))
    add(f"{dtype} special", c([complex(nan, inf), complex(-inf, nan), 1 - 1j]))
    add(f"{dtype} wide", c([1e-10 + 1e5j, 1 + 1j]))
    add(f"{dtype} zeros", c([0, complex(-0.0, -0.0)]))
    add(f"{dtype} 2-d", (rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))).astype(dtype))
    add(f"{dtype} suppressed", c([1e-12 + 1j, 1 - 1e-12j]), suppress=True)
    add(f"{dtype} signs", c([1 + 2j]), sign="+")
    add(f"{dtype} summary", np.arange(1500).astype(dtype) * (1 - 0.5j))

path = Path(__file__).parent.parent / "test" / "fixtures" / "format.json"
lines = ",\n".join(json.dumps(case) for case in cases)
path.write_text(f'{{"numpy": "{np.__version__}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "cases")
