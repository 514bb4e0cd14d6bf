"""Arrays: IDX, NumPy's archives and CIFAR's pickles, with sizes that nobody has and programs in the place of data."""

from __future__ import annotations

import gzip
import io
import pickle
import struct
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from soak.strange.case import Case, Content, written
from soak.strange.images import zeros

_PWNED = "touch pwned"


def cases() -> Iterator[Case]:
    """All."""
    for what, files, given, legal in (*_idx(), *_npz(), *_cifar()):
        yield Case("data", what, files, given, legal)


def idx(kind: int, shape: tuple[int, ...], data: bytes) -> bytes:
    """An IDX file."""
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def _idx() -> Iterator[tuple[str, Mapping[str, Content], str, bool | None]]:
    images = np.random.default_rng(0).integers(0, 256, (6, 9, 9), np.uint8).tobytes()
    pictures, labels = idx(8, (6, 9, 9), images), idx(8, (6,), bytes([0, 1, 2] * 2))

    def files(pictures: bytes = pictures, labels: bytes = labels, suffix: str = "") -> dict[str, Content]:
        return {
            f"{part}-{kind}-ubyte{suffix}": content
            for part in ("train", "t10k")
            for kind, content in (("images-idx3", pictures), ("labels-idx1", labels))
        }

    yield "IDX", files(), "", True
    for shape in (
        (2**31, 9, 9),
        (2**32 - 1,) * 3,
        (0, 9, 9),
        (6, 0, 9),
        (6, 2**31, 2**31),
        (6, 9),
        (6,),
        (5, 9, 9),
        (7, 9, 9),
    ):
        yield f"IDX of {shape}", files(idx(8, shape, images)), "", False
    for kind in (0, 7, 10, 15, 255):
        yield f"IDX of type {kind}", files(idx(kind, (6, 9, 9), images)), "", False
    yield "IDX of 255 axes", files(idx(8, (1,) * 255, b"\0")), "", False
    yield "IDX without axes", files(idx(8, (), b"\0")), "", False
    for number in (np.nan, np.inf, 3e38):
        content = np.full((6, 9, 9), number, ">f4").tobytes()
        yield f"IDX of {number}", files(idx(13, (6, 9, 9), content)), "", None if number == 3e38 else False
    for label in (-1, 2**31 - 1, -(2**31), 10**6):
        content = np.array([0, 1, 2, 0, 1, label], ">i4").tobytes()
        yield f"IDX with label {label}", files(labels=idx(12, (6,), content)), "", False
    yield (
        "IDX with labels that are numbers",
        files(labels=idx(14, (6,), np.arange(6.0).astype(">f8").tobytes())),
        "",
        None,
    )
    yield "IDX with fewer labels", files(labels=idx(8, (5,), bytes(5))), "", False
    yield "IDX that is cut off", files(pictures[:-1]), "", False
    yield "IDX and a byte", files(pictures + b"\0"), "", False
    yield "IDX of gzip that is none", files(suffix=".gz"), "", None
    bomb = b"\x1f\x8b\x08" + bytes(7) + zeros(1 << 30)[2:-4]
    yield "IDX of a gibibyte of zeros in gzip", files(bomb, suffix=".gz"), "", False
    large = gzip.compress(idx(8, (2**20, 64, 64), b""))
    yield "IDX of 4 GiB in 30 bytes of gzip", files(large, suffix=".gz"), "", False
    yield "IDX without labels", {"train-images-idx3-ubyte": pictures}, "", False


