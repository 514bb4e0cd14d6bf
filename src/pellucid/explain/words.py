"""The sentences of notes."""

from __future__ import annotations

from typing import Any

_TEXTS = {
    "note.reads": "reads {array} at {ranges}",
    "note.unreached": "no window reaches this element",
    "note.group": "group {number} of {count}",
    "note.padding": "{padding:,} of {count:,} products meet padding and add exact zeros",
    "note.winograd": "computed by Winograd's algorithm, which adds the same products up in another way: the bound is "
    "the algorithm's, and there is no replay",
    "note.order": "order: from {start}, {order}, one fused multiply–add each",
    "note.order_in_parts": "order: from {start}, {order}, one fused multiply–add each, in {parts} parts of up to "
    "{size:,} products, each from 0, which are then added in order",
    "note.update": "update {step} with learning rate {lr:g}, every operation rounded to {dtype}",
    "note.denominator": "denominator = √{variance}/√(1 − β₂ᵗ) + eps = {value}",
    "order.kernel_input": "kernel positions ascending, at each the input channels ascending",
    "order.kernel_output": "kernel positions ascending, at each the output channels ascending",
    "order.images": "images ascending, in each the output positions ascending",
    "order.input_features": "input features ascending",
    "order.output_features": "output features ascending",
    "order.samples": "samples ascending",
    "order.uses": "the uses from the last one in the network to the first",
}

_KOREAN = {
    "note.update": "{step}번째 갱신이며 학습률은 {lr:g}입니다. 모든 연산은 {dtype}으로 반올림됩니다",
    "note.denominator": "분모 = √{variance}/√(1 − β₂ᵗ) + eps = {value}입니다",
}


def text(key: str, **values: Any) -> str:
    """The sentence of a key, with values put in; a value that is a note itself becomes its sentence."""
    parts = {
        name: text(value[0], **value[1]) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    return _TEXTS[key].format(**parts)
