"""Warnings are hushed while pictures are read, by however many threads, and heard again afterwards."""

from __future__ import annotations

import threading
import warnings

from pellucid.data.pictures.file import quiet


def test_the_last_one_out_sets_filters_back():
    before = list(warnings.filters)
    inside, leave = threading.Barrier(3), threading.Event()

    def read():
        with quiet:
            inside.wait()
            warnings.warn("not heard", stacklevel=1)
            leave.wait()

    first = threading.Thread(target=read)
    with quiet:
        first.start()
        second = threading.Thread(target=read)
        second.start()
        inside.wait()
    assert warnings.filters != before  # two of them still read
    warnings.warn("not heard", stacklevel=1)
    leave.set()
    first.join()
    second.join()
    assert warnings.filters == before
