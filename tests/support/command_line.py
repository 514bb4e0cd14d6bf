"""What tests of the command line share."""

from __future__ import annotations


def said(err: str) -> str:
    """What the command said on stderr, without the engine's word that it compiled something for the first time."""
    return "".join(
        line for line in err.splitlines(keepends=True) if not line.startswith("pellucid: compiled ")
    )
