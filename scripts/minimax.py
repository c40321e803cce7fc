"""Fits the polynomials of src/kernel/math and writes src/kernel/math/coefficients.ts.

Each is the minimax polynomial of `function` on [low, high] by the exchange algorithm of Remez: the largest
|weight(x) * (p(x) - function(x))| is as small as it can be for the degree. The fit runs with 60 digits, then the coefficients
are rounded; the error that is printed and noted is that of the rounded polynomial.
Run: python scripts/minimax.py   (needs mpmath; not run in CI)
"""
from pathlib import Path

import numpy
from mpmath import asin, atan, cos, exp, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sqrt, tanh

mp.dps = 60
ONE = mpf(1)


def horner(coefficients, x):
    total = mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def remez(function, count, low, high, weight):
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * cos(pi * (2 * i + 1) / (2 * (count + 1))) for i in range(count + 1)]
    grid = [middle - half * cos(pi * (i + ONE / 3) / 600) for i in range(600)]
    values = [(x, function(x), weight(x)) for x in grid]
    for _ in range(12):
        rows = [[x**k for k in range(count)] + [(-1) ** i / weight(x)] for i, x in enumerate(points)]
        coefficients = list(lu_solve(matrix(rows), matrix([function(x) for x in points])))[:count]
        extremes = []
        for x, value, scale in values:
            error = scale * (horner(coefficients, x) - value)
            if extremes and (extremes[-1][0] > 0) == (error > 0):
                if abs(error) > abs(extremes[-1][0]):
                    extremes[-1] = (error, x)
            else:
                extremes.append((error, x))
        while len(extremes) > count + 1:
            extremes.pop(0 if abs(extremes[0][0]) < abs(extremes[-1][0]) else -1)
        errors = [abs(error) for error, _ in extremes]
        if len(extremes) < count + 1 or max(errors) < min(errors) * mpf("1.001"):
            break
        points = [x for _, x in extremes]
    return coefficients


def fit(function, count, low, high, weight, rounding):
    coefficients = [mpf(float(rounding(c))) for c in remez(function, count, low, high, weight)]
    grid = [mpf(low) + (mpf(high) - mpf(low)) * (i + ONE / 2) / 1000 for i in range(1000)]
    worst = max(abs(weight(x) * (horner(coefficients, x) - function(x))) for x in grid)
    return [float(c) for c in coefficients], worst


def at_zero(function, value):
    """`function`, with its limit near 0, where the closed form cancels."""
    return lambda x: value if abs(x) < mpf(10) ** -14 else function(x)


single = lambda x: numpy.float32(float(x))
half_ln2 = log(mpf(2)) / 2 * mpf("1.0001")
quarter_pi = pi / 4 * mpf("1.0001")
log_bound = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.0002")

exp_rest = at_zero(lambda r: (exp(r) - 1 - r) / r**2, ONE / 2)
exp_quotient = at_zero(lambda z: (sqrt(z) / tanh(sqrt(z) / 2) - 2) / z, ONE / 6)
sinh_rest = at_zero(lambda z: (((exp(sqrt(z)) - exp(-sqrt(z))) / 2) / sqrt(z) - 1) / z, ONE / 6)
cosh_rest = at_zero(lambda z: ((exp(sqrt(z)) + exp(-sqrt(z))) / 2 - 1 - z / 2) / z**2, ONE / 24)
sin_rest = at_zero(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -ONE / 6)
sin_quotient = lambda w: sin(sqrt(w + mpf(3) / 2)) / sqrt(w + mpf(3) / 2) - 1 if w + mpf(3) / 2 > mpf(10) ** -14 else mpf(0)
cos_rest = at_zero(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, ONE / 24)
log_rest = at_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z, mpf(2) / 3)
log_rest_2 = at_zero(lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2 - 2 * z / 3) / z**2 * 3 / 2, mpf(3) / 5)
asin_rest = at_zero(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, ONE / 6)
atan_rest = at_zero(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -ONE / 3)
tanh_rest = at_zero(lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, -ONE / 3)
sin_quarter = at_zero(lambda z: sin(pi / 2 * sqrt(z)) / sqrt(z), pi / 2)
cos_quarter = at_zero(lambda z: (cos(pi / 2 * sqrt(z)) - 1) / z, -(pi**2) / 8)
log1p_rest = at_zero(lambda f: (log1p(f) - f + f**2 / 2) / f**3, ONE / 3)


