"""Writes test/fixtures/arrays/*.json: what NumPy says about calls of the public interface.

Run by hand with NumPy 2.4 on x86-64 (not in CI): python3 scripts/fixtures-arrays.py
A call is [name, arguments..., options]: {"input": key} is an array of inputs.json, {"int": text} a bigint, {"value": text} a number
that JSON has not, {"options": {...}} comes last; anything else stands for itself. A result is [dtype, shape, base64 of its
little-endian bytes]; calls with several results have several. `ulps` allows that distance in units of the result's last place:
such results are computed in 80-bit long double and rounded once. The deviations from NumPy that src/ops/elementwise.ts lists are
left out, as are results that are undefined in C (floating numbers cast to integers that do not hold them).
"""

import base64
import itertools
import json
import pathlib
import re
import warnings

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")
out = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "arrays"
out.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(20261120)

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128".split()
INTEGERS = [d for d in DTYPES if np.dtype(d).kind in "iu"]
FLOATS = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
REAL = INTEGERS + FLOATS

inputs = {}
files = {}


def packed(array):
    array = np.asarray(array)
    data = np.ascontiguousarray(array).tobytes()
    return [array.dtype.name, list(array.shape), base64.b64encode(data).decode()]


def kind(dtype):
    return np.dtype(dtype).kind


def given(key, array):
    """Makes an array an input; gives its reference."""
    inputs.setdefault(key, (array, packed(array)))
    return {"input": key}


def nice(dtype, shape):
    """Small numbers whose sums and products are exact."""
    key = f"{dtype}-{'x'.join(map(str, shape))}"
    if key in inputs:
        return {"input": key}
    if kind(dtype) == "b":
        return given(key, rng.random(shape) < 0.5)
    low = 0 if kind(dtype) == "u" else -5
    whole = rng.integers(low, 6, shape)
    if kind(dtype) == "c":
        return given(key, (whole / 2 + 1j * rng.integers(-4, 5, shape) / 4).astype(dtype))
    return given(key, (whole / 4 if kind(dtype) == "f" else whole).astype(dtype))


