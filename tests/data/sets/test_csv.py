"""Lists of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.picture_sets import pets, picture, png, put, refusal

from pellucid.data import datasets
from pellucid.data.dataset import Pictures
from pellucid.errors import DataError


@pytest.mark.parametrize("header", ["", "path,label\n", "File , Class\r\n", "\ufeffimage,label\n"])
def test_rows_are_paths_and_labels(tmp_path, header):
    root = put(tmp_path, pets(2))
    rows = 'cat/1.png,tame\n"./cat/0.png", wild \n\nant/0.png,"so, so"\nant/1.png,tame\n'
    path = root / "list.csv"
    path.write_text(header + rows, encoding="utf-8", newline="")
    train, validation = datasets.csv(path, (5, 4), validation=0)
    assert validation is None
    assert train.classes == ("so, so", "tame", "wild")
    assert train.names == ("ant/0.png", "ant/1.png", "cat/1.png", "cat/0.png")
    assert train.labels.tolist() == [0, 1, 1, 2]
    assert (train.images[3] == picture(0).transpose(2, 0, 1)).all()
    on_demand, _ = datasets.csv(path, (5, 4), validation=0, memory_bytes=60)
    assert isinstance(on_demand.images, Pictures)
    assert (on_demand.read(np.arange(4)) == train.images).all()
    opened, _ = datasets.open(str(path), validation=0)
    assert (opened.images == train.images).all()


def test_whole_numbers_are_sorted_as_numbers(tmp_path):
    root = put(tmp_path, {f"{i}.png": png(picture(i)) for i in range(3)})
    (root / "list.csv").write_text("0.png,10\n1.png,9\n2.png,-1\n")
    assert datasets.csv(root / "list.csv", validation=0)[0].classes == ("-1", "9", "10")
    (root / "list.csv").write_text("0.png,10\n1.png,9\n2.png,x\n")
    assert datasets.csv(root / "list.csv", validation=0)[0].classes == ("10", "9", "x")


ROWS = "Hint: rows path,label, with paths below the folder of the file"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", f": there must be pictures. {ROWS}."),
        (b"path,label\n", f": there must be pictures. {ROWS}."),
        (b"0.png\n", f", row 1: a row must be a path and a label. Got '0.png'. {ROWS}."),
        (b"0.png,a\n1.png,b,c\n", f", row 2: a row must be a path and a label. Got '1.png,b,c'. {ROWS}."),
        (b"0.png,\n", f", row 1: a row must be a path and a label. Got '0.png,'. {ROWS}."),
        (b"0.png,a\n./0.png,b\n", ": a list must name each picture once. Got '0.png'."),
        (b"../0.png,a\n", ", row 1: paths must lie below the folder of the file. Got '../0.png'."),
        (b"/etc/passwd,a\n", ", row 1: paths must lie below the folder of the file. Got '/etc/passwd'."),
        (b"a\\0.png,a\n", ", row 1: paths must lie below the folder of the file. Got 'a\\\\0.png'."),
        (b"\xff.png,a\n", ": the file must be UTF-8."),
        (b'"0.png,a\n', ": the file cannot be read. Got unexpected end of data."),
        (b"0" * 140_000 + b",a\n", ": the file cannot be read. Got field larger than field limit (131072)."),
        (
            b"0.png,A\n1.png,a\n",
            ": names of classes must differ in more than upper and lower case. Got 'A', 'a'.",
        ),
    ],
)
def test_lists_that_are_none(tmp_path, content, text):
    put(tmp_path, {"list.csv": content, "0.png": b""})
    assert refusal(DataError, datasets.csv, tmp_path / "list.csv") == f"file '{tmp_path / 'list.csv'}'{text}"


def test_pictures_that_are_not_there(tmp_path):
    put(
        tmp_path,
        {
            "list.csv": b"0.png,a\nnone.png,b\na,a\n" + b"n" * 300 + b",a\n",
            "0.png": png(picture(1)),
            "a/b": b"",
        },
    )
    text = refusal(DataError, datasets.csv, tmp_path / "list.csv")
    assert text == (
        f"data set '{tmp_path}': 3 of 4 pictures cannot be read. Got image '{tmp_path / 'a'}': this is not a file. "
        "Hint: skip_bad=True, on the command line --skip-bad, leaves them out."
    )
    assert (
        refusal(DataError, datasets.csv, tmp_path / "none.csv")
        == f"file '{tmp_path / 'none.csv'}': there is no such file."
    )
    (tmp_path / "list.csv").write_text("0.png,a\nnone.png,a\n")
    with pytest.warns(UserWarning, match=r"^pictures left out, since they cannot be read: 1 \(none.png\)$"):
        train, _ = datasets.csv(tmp_path / "list.csv", skip_bad=True)
    assert train.skipped == ("none.png",)
