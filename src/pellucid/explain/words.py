"""The sentences of notes."""

from __future__ import annotations

from typing import Any

from pellucid.language import chosen

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
    "order.kernel_input": "kernel positions ascending, at each the input channels ascending",
    "order.kernel_output": "kernel positions ascending, at each the output channels ascending",
    "order.images": "images ascending, in each the output positions ascending",
    "order.input_features": "input features ascending",
    "order.output_features": "output features ascending",
    "order.samples": "samples ascending",
    "order.uses": "the uses from the last one in the network to the first",
}


_KOREAN = {
    "note.reads": "읽은 위치: {array}의 {ranges}",
    "note.unreached": "이 원소에 닿는 창이 없습니다",
    "note.group": "그룹 {number} (모두 {count}개)",
    "note.padding": "곱 {count:,}개 가운데 {padding:,}개는 패딩과 만나 정확히 0을 더합니다",
    "note.winograd": "같은 곱을 다르게 더하는 위노그라드 알고리즘으로 계산했습니다. 한계는 그 알고리즘의 것이며 "
    "재연은 없습니다",
    "note.order": "순서: {start}에서 시작하여 {order}, 각각 융합 곱셈 덧셈 한 번",
    "note.order_in_parts": "순서: {start}에서 시작하여 {order}, 각각 융합 곱셈 덧셈 한 번. 곱을 {size:,}개 이하씩 "
    "{parts}묶음으로 나누어 묶음마다 0부터 더한 뒤 차례로 합칩니다",
    "order.kernel_input": "커널 위치 오름차순, 위치마다 입력 채널 오름차순",
    "order.kernel_output": "커널 위치 오름차순, 위치마다 출력 채널 오름차순",
    "order.images": "이미지 오름차순, 이미지마다 출력 위치 오름차순",
    "order.input_features": "입력 특징 오름차순",
    "order.output_features": "출력 특징 오름차순",
    "order.samples": "표본 오름차순",
    "order.uses": "신경망에서 마지막에 쓰인 곳부터 처음 쓰인 곳까지",
}


def text(key: str, lang: str | None = None, **values: Any) -> str:
    """The sentence of a key, with values put in; a value that is a note itself becomes its sentence."""
    parts = {
        name: text(value[0], lang, **value[1]) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    texts = _KOREAN if chosen(lang) == "ko" else _TEXTS
    return texts[key].format(**parts)
