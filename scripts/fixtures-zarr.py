"""Writes test/fixtures/zarr: small stores as zarr-python writes them, and what is in them as JSON.

Run it once with zarr-python 2 and once with zarr-python 3 (`pip install 'zarr<3'`, `pip install 'zarr>=3'`), each in an environment
of its own: the stores are named after the version. Each is one zip file, which the tests read as it is and unpacked.
"""

import json
import pathlib
import shutil
import sys
import tempfile
import zipfile

import numpy as np
import zarr

FOLDER = pathlib.Path(__file__).parent.parent / "test" / "fixtures" / "zarr"
MAJOR = int(zarr.__version__.split(".")[0])
SHAPE, CHUNKS = (7, 11), (3, 4)


def numbers(dtype):
    x = np.arange(np.prod(SHAPE)).reshape(SHAPE) * 3 % 101
    if np.dtype(dtype).kind == "c":
        return (x - 1j * x[::-1]).astype(dtype)
    return (x - (50 if np.dtype(dtype).kind in "if" else 0)).astype(dtype)


DTYPES = "bool i1 i2 i4 i8 u1 u2 u4 u8 f4 f8 c8 c16".split()


def write_v2(root):
    import numcodecs as nc

    codecs = {
        "none": None,
        "blosc-lz4": nc.Blosc("lz4"),
        "blosc-lz4hc-bit": nc.Blosc("lz4hc", shuffle=nc.Blosc.BITSHUFFLE),
        "blosc-zstd": nc.Blosc("zstd"),
        "blosc-zlib": nc.Blosc("zlib"),
        "blosc-none": nc.Blosc("lz4", shuffle=nc.Blosc.NOSHUFFLE),
        "zstd": nc.Zstd(3),
        "gzip": nc.GZip(),
        "zlib": nc.Zlib(),
        "lz4": nc.LZ4(),
    }
    make = {"shape": SHAPE, "chunks": CHUNKS}
    if MAJOR == 3:
        make["zarr_format"] = 2
    group = zarr.open_group(str(root), mode="w", **({"zarr_format": 2} if MAJOR == 3 else {}))
    for name, codec in codecs.items():
        add(group, f"codec/{name}", "f8", compressor=codec, **make)
    for dtype in DTYPES:
        add(group, f"dtype/{dtype}", f"<{dtype}" if dtype != "bool" else "bool", **make)
        add(group, f"big/{dtype}", f">{dtype}" if dtype != "bool" else "bool", **make)
    add(group, "order", "f4", order="F", **make)
    add(group, "shuffled", "i4", filters=[nc.Shuffle(4)], compressor=nc.Zlib(), **make)
    add(group, "separator", "f4", dimension_separator="/", **make) if MAJOR == 2 else None
    add(group, "scalar", "f8", shape=(), chunks=())
    partly(group, "missing", "f8", fill_value=7.5, **make)
    partly(group, "missing-nan", "f4", fill_value=float("nan"), **make)
    partly(group, "missing-i8", "i8", fill_value=2**60 + 1, **make)
    group["order"].attrs.update({"units": "K", "list": [1, 2]})
    group.attrs["title"] = "fixtures"
    zarr.consolidate_metadata(str(root), **({"zarr_format": 2} if MAJOR == 3 else {}))
    return group


def write_v3(root):
    from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec

    group = zarr.open_group(str(root), mode="w", zarr_format=3)
    make = {"shape": SHAPE, "chunks": CHUNKS}
    codecs = {
        "none": None,
        "blosc-lz4": BloscCodec(cname="lz4"),
        "blosc-zstd-bit": BloscCodec(cname="zstd", shuffle="bitshuffle"),
        "zstd": ZstdCodec(level=3),
        "zstd-checksum": ZstdCodec(checksum=True),
        "gzip": GzipCodec(),
        "crc32c": [ZstdCodec(), Crc32cCodec()],
    }
    for name, codec in codecs.items():
        add(group, f"codec/{name}", "f8", compressors=codec, **make)
    for dtype in DTYPES:
        add(group, f"dtype/{dtype}", dtype, **make)
    add(group, "big", "f8", serializer=BytesCodec(endian="big"), **make)
    add(group, "order", "f4", filters=[TransposeCodec(order=(1, 0))], **make)
    add(group, "sharded", "f4", shape=SHAPE, chunks=(3, 2), shards=(6, 8))
    add(group, "sharded-order", "i4", shape=SHAPE, chunks=(3, 2), shards=(6, 8), filters=[TransposeCodec(order=(1, 0))])
    add(group, "keys", "f4", chunk_key_encoding={"name": "v2", "separator": "."}, **make)
    add(group, "scalar", "f8", shape=())
    partly(group, "missing", "f8", fill_value=7.5, **make)
    partly(group, "missing-c16", "c16", fill_value=complex(1, float("inf")), **make)
    partly(group, "missing-i8", "i8", fill_value=2**60 + 1, **make)
    partly(group, "sharded-missing", "f4", shape=SHAPE, chunks=(3, 2), shards=(6, 8), fill_value=-1)
    group.create_array("named", data=numbers("f4"), chunks=CHUNKS, dimension_names=["y", None], attributes={"units": "K"})
    group.attrs["title"] = "fixtures"
    zarr.consolidate_metadata(str(root))
    return group


def create(group, name, dtype, **facts):
    if MAJOR == 2:
        return group.create_dataset(name, dtype=dtype, **facts)
    if "compressor" in facts:
        facts["compressors"] = facts.pop("compressor")
    facts.pop("zarr_format", None)
    return group.create_array(name, dtype=dtype, **facts)


def add(group, name, dtype, **facts):
    array = create(group, name, dtype, **facts)
    array[...] = numbers(dtype) if facts["shape"] else 4.25


def partly(group, name, dtype, **facts):
    array = create(group, name, dtype, **facts)
    array[:3, :4] = numbers(dtype)[:3, :4]


def element(value):
    value = value.item()
    if isinstance(value, complex):
        return [element(np.float64(value.real)), element(np.float64(value.imag))]
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value


def contents(group, prefix=""):
    found = {}
    for name, node in group.groups():
        found |= contents(node, f"{prefix}{name}/")
    for name, array in group.arrays():
        values = np.asarray(array[...])
        found[prefix + name] = {"dtype": values.dtype.name, "values": [element(v) for v in values.ravel()]}
    return found


def pack(root, name, group):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(contents(group), separators=(",", ":")) + "\n")
    with zipfile.ZipFile(FOLDER / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(root).as_posix())


def main():
    for version in (2, 3) if MAJOR == 3 else (2,):
        root = pathlib.Path(tempfile.mkdtemp())
        try:
            pack(root, f"python{MAJOR}-v{version}", (write_v2 if version == 2 else write_v3)(root))
        finally:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
