"""float32 arguments with results very near to the middle between two float32 numbers, as `floats.py` found them."""

from __future__ import annotations

from collections.abc import Mapping

HARDEST: Mapping[str, tuple[str, ...]] = {
    "exp": ("-0x1.d2259ap+3", "-0x1.e1dbe2p-8", "0x1.fdff02p-17", "-0x1.c1c4b8p-10"),
    "expm1": ("0x1.84a5bap-4", "0x1.4a9cf4p-11", "0x1.94c582p-22", "-0x1.eb97f8p-19"),
    "sigmoid": ("0x1p-23", "-0x1.8p-23", "0x1.8p-22", "-0x1.4p-22"),
    "tanh": ("-0x1.86fbc4p-10", "0x1.86fbc4p-10", "-0x1.dc0accp-2", "0x1.dc0accp-2"),
    "log": ("0x1.b121a6p+76", "0x1.bacb4ap+25", "0x1.c09d7cp+27", "0x1.2f1fd6p+3"),
    "log1p": ("-0x1.7ffffap-21", "0x1.800006p-21", "0x1.b121a6p+76", "0x1.fb035ap-2"),
    "erf": ("-0x1.81d5acp-13", "0x1.81d5acp-13", "-0x1.800afap-12", "0x1.800afap-12"),
    "rsqrt": ("0x1.7431c6p-125", "0x1.7431c6p-123", "0x1.7431c6p-121", "0x1.7431c6p-119"),
}
