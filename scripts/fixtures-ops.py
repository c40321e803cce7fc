"""Writes test/fixtures/ops/*.json: what NumPy says about every element-wise function, reduction, scan and promotion.

Run by hand with NumPy 2.x on x86-64 (not in CI): python3 scripts/fixtures-ops.py
Arrays are hex strings of their little-endian bytes. Exact functions are NumPy's own results in the loop dtype; inexact ones
are computed in 80-bit long double and rounded once, so that the fixture is right to half a unit in the last place.
"""

import json
import pathlib
import re
import warnings

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
out = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "ops"
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261120)

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
EXACT_BINARY = (
    "add subtract multiply divide floor_divide remainder copysign nextafter maximum minimum equal not_equal less less_equal"
    " greater greater_equal logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift"
    " bitwise_right_shift"
).split()
EXACT_UNARY = (
    "negative positive abs square sqrt reciprocal sign signbit isfinite isinf isnan logical_not bitwise_invert ceil floor trunc"
    " round real imag conj"
).split()
INEXACT_BINARY = "pow hypot logaddexp atan2".split()
INEXACT_UNARY = "exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh".split()
# Complex results that are rounded on the way, so long double gives the better reference.
INEXACT_COMPLEX = "abs sqrt sign".split()


def camel(name):
    return re.sub(r"_(.)", lambda m: m[1].upper(), name)


def hexed(array):
    return np.ascontiguousarray(array).tobytes().hex()


def specials(dtype):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.array([False, True])
    if kind in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        values = [low, low + 1, high, high - 1, 0, 1, 2, 3, 7] + ([-1, -2, -7, 2**51, -(2**51) - 1] if kind == "i" else [2**51])
        return np.array([v for v in values if low <= v <= high], dtype)
    info = np.finfo(dtype)
    tiny, most = info.smallest_subnormal, info.max
    values = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, tiny, -tiny, info.smallest_normal, most, -most]
    return np.array(values + [1e10, 3.0, -7.25], dtype)


def complex_specials(dtype):
    part = np.float32 if dtype == "complex64" else np.float64
    small, large = (1e-25, 1e25) if dtype == "complex64" else (1e-200, 1e200)
    parts = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, small, -large], part)
    grid = np.empty((len(parts), len(parts)), dtype)
    grid.real, grid.imag = parts[:, None], parts[None, :]
    return grid.ravel()


def randoms(dtype, n):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(n) < 0.5
    if kind in "iu":
        info = np.iinfo(dtype)
        wide = rng.integers(info.min, info.max, n, dtype, endpoint=True)
        narrow = rng.integers(max(info.min, -20), 20, n, dtype)
        return np.where(rng.random(n) < 0.5, wide, narrow)
    if kind == "c":
        z = np.empty(n, dtype)
        z.real, z.imag = randoms(z.real.dtype.name, n), randoms(z.real.dtype.name, n)
        return z
    normal = rng.standard_normal(n) * 10.0 ** rng.integers(-3, 4, n)
    unit = rng.uniform(-1, 1, n)
    return np.where(rng.random(n) < 0.6, normal, unit).astype(dtype)


def operands(dtype):
    """Unary values, and pairs for binary functions."""
    kind = np.dtype(dtype).kind
    special = complex_specials(dtype) if kind == "c" else specials(dtype)
    unary = np.concatenate([special, randoms(dtype, 60)])
    if kind == "c":
        left = np.concatenate([rng.choice(special, 160), randoms(dtype, 60)])
        right = np.concatenate([rng.choice(special, 160), randoms(dtype, 60)])
    else:
        grid = np.meshgrid(special, special, indexing="ij")
        left = np.concatenate([grid[0].ravel(), randoms(dtype, 60)])
        right = np.concatenate([grid[1].ravel(), randoms(dtype, 60)])
    return unary, left, right


def loop_of(name, dtype):
    """The dtype that a function computes in here: NumPy's, with float32 for its float16."""
    f = getattr(np, name)
    one = np.ones(1, dtype)
    try:
        result = f(one, one) if name in EXACT_BINARY + INEXACT_BINARY else f(one)
    except TypeError:
        return None
    return result.dtype.name.replace("float16", "float32")


