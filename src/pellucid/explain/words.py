"""The sentences of notes."""

from __future__ import annotations

from typing import Any

from pellucid.language import chosen

_TEXTS = {
    "note.reads": "reads {array} at {ranges}",
    "note.unreached": "no window reaches this element",
    "note.group": "group {number} of {count}",
    "note.padding": "{padding:,} of {count:,} products meet padding and add exact zeros",
    "note.winograd": "computed by Winograd's algorithm, which adds the same products up in another way: the "
    "bound is the algorithm's, and there is no replay",
    "note.order": "order: from {start}, {order}, one fused multiply–add each",
    "note.order_in_parts": "order: from {start}, {order}, one fused multiply–add each, in {parts} parts of up "
    "to {size:,} products, each from 0, which are then added in order",
    "note.update": "update {step} with learning rate {lr:g}, every operation rounded to {dtype}",
    "note.denominator": "denominator = √{variance}/√(1 − β₂ᵗ) + eps = {value}",
    "note.order_of_additions": "order: from {start}, {order}, one addition each",
    "note.gate_open": "the gate is open: {address} = {value}",
    "note.gate_closed": "the gate is closed: {address} = {value}",
    "note.where": "where {definition}",
    "note.rounded_once": "computed in float64, rounded once",
    "note.float64": "computed in float64",
    "note.added": "added to {address}, what the gradient had grown to before",
    "note.kept": "element {place:,} is kept: its draw {draw:,} of seed {seed}, step {step}, layer {layer} "
    "reaches {threshold:,}",
    "note.dropped": "element {place:,} is dropped: its draw {draw:,} of seed {seed}, step {step}, layer "
    "{layer} is below {threshold:,}",
    "note.copy": "passed on as it is",
    "note.one_addition": "one addition",
    "note.wins": "{address} is the largest of {count}",
    "note.first_wins": "{address} is the first of {ties} that are the largest of {count}",
    "note.nan_wins": "{address} is the last NaN of {count}",
    "note.won": "it has won {won} of the {count} windows that hold it",
    "note.mean": "{count} numbers, summed in float64 in row-major order, divided by {divisor}, rounded once",
    "note.shares": "shares of {count} windows, summed in float64, windows ascending, rounded once",
    "note.shares_last_first": "shares of {count} windows, summed in float64, the last window first, rounded once",
    "note.channel": "over all {count:,} numbers of channel {channel} of {array}, in float64",
    "note.in_lanes": "order: {parts:,} parts of up to {size:,} numbers, each from 0, which are then added in order",
    "note.in_tiles": "order: image by image, in each tile by tile, as the convolution's last transform makes them",
    "note.coefficients": "what the numbers are multiplied by and what is taken off is rounded to {dtype} once "
    "for each channel",
    "note.inference": "in inference: the statistics are the running ones, whatever the batch",
    "note.eps": "eps = {eps}",
    "note.counted": "{count:,} of {targets:,} targets count",
    "note.target": "{target} is class {label}, which has probability {probability:.6g}",
    "note.ignored": "{target} = {label} is to be ignored",
    "order.kernel_input": "kernel positions ascending, at each the input channels ascending",
    "order.kernel_output": "kernel positions ascending, at each the output channels ascending",
    "order.images": "images ascending, in each the output positions ascending",
    "order.input_features": "input features ascending",
    "order.output_features": "output features ascending",
    "order.samples": "samples ascending",
    "order.windows": "the windows ascending",
    "order.uses": "the uses from the last one in the network to the first",
    "path.number": "{address} = {value}, exact {exact}",
    "path.not_certified": "{number}, NOT certified",
    "path.again": "{address} = {value}, as above",
    "path.start": "{term}, the start",
    "path.rest": "… {count:,} more terms, together {sum}",
    "path.rest_of_one": "… 1 more term, {sum}",
    "path.not_chosen": "… {count:,} more, not chosen",
    "path.beyond": "what the formula has beyond them, {sum}",
    "uses.none": "{address} feeds no other number",
    "uses.one": "{address} feeds 1 number",
    "uses.several": "{address} feeds {count:,} numbers",
    "uses.forward": "forward",
    "uses.backward": "backward",
    "uses.update": "update",
    "uses.as": "{region}, as {arguments}",
    "region.full": "{place}: {count:,} of {size:,}",
    "region.scattered": "{place}: {count:,} of {size:,}, not all of the box's {box:,}",
    "field.receptive": "receptive field: depends on",
    "field.projective": "projective field: reaches",
    "field.statistics": "with the batch statistics of {names} held",
    "field.statistics_of_more": "with the batch statistics of {names} and {count} more held",
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
    "note.update": "{step}번째 갱신이며 학습률은 {lr:g}입니다. 모든 연산은 {dtype}으로 반올림됩니다",
    "note.denominator": "분모 = √{variance}/√(1 − β₂ᵗ) + eps = {value}입니다",
    "note.order_of_additions": "순서: {start}에서 시작하여, {order}, 한 번에 하나씩 더합니다",
    "note.gate_open": "게이트가 열려 있습니다: {address} = {value}",
    "note.gate_closed": "게이트가 닫혀 있습니다: {address} = {value}",
    "note.where": "여기서 {definition}",
    "note.rounded_once": "float64로 계산하고 한 번 반올림합니다",
    "note.float64": "float64로 계산합니다",
    "note.added": "이 기울기가 그때까지 모은 값 {address}에 더합니다",
    "note.kept": "{place:,}번째 원소는 남습니다: 시드 {seed}, 스텝 {step}, 층 {layer}에서 뽑은 수 "
    "{draw:,}이(가) 문턱값 {threshold:,} 이상입니다",
    "note.dropped": "{place:,}번째 원소는 0이 됩니다: 시드 {seed}, 스텝 {step}, 층 {layer}에서 뽑은 수 "
    "{draw:,}이(가) 문턱값 {threshold:,}보다 작습니다",
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
    "note.channel": "{array}의 채널 {channel}에 있는 수 {count:,}개를 모두 float64로 더합니다",
    "note.in_lanes": "순서: 최대 {size:,}개씩 {parts:,}부분을 각각 0부터 더한 뒤, 그 합들을 차례로 더합니다",
    "note.in_tiles": "순서: 합성곱의 마지막 변환이 만드는 대로 이미지마다, 그 안에서 타일마다 차례로 더합니다",
    "note.coefficients": "곱하는 수와 빼는 수는 채널마다 한 번씩 {dtype}로 반올림합니다",
    "note.inference": "추론 모드에서는 배치와 관계없이 이동 통계를 씁니다",
    "note.eps": "eps = {eps}입니다",
    "note.counted": "정답 {targets:,}개 가운데 {count:,}개를 셉니다",
    "note.target": "{target}의 정답은 클래스 {label}이며 그 확률은 {probability:.6g}입니다",
    "note.ignored": "{target} = {label}은(는) 세지 않습니다",
    "path.number": "{address} = {value}, 정확한 값 {exact}",
    "path.not_certified": "{number}, 검증되지 않았습니다",
    "path.again": "{address} = {value}, 위와 같습니다",
    "path.start": "{term}, 시작값",
    "path.rest": "… 나머지 항 {count:,}개의 합 {sum}",
    "path.rest_of_one": "… 나머지 항 1개 {sum}",
    "path.not_chosen": "… 선택되지 않은 후보 {count:,}개",
    "path.beyond": "이 항들 밖에서 식이 더하는 값 {sum}",
    "uses.none": "{address}을(를) 읽는 수가 없습니다",
    "uses.one": "수 1개가 {address}을(를) 읽습니다",
    "uses.several": "수 {count:,}개가 {address}을(를) 읽습니다",
    "uses.forward": "순전파",
    "uses.backward": "역전파",
    "uses.update": "갱신",
    "uses.as": "{region}, 역할: {arguments}",
    "region.full": "{place}: {size:,}개 가운데 {count:,}개",
    "region.scattered": "{place}: {size:,}개 가운데 {count:,}개, 상자 안 {box:,}개의 일부입니다",
    "field.receptive": "수용 영역: 다음에 의존합니다",
    "field.projective": "투영 영역: 다음에 영향을 줍니다",
    "field.statistics": "{names}의 배치 통계는 고정된 것으로 봅니다",
    "field.statistics_of_more": "{names} 외 {count}개의 배치 통계는 고정된 것으로 봅니다",
}


def text(key: str, lang: str | None = None, **values: Any) -> str:
    """The sentence of a key, with values put in; a value that is a note itself becomes its sentence."""
    parts = {
        name: text(value[0], lang, **value[1]) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    texts = _KOREAN if chosen(lang) == "ko" else _TEXTS
    return texts[key].format(**parts)