POLYNOMIALS = [
    # name, what it approximates, function, count, low, high, weight, rounding
    ("expQuotient", "(r coth(r/2) - 2) / z, z = r^2, for |r| <= ln(2)/2", exp_quotient, 5, 0, half_ln2**2, lambda z: z * sqrt(z) / 2 + mpf("1e-9"), float),
    ("sinhRest", "(sinh(r)/r - 1) / z, z = r^2, for |r| <= ln(2)/2", sinh_rest, 6, 0, half_ln2**2, lambda z: z + mpf("1e-9"), float),
    ("coshRest", "(cosh(r) - 1 - z/2) / z^2, z = r^2, for |r| <= ln(2)/2", cosh_rest, 5, 0, half_ln2**2, lambda z: z**2 + mpf("1e-9"), float),
    ("logRest", "(log((1+s)/(1-s))/s - 2) / z, z = s^2, for (1+s)/(1-s) in [sqrt(1/2), sqrt(2)]", log_rest, 7, 0, log_bound, lambda z: z + mpf("1e-9"), float),
    ("logRestAfterCubic", "3/2 (log((1+s)/(1-s))/s - 2 - 2z/3) / z^2, z = s^2, in the same range", log_rest_2, 8, 0, log_bound, lambda z: z**2 + mpf("1e-12"), float),
    ("sinRest", "(sin(r)/r - 1) / z, z = r^2, for |r| <= pi/4", sin_rest, 6, 0, quarter_pi**2, lambda z: z + mpf("1e-9"), float),
    ("cosRest", "(cos(r) - 1 + z/2) / z^2, z = r^2, for |r| <= pi/4", cos_rest, 6, 0, quarter_pi**2, lambda z: z**2 + mpf("1e-9"), float),
    ("sinHalfTurn", "sin(r)/r - 1 in powers of r^2 - 3/2, for |r| <= pi/2", sin_quotient, 9, -mpf(3) / 2, 4 * quarter_pi**2 - mpf(3) / 2, lambda w: ONE, float),
    ("asinRest", "(asin(x)/x - 1) / z, z = x^2, for |x| <= 1/2", asin_rest, 12, 0, mpf(1) / 4, lambda z: z + mpf("1e-9"), float),
    ("atanRest", "(atan(x)/x - 1) / z, z = x^2, for |x| <= 7/16", atan_rest, 11, 0, mpf(49) / 256, lambda z: z + mpf("1e-9"), float),
    ("sinQuarter", "sin(pi/2 r)/r, z = r^2, for |r| <= 1/2", sin_quarter, 7, 0, mpf(1) / 4, lambda z: ONE, float),
    ("cosQuarter", "(cos(pi/2 r) - 1) / z, z = r^2, for |r| <= 1/2", cos_quarter, 7, 0, mpf(1) / 4, lambda z: z + mpf("1e-9"), float),
    ("expRestSingle", "expRest in float32", exp_rest, 5, -half_ln2, half_ln2, lambda r: r**2 + mpf("1e-6"), single),
    ("log1pRestSingle", "(log(1+f) - f + f^2/2) / f^3 for 1+f in [sqrt(1/2), sqrt(2)] in float32", log1p_rest, 9, sqrt(mpf("0.5")) - 1, sqrt(mpf(2)) - 1, lambda f: f**2, single),
    ("sinRestSingle", "sinRest in float32", sin_rest, 3, 0, quarter_pi**2, lambda z: z + mpf("1e-6"), single),
    ("cosRestSingle", "cosRest in float32", cos_rest, 3, 0, quarter_pi**2, lambda z: z**2 + mpf("1e-6"), single),
    ("tanhRestSingle", "(tanh(x)/x - 1) / z, z = x^2, for |x| <= 5/8 in float32", tanh_rest, 5, 0, mpf(25) / 64, lambda z: z + mpf("1e-6"), single),
    ("sinQuarterSingle", "sinQuarter in float32", sin_quarter, 4, 0, mpf(1) / 4, lambda z: ONE, single),
    ("cosQuarterSingle", "cosQuarter in float32", cos_quarter, 4, 0, mpf(1) / 4, lambda z: z + mpf("1e-6"), single),
]


def main():
    lines = ["// Written by scripts/minimax.py: minimax polynomials (Remez), lowest power first, rounded to what the lanes hold.", ""]
    for name, text, function, count, low, high, weight, rounding in POLYNOMIALS:
        coefficients, worst = fit(function, count, low, high, weight, rounding)
        bits = -log(worst) / log(mpf(2))
        print(f"{name}: 2^-{float(bits):.1f}", flush=True)
        lines.append(f"/** {text}; weighted error below 2^-{int(bits)}. */")
        lines.append(f"export const {name} = [")
        lines += [f"  {coefficient!r}," for coefficient in coefficients]
        lines += ["]", ""]
    target = Path(__file__).parent.parent / "src/kernel/math/coefficients.ts"
    target.write_text("\n".join(lines[:-1]) + "\n")


if __name__ == "__main__":
    main()