def special(dtype):
    """Values at the edges of a dtype, and small ones between them."""
    if kind(dtype) == "b":
        values = [False, True, True, False]
    elif kind(dtype) in "iu":
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        values = [low, high, 0, 1, 2, 7, high // 3, max(low, -1), max(low, -3)]
    else:
        part = "float32" if dtype in ("float32", "complex64") else "float64"
        info = np.finfo(part)
        values = [0.0, -0.0, 1, -1, 0.5, -2.5, 3, np.inf, -np.inf, np.nan, info.smallest_subnormal, info.max, 1.5, -7.25]
        if kind(dtype) == "c":
            values = [complex(a, b) for a, b in zip(values, [0.0, 1, -0.0, 2, -0.5, 3, 4, 1, 0.5, 1, 1, 0, -1.5, 2])][:7]
    return given(f"{dtype}-special", np.array(values, dtype))


def decode(argument):
    if isinstance(argument, dict):
        if "input" in argument:
            return inputs[argument["input"]][0]
        if "int" in argument:
            return int(argument["int"])
        if "value" in argument:
            return float(argument["value"])
        return complex(argument["re"], argument["im"])
    # A number of JavaScript's that is whole is weak as Python's integers are.
    if isinstance(argument, float) and argument.is_integer():
        return int(argument)
    return argument


def snake(name):
    return re.sub(r"[A-Z]", lambda m: "_" + m[0].lower(), name)


def index(text):
    return eval(f"np.s_[{text}]")


def replaced(x, text, value):
    result = x.copy()
    result[index(text)] = value
    return result


FUNCTIONS = {
    "at": lambda x, text: x[index(text)],
    "with": replaced,
    "astype": lambda x, dtype: x.astype(dtype),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "concat": lambda arrays, **o: np.concat([decode(a) for a in arrays], **o),
    "stack": lambda arrays, **o: np.stack([decode(a) for a in arrays], **o),
    "countNonzero": lambda x, **o: np.asarray(np.count_nonzero(x, **o)),
    "expandDims": lambda x, axis: np.expand_dims(x, axis),
    "eye": lambda n, m=None, **o: np.eye(n, m, **o),
    "tril": lambda x, k=0: np.tril(x, k),
    "triu": lambda x, k=0: np.triu(x, k),
    "full": lambda shape, value, **o: np.full(shape, value, **o),
    "clip": lambda x, low, high: np.clip(x, low, high),
}


def evaluate(call):
    name, *arguments = call
    options = {}
    if arguments and isinstance(arguments[-1], dict) and "options" in arguments[-1]:
        options = {snake(k): tuple(v) if isinstance(v, list) and k == "axis" else v for k, v in arguments.pop()["options"].items()}
    function = FUNCTIONS.get(name) or getattr(np, snake(name))
    result = function(*[decode(a) for a in arguments], **options)
    return [np.asarray(r) for r in result] if isinstance(result, (tuple, list)) else [np.asarray(result)]


def add(file, *call, options=None, results=None, ulps=0):
    call = [*call, {"options": options}] if options else list(call)
    case = {"call": call, "results": [packed(r) for r in results or evaluate(call)]}
    files.setdefault(file, []).append(case | ({"ulps": ulps} if ulps else {}))


def creation():
    ranges = [(7,), (0,), (-3,), (2, 9), (9, 2, -2), (0.5, 4.25), (1, 2, 0.1), (-1, 1, 0.3), (5, -2, -0.7), (0, 1, 1 / 3), (3, 3.0001)]
    for bounds in ranges:
        add("creation", "arange", *bounds, results=[np.arange(*bounds, dtype="float64")])
    for bounds in [(5,), (-4, 9), (9, -4, -3), (2**62, 2**62 + 3)]:
        add("creation", "arange", *[{"int": str(b)} for b in bounds])
    for dtype in INTEGERS + FLOATS + COMPLEX:
        add("creation", "arange", 2, 9, 3, options={"dtype": dtype})
    spans = [(0, 1, 11), (-2.5, 7, 6), (3, -3, 7), (1, 2, 1), (0, 5, 0), (0.1, 0.7, 10), (5, 5, 3)]
    for (start, stop, count), endpoint in itertools.product(spans, (True, False)):
        options = {} if endpoint else {"endpoint": False}
        add("creation", "linspace", start, stop, count, options=options)
    for dtype in ("float32", "int32", "complex128"):
        add("creation", "linspace", -3, 4, 9, options={"dtype": dtype})
    for rows, columns, k in itertools.product((0, 1, 4), (3, 5), (-2, 0, 1, 4)):
        add("creation", "eye", rows, columns, options={"k": k})
        add("creation", "tri", rows, columns, options={"k": k, "dtype": "int8"})
    for dtype in DTYPES:
        add("creation", "eye", 3, options={"dtype": dtype})
        add("creation", "full", [2, 3], True if dtype == "bool" else 3, options={"dtype": dtype})
        for name in ("zeros", "ones"):
            add("creation", name, [2, 0, 3], options={"dtype": dtype})
            add("creation", name + "Like", nice(dtype, (3, 4)))
        for shape, k in itertools.product(((3, 4), (2, 4, 3)), (-1, 0, 2)):
            add("creation", "tril", nice(dtype, shape), options={"k": k})
            add("creation", "triu", nice(dtype, shape), options={"k": k})
    vectors = [nice("float64", (4,)), nice("int32", (3,)), nice("bool", (2,))]
    for count, indexing in itertools.product((1, 2, 3), ("xy", "ij")):
        add("creation", "meshgrid", *vectors[:count], options={"indexing": indexing})


EXACT_UNARY = (
    "negative positive abs square sqrt sign signbit isfinite isinf isnan logicalNot bitwiseInvert ceil floor trunc round real imag conj"
).split()
INEXACT_UNARY = "exp expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh reciprocal".split()
EXACT_BINARY = (
    "add subtract multiply divide floorDivide remainder copysign nextafter maximum minimum equal notEqual less lessEqual greater"
    " greaterEqual logicalAnd logicalOr logicalXor bitwiseAnd bitwiseOr bitwiseXor bitwiseLeftShift bitwiseRightShift"
).split()
INEXACT_BINARY = "pow hypot logaddexp atan2".split()
ROUNDED_COMPLEX = {"abs", "sqrt", "sign", "divide", "reciprocal", "square", "multiply"}
ORDERS = {"maximum", "minimum", "less", "lessEqual", "greater", "greaterEqual"}


def standing(name, operands):
    """Whether ours means to be NumPy's for these operands."""
    dtypes = [np.asarray(o).dtype.name for o in operands]
    complex_, kinds = any(kind(d) == "c" for d in dtypes), {kind(d) for d in dtypes}
    floating = name in INEXACT_UNARY + INEXACT_BINARY + ["sqrt", "copysign", "nextafter"]
    if name == "round" and "b" in kinds or name in ORDERS and complex_:
        return False
    if name == "reciprocal" and kinds & set("iub") or name in ("pow", "expm1", "log1p") and complex_:
        return False
    if name in ("equal", "notEqual") + tuple(ORDERS) and set(dtypes) == {"int64", "uint64"}:
        return False
    if floating and len(set(dtypes)) > 1 and "".join(sorted(kinds)) in ("i", "u", "iu"):
        return False  # NumPy may find a narrower floating dtype for two integer dtypes.
    return True


def precise(name, operands, result):
    """An inexact result, in long double and rounded once."""
    if kind(result.dtype) not in "fc":
        return result
    wide = np.clongdouble if any(kind(o.dtype) == "c" for o in operands) else np.longdouble
    return getattr(np, snake(name))(*[o.astype(result.dtype).astype(wide) for o in operands]).astype(result.dtype)


def apply(name, call, operands):
    """Adds a call of an element-wise function, where it is defined and means to be NumPy's."""
    if not standing(name, operands):
        return
    operands = [np.asarray(o) for o in operands]
    try:
        result = evaluate(call)[0]
    except (TypeError, ValueError, OverflowError):
        return
    if result.dtype == np.float16:
        result = getattr(np, snake(name))(*[o.astype(np.float32) for o in operands])
    if name in ("maximum", "minimum") and kind(result.dtype) == "f":
        # Of two zeros the positive one is the greater, which NumPy leaves to the machine.
        a, b = operands
        zero = a + b if name == "maximum" else -(-a - b)
        result = np.where((a == 0) & (b == 0), zero, result).astype(result.dtype)
    inexact = name in INEXACT_UNARY + INEXACT_BINARY
    rounded = name in ROUNDED_COMPLEX and any(kind(o.dtype) == "c" for o in operands)
    integers = kind(result.dtype) not in "fc"
    if integers or not (inexact or rounded):
        return add("elementwise", *call, results=[result])
    scalar = any(o.ndim == 0 for o in operands)
    precise_ = result if scalar or rounded else precise(name, operands, result)
    add("elementwise", *call, results=[precise_], ulps=16 if kind(result.dtype) == "c" else 4)


def elementwise():
    for name, dtype in itertools.product(EXACT_UNARY + INEXACT_UNARY, DTYPES):
        x = special(dtype)
        apply(name, [name, x], [decode(x)])
    pairs = itertools.product(EXACT_BINARY + INEXACT_BINARY, DTYPES, DTYPES)
    for number, (name, left, right) in enumerate(pairs):
        # Edges where the dtypes are the same, promotion where they are not: all pairs of a few functions, some of the others.
        if left != right and name not in ("add", "divide", "less", "bitwiseXor") and number % 7:
            continue
        x = special(left) if left == right else nice(left, (2, 1))
        y = given(f"{right}-special-column", decode(special(right))[:, None]) if left == right else nice(right, (3,))
        if name == "pow" and kind(np.result_type(decode(x), decode(y))) == "i":
            y = nice("uint8" if left == right else right, (3,)) if kind(right) != "i" or left == right else None
        if y is not None:
            apply(name, [name, x, y], [decode(x), decode(y)])
    scalars = [2, -1, 0.5, True, {"int": "3"}, {"re": 1.5, "im": -2}, {"value": "nan"}, {"value": "-inf"}]
    for name, dtype, scalar in itertools.product(
        "add subtract divide floorDivide pow maximum less logicalAnd bitwiseAnd copysign".split(), DTYPES, scalars
    ):
        x = nice(dtype, (2, 1))
        if name == "pow" and (scalar == -1 or kind(dtype) in "ib" and isinstance(scalar, dict)):
            continue
        apply(name, [name, x, scalar], [decode(x), decode(scalar)])
        if name in ("subtract", "less"):
            apply(name, [name, scalar, x], [decode(scalar), decode(x)])
    for dtype in INTEGERS:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        for name, beyond in itertools.product(("less", "greaterEqual", "equal", "notEqual"), (low - 1, high + 1)):
            add("elementwise", name, special(dtype), {"int": str(beyond)})
    for left, right in itertools.product(DTYPES, DTYPES):
        add("elementwise", "where", nice("bool", (3, 1)), nice(left, (2,)), nice(right, (3, 2)))
    for dtype in REAL:
        low, high = (1, 3) if kind(dtype) == "u" else (-1, 2)
        for bounds in ((low, high), (low, None), (None, high)):
            add("elementwise", "clip", nice(dtype, (3, 4)), *bounds)
        add("elementwise", "clip", nice(dtype, (3, 4)), nice(dtype, (4,)), nice(dtype, (3, 1)))


def reductions():
    shape = (3, 4, 2)
    subsets = [list(s) for n in range(4) for s in itertools.combinations(range(3), n)] + [[-1], [0, -1]]
    names = "sum prod mean std var min max any all countNonzero".split()
    rounded = {"mean": 4, "std": 8, "var": 8, "prod": 4}
    for name, dtype in itertools.product(names, ("int32", "uint8", "float64")):
        for axis, keepdims in itertools.product(subsets, (False, True)):
            options = {"axis": axis} | ({"keepdims": True} if keepdims else {})
            add("reductions", name, nice(dtype, shape), options=options, ulps=rounded.get(name, 0))
    for name, dtype in itertools.product(names, DTYPES):
        if kind(dtype) == "c" and name in ("min", "max"):
            continue
        x = nice(dtype, shape)
        ulps = rounded.get(name, 0) if kind(dtype) in "fc" or name in ("mean", "std", "var") else 0
        add("reductions", name, x, ulps=ulps)
        add("reductions", name, x, options={"axis": 1}, ulps=ulps)
        if name in ("std", "var"):
            add("reductions", name, x, options={"axis": 0, "correction": 1}, ulps=16)
        if name in ("sum", "prod"):
            for to in ("float64", "complex128") if kind(dtype) in "fc" else ("float64", "int64", "complex128"):
                if not (kind(dtype) == "c" and to == "float64"):
                    add("reductions", name, x, options={"axis": [0, 2], "dtype": to}, ulps=rounded.get(name, 0))
    for name, dtype in itertools.product(("argmin", "argmax"), DTYPES[:-2]):
        for options in ({}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"keepdims": True}):
            add("reductions", name, nice(dtype, shape), options=options)
    for name, dtype in itertools.product(("min", "max", "argmin", "argmax", "any", "all", "countNonzero"), FLOATS + ["int64", "uint64"]):
        add("reductions", name, special(dtype))
    empty = given("float64-empty", np.zeros((3, 0, 2)))
    for name, axis in itertools.product(("sum", "prod", "mean", "any", "all", "countNonzero"), (None, 0, 1, 2)):
        add("reductions", name, empty, options={} if axis is None else {"axis": axis})
    for name, dtype in itertools.product(("cumulativeSum", "cumulativeProd"), DTYPES):
        for axis, initial in itertools.product((0, 1, -1), (False, True)):
            options = {"axis": axis} | ({"includeInitial": True} if initial else {})
            add("reductions", name, nice(dtype, shape), options=options, ulps=8 if name == "cumulativeProd" and kind(dtype) in "fc" else 0)
        add("reductions", name, nice(dtype, (4,)))
    for dtype, to in (("int8", "int32"), ("bool", "uint8"), ("int32", "float32"), ("uint16", "int16")):
        add("reductions", "cumulativeSum", nice(dtype, (3, 4)), options={"axis": 0, "dtype": to})