class Evil:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (_PWNED,)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """An array as NumPy writes it."""
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def headed(text: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """A file of NumPy with this header."""
    header = text.encode().ljust(118) + b"\n"
    return (
        b"\x93NUMPY" + version + struct.pack("<H" if version[0] == 1 else "<I", len(header)) + header + data
    )


def archive(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Such files as an archive of NumPy."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as found:
        for name, data in files:
            found.writestr(name, data)
    return content.getvalue()


def _npz() -> Iterator[tuple[str, Mapping[str, Content], str, bool | None]]:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (9, 8, 8), np.uint8), np.arange(9) % 3

    def pair(pictures: Any = images, classes: Any = labels, *more: tuple[str, bytes]) -> dict[str, bytes]:
        both = (one if isinstance(one, bytes) else npy(one) for one in (pictures, classes))
        return {"a.npz": archive(*zip(("images.npy", "labels.npy"), both, strict=True), *more)}

    yield "npz", pair(), "a.npz", True
    objects = np.array([Evil()] * 9, object)
    yield "npz of a pickle", pair(objects), "a.npz", False
    yield "npz with labels of a pickle", pair(images, objects), "a.npz", False
    yield "npz with classes of a pickle", pair(images, labels, ("classes.npy", npy(objects))), "a.npz", False
    for text in (
        "{'descr': __import__('os').system('touch pwned'), 'fortran_order': False, 'shape': (9, 8, 8)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 8) * 10**9}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2147483647, 2147483647, 3)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-9, -8, 8)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 8.0)}",
        "{'descr': '|u1', 'fortran_order': 'maybe', 'shape': (9, 8, 8)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (9, 8, 8)}",
        "{'descr': '|V1000000000', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': '<U999999999', 'fortran_order': False, 'shape': (9,)}",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (9, 8, 8)}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 9)}",
        "{'descr': '|u1'}", "[" * 90, "(" * 110, "{}", "9" * 110, "\0" * 50,
    ):  # fmt: skip
        yield f"npz with the header {text[:60]}", pair(headed(text, images.tobytes())), "a.npz", False
    good = "{'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 8)}"
    for version in (b"\2\0", b"\3\0", b"\xff\xff"):
        yield f"npz of version {version[0]}", pair(headed(good, images.tobytes(), version)), "a.npz", False
    long = b"\x93NUMPY\2\0" + struct.pack("<I", 2**32 - 1)
    yield "npz with a header of 4 GiB", pair(long), "a.npz", False
    for what, pictures in {
        "complex numbers": images.astype(complex), "times": images.astype("M8[s]"), "texts": images.astype("U3"),
        "NaN": np.full((9, 8, 8), np.nan), "infinite numbers": np.full((9, 8, 8), np.inf, np.float32),
        "1e300": np.full((9, 8, 8), 1e300), "uint64": images.astype(np.uint64), "booleans": images > 9,
        "five axes": images[None, None], "one axis": images[:, 0, 0], "no images": images[:0],
        "images without pixels": images[:, :0], "7 channels": np.zeros((9, 7, 8, 8), np.uint8),
    }.items():  # fmt: skip
        yield f"npz of {what}", pair(pictures), "a.npz", False
    for what, classes in {
        "numbers": labels / 2, "texts": labels.astype("U1"), "negative ones": labels - 1, "two axes": labels[None],
        "10⁹": labels * 10**9, "10¹⁸": labels * 10**17 * 5, "2⁶⁴ − 1": labels.astype(np.uint64) - np.uint64(1),
        "fewer": labels[:3], "70,000": labels * 35_000,
    }.items():  # fmt: skip
        yield f"npz with labels: {what}", pair(images, classes), "a.npz", False
    for what, names in {
        "numbers": labels[:3], "one": np.array(["a"]), "equal ones": np.array(["a", "a", "b"]),
        "bytes that are no UTF-8": np.array([b"\xff", b"a", b"b"]), "two axes": np.array([["a", "b", "c"]]),
    }.items():  # fmt: skip
        yield f"npz with classes: {what}", pair(images, labels, ("classes.npy", npy(names))), "a.npz", None
    odd = np.array(["\x1b[2J", "new\nline", "=cmd|' /C calc'!A0"])
    yield "npz with classes of odd signs", pair(images, labels, ("classes.npy", npy(odd))), "a.npz", None
    many = np.array([str(i) for i in range(10**6)])
    yield "npz with 10⁶ classes", pair(images, labels, ("classes.npy", npy(many))), "a.npz", False
    large = "{'descr': '|u1', 'fortran_order': False, 'shape': (4096, 256, 256)}"
    bomb = written(lambda: pair(headed(large, bytes(1 << 28)))["a.npz"])
    yield "npz of 256 MiB of zeros", {"a.npz": bomb}, "a.npz", False
    yield "npz with an array twice", pair(images, labels, ("images.npy", npy(images))), "a.npz", False
    yield "npz without labels", {"a.npz": archive(("images.npy", npy(images)))}, "a.npz", False
    yield (
        "npz by bzip2",
        {"a.npz": archive(("images.npy", npy(images)), ("labels.npy", npy(labels)), method=12)},
        "a.npz",
        False,
    )
    yield "npz that is an array", {"a.npz": npy(images)}, "a.npz", False
    yield "npz that is a pickle", {"a.npz": pickle.dumps(Evil())}, "a.npz", False