def apply(name, values, dtype):
    f = getattr(np, name)
    inexact = name in INEXACT_UNARY + INEXACT_BINARY and np.dtype(dtype).kind in "fc"
    if not inexact and not (name in INEXACT_COMPLEX and np.dtype(dtype).kind == "c"):
        return f(*values)
    wide = np.clongdouble if np.dtype(dtype).kind == "c" else np.longdouble
    result = f(*[v.astype(wide) for v in values])
    if name == "log1p" and wide == np.clongdouble:
        # NumPy's own loses the real part of small numbers.
        x, y = values[0].real.astype(np.longdouble), values[0].imag.astype(np.longdouble)
        result.real = np.where(np.hypot(x, y) < 0.5, np.log1p(x * (2 + x) + y * y) / 2, result.real)
    if result.dtype == np.longdouble:
        return result.astype(np.float32 if dtype in ("float32", "complex64") else np.float64)
    return result.astype(dtype)


def loop_of_operands(name, dtype):
    """Tests and comparisons compute in the dtype of the operands; floating functions of integers in their result's."""
    result = loop_of(name, dtype)
    floating = result is not None and np.dtype(result).kind in "f" and np.dtype(dtype).kind in "biu"
    return result if floating else dtype


def elementwise():
    inputs, families = {}, {"exact": {}, "inexact": {}, "complex": {}}
    signatures = {}
    values = {dtype: operands(dtype) for dtype in DTYPES}
    for dtype, (unary, left, right) in values.items():
        inputs[dtype] = {"unary": hexed(unary), "left": hexed(left), "right": hexed(right)}
    for name in EXACT_UNARY + EXACT_BINARY + INEXACT_UNARY + INEXACT_BINARY:
        key = camel(name)
        signatures[key] = {dtype: loop_of(name, dtype) for dtype in DTYPES}
        family = "exact" if name in EXACT_UNARY + EXACT_BINARY else "inexact"
        binary = name in EXACT_BINARY + INEXACT_BINARY
        for dtype in DTYPES:
            if signatures[key][dtype] is None or loop_of_operands(name, dtype) != dtype:
                continue
            if dtype == "bool" and signatures[key][dtype] == "int8":
                continue
            unary, left, right = values[dtype]
            operand = (left, right) if binary else (unary,)
            if name == "pow" and np.dtype(dtype).kind == "i":
                # NumPy refuses negative exponents of integers.
                operand = (left, np.where(right < 0, 0, right))
            result = apply(name, operand, dtype)
            where = "complex" if np.dtype(dtype).kind == "c" else family
            families[where].setdefault(key, {})[dtype] = {"dtype": result.dtype.name, "values": hexed(result)}
    dump("inputs", inputs)
    dump("signatures", signatures)
    for family, content in families.items():
        dump(family, content)


def reductions():
    names = {"argmin": np.argmin, "argmax": np.argmax, "any": np.any, "all": np.all, "countNonzero": np.count_nonzero}
    names |= {n: getattr(np, n) for n in "sum prod mean var std min max".split()}
    cases = {}
    for dtype in DTYPES:
        kind = np.dtype(dtype).kind
        arrays = [randoms(dtype, n) for n in (1, 2, 3, 8, 17)]
        if kind in "f":
            arrays += [np.array([1, np.nan, 3, np.nan], dtype), np.array([np.inf, 1, -np.inf], dtype), np.array([-0.0, 0.0], dtype)]
        if kind in "iu":
            arrays += [np.array([3, 1, 3, 1, 2], dtype), np.repeat(np.iinfo(dtype).max, 5).astype(dtype)]
        for array in arrays:
            case = {"input": hexed(array), "results": {}}
            for name, f in names.items():
                if kind == "c" and name in "var std min max argmin argmax":
                    continue
                for correction in (0, 1, 2) if name in ("var", "std") else (0,):
                    result = f(array, ddof=correction) if name in ("var", "std") else f(array)
                    result = np.asarray(result)
                    key = f"{name} {correction}" if correction else name
                    case["results"][key] = {"dtype": result.dtype.name, "values": hexed(result)}
            for name, f in (("cumulativeSum", np.cumsum), ("cumulativeProd", np.cumprod)):
                result = f(array)
                case["results"][name] = {"dtype": result.dtype.name, "values": hexed(result)}
            cases.setdefault(dtype, []).append(case)
    dump("reductions", cases)


def promotion():
    pairs = {a: {b: np.result_type(a, b).name for b in DTYPES} for a in DTYPES}
    scalars = {"integer": 1, "fraction": 0.5, "complex": 1j, "bool": True}
    weak = {a: {s: np.result_type(np.empty(1, a), v).name for s, v in scalars.items()} for a in DTYPES}
    dump("promotion", {"pairs": pairs, "weak": weak})


def dump(name, content):
    (out / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


elementwise()
reductions()
promotion()