def manipulation():
    x, y = nice("int32", (3, 4, 2)), nice("complex64", (4, 1, 3))
    for name, arguments in [
        *[("permuteDims", [list(p)]) for p in itertools.permutations(range(3))],
        *[("moveaxis", [a, b]) for a, b in itertools.product((0, -1, [0, 2]), (1, -1, [2, 0])) if isinstance(a, list) == isinstance(b, list)],
        *[("swapaxes", [a, b]) for a, b in ((0, 1), (-1, 0), (1, 1))],
        *[("reshape", [s]) for s in ([24], [6, 4], [2, 3, 4], [4, 6], [-1], [3, -1], [2, 1, 12], [3, 8], [8, 3], [1, 24, 1])],
        ("T", []), ("mT", []), ("ravel", []),
        *[("broadcastTo", [s]) for s in ([3, 4, 2], [2, 3, 4, 2], [1, 3, 4, 2])],
        *[("tile", [n]) for n in (0, 1, 3, [2, 1], [1, 2, 3], [2, 1, 1, 2])],
    ]:
        add("manipulation", name, x, *arguments)
    for axis in (0, 1, 3, -1, -4, [0, 2], [-1, 0]):
        add("manipulation", "expandDims", x, options={"axis": axis})
    add("manipulation", "squeeze", y)
    add("manipulation", "squeeze", y, options={"axis": 1})
    add("manipulation", "broadcastTo", y, [2, 4, 5, 3])
    for axis in (None, 0, -1, [0, 2]):
        options = {} if axis is None else {"axis": axis}
        add("manipulation", "flip", x, options=options)
        for shift in (1, -5, 30) if not isinstance(axis, list) else ([1, -1],):
            add("manipulation", "roll", x, shift, options=options)
    for repeats, axis in ((2, None), (0, 0), (3, 1), ([1, 0, 2], 0), ([2, 1], -1)):
        add("manipulation", "repeat", x, repeats, options={} if axis is None else {"axis": axis})
    for left, right in itertools.product(DTYPES, DTYPES):
        add("manipulation", "concat", [nice(left, (2, 3)), nice(right, (1, 3))])
    for axis in (0, 1, -1):
        add("manipulation", "concat", [x, x, x], options={"axis": axis})
        add("manipulation", "stack", [x, nice("uint8", (3, 4, 2))], options={"axis": axis})
        add("manipulation", "unstack", x, options={"axis": axis})
    add("manipulation", "concat", [nice("int8", (0, 3)), nice("int8", (2, 3)), nice("int16", (0, 3))])
    add("manipulation", "broadcastArrays", nice("int8", (3, 1)), nice("float32", (2,)), nice("bool", (2, 1, 1)))