def _cifar() -> Iterator[tuple[str, Mapping[str, Content], str, bool | None]]:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3072), np.uint8)
    batch = pickle.dumps({"data": pixels, "labels": [0, 1, 2, 3]}, 4)
    meta = pickle.dumps({"label_names": [f"class {i}" for i in range(10)]}, 4)

    def files(first: bytes, names: bytes = meta) -> dict[str, Content]:
        found: dict[str, Content] = {f"data_batch_{i}": batch for i in range(2, 6)}
        return found | {"data_batch_1": first, "test_batch": batch, "batches.meta": names}

    yield "CIFAR", files(batch), "", True
    deep = b"(" * 100_000 + b"t" * 100_000 + b"."
    laughs = (
        b"("
        + b"K\1" * 10
        + b"tq\0"
        + b"".join(
            b"(" + b"h" + bytes([i]) * 1 * 1 + (b"h" + bytes([i])) * 9 + b"tq" + bytes([i + 1])
            for i in range(30)
        )
        + b"."
    )
    for what, content in {
        "that runs a command": pickle.dumps(Evil()),
        "that runs a command beside its data": pickle.dumps({"data": pixels, "labels": [0, 1, 2, 3], "x": Evil()}, 4),
        "that names a command": b"cos\nsystem\n.",
        "that evaluates": b"cbuiltins\neval\n(S'__import__(\"os\").system(\"touch pwned\")'\ntR.",
        "by INST": b"(S'touch pwned'\nios\nsystem\n.",
        "by OBJ": b"(cos\nsystem\nS'touch pwned'\no.",
        "by NEWOBJ": b"\x80\2cos\nsystem\nS'touch pwned'\n\x85\x81.",
        "by STACK_GLOBAL": b"\x80\4\x8c\2os\x8c\6system\x93\x8c\x0btouch pwned\x85R.",
        "by BUILD": b"\x80\2cnumpy\nndarray\n}S'x'\nS'y'\nsb.",
        "with a persistent name": b"Ppwned\n.",
        "with an extension": b"\x82\1.",
        "of 100,000 tuples in each other": deep,
        "of a billion laughs": laughs,
        "in itself": b"]q\0h\0a.",
        "of 2³² − 1 bytes": b"\x80\2T\xff\xff\xff\x7fx.",
        "of 2⁶³ bytes": b"\x80\4\x8e" + b"\xff" * 7 + b"\x7fx.",
        "with a frame of 2⁶³ bytes": b"\x80\4\x95" + b"\xff" * 7 + b"\x7f.",
        "with a number of 10⁶ digits": b"L" + b"9" * 10**6 + b"L\n.",
        "of 5·10⁶ numbers": b"(" + b"K\1" * 5_000_000 + b"l.",
        "with nothing on its stack": b"0.",
        "without an end": batch[:-1],
        "of nothing": b"",
        "with other labels": pickle.dumps({"data": pixels, "labels": [0, 1, 2, 10]}, 4),
        "with labels of texts": pickle.dumps({"data": pixels, "labels": ["a", "b", "c", "d"]}, 4),
        "with fewer labels": pickle.dumps({"data": pixels, "labels": [0]}, 4),
        "with data of objects": pickle.dumps({"data": pixels.astype(object), "labels": [0, 1, 2, 3]}, 4),
        "with other data": pickle.dumps({"data": pixels[:, :9].copy(), "labels": [0, 1, 2, 3]}, 4),
    }.items():  # fmt: skip
        yield f"CIFAR of a pickle {what}", files(content), "", False
    yield "CIFAR with a command in its names", files(batch, pickle.dumps(Evil())), "", False
    yield "CIFAR with names that are none", files(batch, pickle.dumps({"label_names": [1, 2]}, 4)), "", False
    row = bytes([3]) + pixels[0].tobytes()
    for what, content in {
        "": row,
        " of 10": b"\x0a" + row[1:],
        " that is cut off": row[:-1],
        " of nothing": b"",
    }.items():
        binary: dict[str, Content] = {f"data_batch_{i}.bin": content for i in range(1, 6)}
        binary |= {"test_batch.bin": row, "batches.meta.txt": b"\n".join(b"%d" % i for i in range(10))}
        yield f"CIFAR binary{what}", binary, "", not what
