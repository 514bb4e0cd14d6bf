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
    "note.order_of_additions": "order: from {start}, {order}, one addition each",
    "note.gate_open": "the gate is open: {address} = {value}",
    "note.gate_closed": "the gate is closed: {address} = {value}",
    "note.where": "where {definition}",
    "note.rounded_once": "computed in float64, rounded once",
    "note.float64": "computed in float64",
    "note.added": "added to {address}, what the gradient had grown to before",
    "note.kept": "element {place:,} is kept: its draw {draw:,} of seed {seed}, step {step}, layer {layer} "
    "reaches {threshold:,}",
    "note.dropped": "element {place:,} is dropped: its draw {draw:,} of seed {seed}, step {step}, layer {layer} "
    "is below {threshold:,}",
    "note.copy": "passed on as it is",
    "note.one_addition": "one addition",
    "note.wins": "{address} is the largest of {count}",
    "note.first_wins": "{address} is the first of {ties} that are the largest of {count}",
    "note.nan_wins": "{address} is the last NaN of {count}",
    "note.won": "it has won {won} of the {count} windows that hold it",
    "note.mean": "{count} numbers, summed in float64 in row-major order, divided by {divisor}, rounded once",
    "note.shares": "shares of {count} windows, summed in float64, windows ascending, rounded once",
    "note.shares_last_first": "shares of {count} windows, summed in float64, the last window first, rounded once",
    "order.kernel_input": "kernel positions ascending, at each the input channels ascending",
    "order.kernel_output": "kernel positions ascending, at each the output channels ascending",
    "order.images": "images ascending, in each the output positions ascending",
    "order.input_features": "input features ascending",
    "order.output_features": "output features ascending",
    "order.samples": "samples ascending",
    "order.windows": "the windows ascending",
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
    "note.order_of_additions": "순서: {start}에서 시작하여, {order}, 한 번에 하나씩 더합니다",
    "note.gate_open": "게이트가 열려 있습니다: {address} = {value}",
    "note.gate_closed": "게이트가 닫혀 있습니다: {address} = {value}",
    "note.where": "여기서 {definition}",
    "note.rounded_once": "float64로 계산하고 한 번 반올림합니다",
    "note.float64": "float64로 계산합니다",
    "note.added": "그때까지 쌓인 기울기 {address}에 더합니다",
    "note.kept": "{place:,}번째 원소는 남습니다: 시드 {seed}, 스텝 {step}, 층 {layer}에서 뽑은 수 {draw:,}이(가) "
    "문턱값 {threshold:,} 이상입니다",
    "note.dropped": "{place:,}번째 원소는 0이 됩니다: 시드 {seed}, 스텝 {step}, 층 {layer}에서 뽑은 수 {draw:,}이(가) "
    "문턱값 {threshold:,}보다 작습니다",
    "note.copy": "값을 그대로 전달합니다",
    "note.one_addition": "덧셈을 한 번 합니다",
    "note.wins": "{count}개 가운데 {address}이(가) 가장 큽니다",
    "note.first_wins": "{count}개 가운데 가장 큰 값이 {ties}개이며, 그중 첫 번째인 {address}이(가) 선택됩니다",
    "note.nan_wins": "{count}개 가운데 마지막 NaN인 {address}이(가) 선택됩니다",
    "note.won": "이 원소를 담은 창 {count}개 가운데 {won}개에서 선택되었습니다",
    "note.mean": "수 {count}개를 행 우선 순서로 float64에서 더하고 {divisor}(으)로 나눈 뒤 한 번 반올림합니다",
    "note.shares": "창 {count}개의 몫을 창의 오름차순으로 float64에서 더하고 한 번 반올림합니다",
    "note.shares_last_first": "창 {count}개의 몫을 마지막 창부터 float64에서 더하고 한 번 반올림합니다",
    "order.windows": "창의 오름차순으로",
}


def text(key: str, lang: str | None = None, **values: Any) -> str:
    """The sentence of a key, with values put in; a value that is a note itself becomes its sentence."""
    parts = {
        name: text(value[0], lang, **value[1]) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    texts = _KOREAN if chosen(lang) == "ko" else _TEXTS
    return texts[key].format(**parts)