def indexing():
    slices = [":", "1:", ":-1", "-2:", "::2", "1::3", "::-1", "3:0:-1", "-1:-4:-2", "2:2", "5:1", "-100:100", "100:-100:-3", ":2:5", "4::-7"]
    v, x, t = nice("int64", (7,)), nice("float32", (5, 6)), nice("int16", (3, 4, 5))
    for text in [*slices, "0", "-1", "3", "None", "...", "None, 2", "..., None", "2:5, None, ...", ","]:
        add("indexing", "at", v, text) if text != "," else None
    for a, b in itertools.product(slices[::2], slices[1::2]):
        add("indexing", "at", x, f"{a}, {b}")
    for text in ["0, 1", "-1, 2:", "1:, -1", "..., 0", "0, ...", "None, 1, ::-2", "::2, None, ::3", "1, None, 2", "..., 1:3", ":, None"]:
        add("indexing", "at", x, text)
    for text in ["0", "1, 2", "..., 3", "0, ..., 1", ":, 1", "::-1, ::2, ::-2", "1:, ..., None, 2", "None, ..., None", "2, 3, 4", "0:0", "1, ::2, None, 1:4"]:
        add("indexing", "at", t, text)
    for text, value in [("2", 9), ("1:4", -3), ("::-2", nice("int8", (4,))), ("...", 0), ("5:1", 7), ("-3:", nice("uint8", (3,)))]:
        add("indexing", "with", v, text, value)
    for text, value in [("0", nice("float32", (6,))), (":, ::-2", nice("int8", (5, 1))), ("1::3, 2:", 0.5), ("..., 1", nice("bool", (5,))), ("None, 1:3, 0", 4)]:
        add("indexing", "with", x, text, value)
    add("indexing", "with", t, "1:, ::3, ::-2", nice("int16", (2, 2, 3)))
    add("indexing", "with", nice("complex64", (3, 4)), "0, 1:", {"re": 1, "im": -1})


