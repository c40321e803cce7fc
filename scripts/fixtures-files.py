"""Writes the NPZ and HDF5 files that test/array/files.test.ts reads. Needs NumPy and h5py; not run in CI.

Usage: python3 scripts/fixtures-files.py
"""
from pathlib import Path

import h5py
import numpy as np

fixtures = Path(__file__).parent.parent / "test" / "fixtures"
grid = np.arange(35.0).reshape(5, 7)
arrays = {
    "grid": grid,
    "columns": np.asfortranarray(grid),
    "big": np.arange(12, dtype=">i4").reshape(3, 4),
    "flags": np.array([True, False, True]),
    "complex": np.array([1 + 2j, -3j]),
    "scalar": np.int64(2**53 + 1),
    "empty": np.zeros((0, 3), "f4"),
}
np.savez(fixtures / "npz" / "stored.npz", **arrays)
np.savez_compressed(fixtures / "npz" / "compressed.npz", **arrays)

with h5py.File(fixtures / "hdf5" / "arrays.h5", "w") as file:
    for name in ("grid", "big", "flags", "complex", "scalar", "empty"):
        file[f"group/{name}"] = arrays[name]
    file.create_dataset("chunked", data=grid, chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("lzf", data=grid, chunks=(2, 3), compression="lzf")
    file["text"] = np.array(["a", "b"], "S1")
