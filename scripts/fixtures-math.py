"""Writes the fixtures of test/kernel/math.test.ts: inputs, and what mpmath says of them.

One file a function and dtype: {"inputs": [base64, ...], "expected": base64, "residual": base64}. `expected` is the exact value
rounded to nearest; `residual` is exact - expected in 127ths of half a unit in the last place, as int8, so that a test can state an error
more finely than in whole units. Run: python scripts/fixtures-math.py [count] [folder]   (needs mpmath, numpy; not run in CI)
"""
import base64
import json
import random
import sys
from pathlib import Path

import mpmath
import numpy
from mpmath import mp, mpf

mp.prec = 160
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
FOLDER = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent.parent / "test/fixtures/math"

DTYPES = {"f64": (numpy.float64, 52, -1022, 1023), "f32": (numpy.float32, 23, -126, 127)}


def nearest(value, dtype):
    """The nearest number of the dtype, and what is left in units in the last place."""
    kind, bits, lowest, highest = DTYPES[dtype]
    if value == 0:
        return kind(0), 0.0
    _, exponent = mpmath.frexp(value)
    unit_exponent = max(int(exponent) - 1, lowest) - bits
    scaled = mpmath.ldexp(value, -unit_exponent)
    whole = mpmath.nint(scaled)
    rounded = mpmath.ldexp(whole, unit_exponent)
    if abs(rounded) >= mpmath.ldexp(mpf(1), highest + 1):
        return kind(numpy.inf if value > 0 else -numpy.inf), 0.0
    return kind(float(rounded)), float(scaled - whole)


def uniform(low, high):
    return lambda: random.uniform(low, high)


def scale(low, high, signs=(-1, 1)):
    """Of every order of magnitude from 2^low to 2^high."""
    return lambda: random.choice(signs) * random.uniform(1, 2) * 2.0 ** random.randint(low, high - 1)


def near(points, low, high):
    """Close to a point: off by 2^low to 2^high of it."""
    return lambda: (lambda p: p + (abs(p) or 1) * random.choice((-1, 1)) * random.uniform(1, 2) * 2.0 ** random.randint(low, high))(
        random.choice(points)
    )


def multiples(unit, largest):
    """The number nearest to a multiple of `unit`."""
    return lambda: float(random.choice((-1, 1)) * random.randint(1, 2 ** random.randint(1, largest)) * unit)


def powers(base, low, high):
    return lambda: float(mpf(base) ** random.randint(low, high))