def casts():
    for start, to in itertools.product(DTYPES, DTYPES):
        if kind(start) == "c" and kind(to) not in "cb":
            continue
        add("casts", "astype", nice(start, (3, 4)), to)
        if not (kind(start) in "fc" and kind(to) in "iu"):
            add("casts", "astype", special(start), to)
    whole = [0, -0.9, 1.9, 100.5, -100.5, 127, 2.5]
    for start, to in itertools.product(FLOATS, ("int8", "int16", "int32", "int64")):
        add("casts", "astype", given(f"{start}-whole", np.array(whole, start)), to)
    for start, to in itertools.product(FLOATS, ("uint8", "uint16", "uint32", "uint64")):
        add("casts", "astype", given(f"{start}-positive", np.array([0, 0.9, 1.5, 200.7, 255], start)), to)
    add("casts", "astype", given("float64-wide", np.array([2.0**62, -(2.0**63), 2.0**53 + 2])), "int64")
    add("casts", "astype", given("float64-widest", np.array([2.0**63, 2.0**64 - 2048])), "uint64")


def linear():
    dtypes = ["bool", "int8", "int64", "uint64", "float32", "float64", "complex64", "complex128"]
    for dtype in dtypes:
        add("linear", "matmul", nice(dtype, (3, 4)), nice(dtype, (4, 2)))
        add("linear", "matmul", nice(dtype, (2, 3, 4)), nice(dtype, (4,)))
        add("linear", "outer", nice(dtype, (3,)), nice(dtype, (4,)))
        add("linear", "vecdot", nice(dtype, (3, 4)), nice(dtype, (4,)))
        add("linear", "tensordot", nice(dtype, (2, 3, 4)), nice(dtype, (3, 4)))
    for left, right in itertools.product(("bool", "int16", "uint32", "float32", "complex64"), repeat=2):
        add("linear", "matmul", nice(left, (2, 3)), nice(right, (3, 2)))
        add("linear", "vecdot", nice(left, (2, 3)), nice(right, (3,)))
    for a, b in [((4,), (4,)), ((4,), (2, 4, 3)), ((5, 1, 3, 4), (2, 4, 3)), ((1, 3, 0), (0, 2)), ((2, 0, 3), (3, 4)), ((1, 1), (1, 1))]:
        add("linear", "matmul", nice("float64", a), nice("float64", b))
    for a, b, axes in [((3, 4), (4, 5), 1), ((3, 4), (3, 4), 2), ((3,), (4,), 0), ((2, 3, 4), (4, 3), [[1, 2], [1, 0]]), ((3, 4), (2, 3), [[0], [-1]])]:
        add("linear", "tensordot", nice("int32", a), nice("int32", b), options={"axes": axes})
    add("linear", "vecdot", nice("float64", (3, 4)), nice("float64", (3, 4)), options={"axis": -1})
    add("linear", "matrixTranspose", nice("int8", (2, 3, 4)))


for family in (creation, elementwise, reductions, manipulation, indexing, casts, linear):
    family()
files["inputs"] = {key: pack for key, (_, pack) in inputs.items()}
for name, content in files.items():
    lines = ",\n".join(
        (f"{json.dumps(key)}:" if isinstance(content, dict) else "") + json.dumps(content[key], separators=(",", ":"))
        for key in (content if isinstance(content, dict) else range(len(content)))
    )
    text = f"{{\n{lines}\n}}\n" if isinstance(content, dict) else f"[\n{lines}\n]\n"
    (out / f"{name}.json").write_text(text)
    print(name, len(content), len(text))
