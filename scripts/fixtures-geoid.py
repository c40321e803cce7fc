"""Writes test/fixtures/geoid.json: what NumPy makes of the geoid of examples/data. Not run by the tests.

    python3 scripts/fixtures-geoid.py
"""

import json
from pathlib import Path

import numpy as np

BANDS = 12

raw = np.fromfile("examples/data/egm96_15.gtx", ">f4", offset=40).reshape(721, 1440)
x = raw.astype("f8")
latitudes = np.linspace(-90, 90, 721)
weights = np.cos(np.radians(latitudes))
zonal = x.mean(1)
anomaly = x - zonal[:, None]
slope = anomaly[1:] - anomaly[:-1]
rows, columns = range(0, 721, 45), range(0, 1440, 97)


def sums(a):
    """A sum that tells elements in the wrong place: each weighted by where it is."""
    i, j = np.indices(a.shape)
    return {"sum": a.sum(), "absolute": np.abs(a).sum(), "placed": (a * ((3 * i + 7 * j) % 11)).sum()}


fixture = {
    "numpy": np.__version__,
    "minimum": x.min(),
    "maximum": x.max(),
    "mean": x.mean(),
    "areaMean": (x * weights[:, None]).sum() / (weights.sum() * x.shape[1]),
    "lowest": np.unravel_index(x.argmin(), x.shape),
    "highest": np.unravel_index(x.argmax(), x.shape),
    "zonalMean": zonal,
    "bandStd": x.reshape(721, BANDS, -1).std((0, 2)),
    "anomaly": {
        "minimum": anomaly.min(),
        "maximum": anomaly.max(),
        **sums(anomaly),
        "rows": list(rows),
        "columns": list(columns),
        "samples": anomaly[np.ix_(rows, columns)],
    },
    "slope": {
        "minimum": slope.min(),
        "maximum": slope.max(),
        "mean": slope.mean(),
        "std": slope.std(),
        **sums(slope),
        "samples": slope[np.ix_(rows[:-1], columns)],
    },
}


def plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else int(value)


text = json.dumps(fixture, default=plain, separators=(",", ":"))
Path("test/fixtures/geoid.json").write_text(text + "\n")
print({k: v for k, v in fixture.items() if np.isscalar(v)}, fixture["lowest"], fixture["highest"])
print(fixture["bandStd"], {k: v for k, v in fixture["slope"].items() if np.isscalar(v)}, anomaly.min(), anomaly.max())