def cases(name, dtype):
    """Where to take inputs: one generator for each argument, or one for all."""
    single = dtype == "f32"
    low, high = (-126, 128) if single else (-1022, 1024)
    ends = {
        "exp": (-104, 89) if single else (-746, 710),
        "exp2": (-150, 128) if single else (-1075, 1024),
        "sinh": (-89.5, 89.5) if single else (-710.5, 710.5),
    }
    small = scale(-40, 3)
    turn = [multiples(mpmath.pi / 2, 18), multiples(mpmath.pi / 4, 10), uniform(-7, 7), uniform(-1000, 1000), small, scale(3, 24), scale(20, high)]
    return {
        "exp": [uniform(*ends["exp"]), uniform(-2, 2), small, near(ends["exp"], -20, -8)],
        "exp2": [uniform(*ends["exp2"]), uniform(-2, 2), small, near(ends["exp2"], -20, -8)],
        "expm1": [uniform(-45, ends["exp"][1]), uniform(-2, 2), uniform(-0.5, 0.5), scale(low, 3)],
        "log": [scale(low, high, (1,)), near((1.0,), -22 if single else -45, -2), uniform(0.5, 2), scale(-149 if single else -1074, low, (1,))],
        "log2": [scale(low, high, (1,)), near((1.0,), -22 if single else -45, -2), uniform(0.5, 2), powers(2, -100, 100)],
        "log10": [scale(low, high, (1,)), near((1.0,), -22 if single else -45, -2), uniform(0.5, 2), powers(10, 0, 20)],
        "log1p": [scale(low, high, (1,)), scale(-40, 0), uniform(-1, 3), near((-1 + 1e-9,), -20, -10), uniform(-0.6, 1)],
        "sin": turn,
        "cos": turn,
        "tan": turn,
        "asin": [uniform(-1, 1), scale(low, 0), near((0.5, -0.5), -30, -4), lambda: random.choice((-1, 1)) * (1 - 2.0 ** random.uniform(-24, -1))],
        "acos": [uniform(-1, 1), scale(-60, 0), near((0.5, -0.5), -30, -4), lambda: random.choice((-1, 1)) * (1 - 2.0 ** random.uniform(-24, -1))],
        "atan": [uniform(-3, 3), scale(low, high), near((7 / 16, 11 / 16, 19 / 16, 39 / 16), -30, -4), scale(-4, 6)],
        "sinh": [uniform(*ends["sinh"]), uniform(-3, 3), uniform(-0.5, 0.5), scale(low, 3), near(ends["sinh"], -20, -10)],
        "cosh": [uniform(*ends["sinh"]), uniform(-3, 3), uniform(-0.5, 0.5), scale(-40, 3), near(ends["sinh"], -20, -10)],
        "tanh": [uniform(-22, 22), uniform(-3, 3), uniform(-0.7, 0.7), scale(low, 5)],
        "asinh": [uniform(-3, 3), scale(low, high), scale(-10, 32), uniform(-0.5, 0.5)],
        "acosh": [lambda: 1 + 2.0 ** random.uniform(-23 if single else -50, 4), uniform(1, 3), scale(0, high, (1,)), scale(0, 32, (1,))],
        "atanh": [uniform(-1, 1), scale(low, 0), lambda: random.choice((-1, 1)) * (1 - 2.0 ** random.uniform(-24, -1)), uniform(-0.5, 0.5)],
        "atan2": [(scale(-20, 20), scale(-20, 20)), (uniform(-1, 1), uniform(-1, 1)), (scale(low, high), scale(low, high))],
        "pow": [
            (scale(low, high, (1,)), uniform(-1, 1)),
            (uniform(0, 10), uniform(-30, 30)),
            (near((1.0,), -22 if single else -40, -3), scale(3, 20)),
            (uniform(-20, 20), lambda: float(random.randint(-20, 20))),
            (scale(-3, 3, (1,)), scale(-20, 9)),
            (scale(-149 if single else -1074, low, (1,)), uniform(-1, 1)),
        ],
        "hypot": [(scale(-20, 20), scale(-20, 20)), (uniform(-1, 1), uniform(-1, 1)), (scale(low, high), scale(low, high)), (scale(low - 20, low + 3), scale(low - 20, low + 3))],
        "logaddexp": [(uniform(-40, 40), uniform(-40, 40)), (uniform(0, 2), uniform(0, 2)), (uniform(-1000, 1000), uniform(-1000, 1000)), (scale(0, 30), scale(0, 30))],
    }[name]


def exact(name, *x):
    x = [mpf(float(each)) for each in x]
    if name == "exp2":
        return mpf(2) ** x[0]
    if name == "log2":
        return mpmath.log(x[0]) / mpmath.log(mpf(2))
    if name == "log10":
        return mpmath.log(x[0]) / mpmath.log(mpf(10))
    if name == "pow":
        return mpmath.power(*x)
    if name == "logaddexp":
        return max(x) + mpmath.log1p(mpmath.exp(-abs(x[0] - x[1])))
    return getattr(mpmath, name)(*x)


NAMES = "exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh atan2 pow hypot logaddexp".split()


def inside(name, x):
    if name in ("log", "log2", "log10"):
        return x[0] > 0
    if name == "log1p":
        return x[0] > -1
    if name in ("asin", "acos"):
        return abs(x[0]) <= 1
    if name == "atanh":
        return abs(x[0]) < 1
    if name == "acosh":
        return x[0] >= 1
    return name != "pow" or x[0] > 0 or (x[0] < 0 and x[1] == int(x[1]))


def write(name, dtype):
    random.seed(f"{name} {dtype}")
    kind = DTYPES[dtype][0]
    sources = cases(name, dtype)
    inputs, expected, residual = [], [], []
    while len(inputs) < COUNT:
        # In runs, so that most vectors are of one kind and take the quick way, as they would in real arrays.
        source = sources[len(inputs) * len(sources) // COUNT]
        try:
            with numpy.errstate(over="ignore"):
                x = [kind(each()) for each in (source if isinstance(source, tuple) else (source,))]
        except OverflowError:
            continue
        if not all(numpy.isfinite(x)) or not inside(name, x):
            continue
        value, left = nearest(exact(name, *x), dtype)
        inputs.append(x)
        expected.append(value)
        residual.append(round(left * 254))
    encode = lambda values, kind: base64.b64encode(numpy.array(values, dtype=kind).tobytes()).decode()
    columns = [encode(column, kind) for column in zip(*inputs)]
    text = json.dumps({"inputs": columns, "expected": encode(expected, kind), "residual": encode(residual, numpy.int8)})
    (FOLDER / f"{name}_{dtype}.json").write_text(text + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in NAMES if len(sys.argv) < 4 else sys.argv[3].split(","):
        for dtype in DTYPES:
            write(name, dtype)
