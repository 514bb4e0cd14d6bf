"""The notes of traces: how a number was computed, and in which order its terms were added.

In Korean no particle follows a placeholder whose form would depend on the value.
"""

from pellucid.language.entry import Area, Entry

_SUMS: Area = {
    "note.reads": Entry("reads {array} at {ranges}", "{array}의 {ranges} 위치를 읽습니다"),
    "note.unreached": Entry("no window reaches this element", "이 원소에 닿는 창이 없습니다"),
    "note.group": Entry("group {number} of {count}", "채널 그룹 {count}개 중 {number}번"),
    "note.padding": Entry(
        "{padding:,} of {count:,} products meet padding and add exact zeros",
        "곱 {count:,}개 중 {padding:,}개는 패딩과 만나 정확히 0을 더합니다",
    ),
    "note.winograd": Entry(
        "computed by Winograd's algorithm, which adds the same products up in another way: the bound is the "
        "algorithm's, and there is no replay",
        "같은 곱을 다른 방식으로 더하는 위노그라드 알고리즘으로 계산했습니다. 오차 한계는 "
        "이 알고리즘의 것이며 재계산은 없습니다",
    ),
    "note.order": Entry(
        "order: from {start}, {order}, one fused multiply–add each",
        "덧셈 순서: {start}에서 시작하여 {order}, 항마다 곱셈–덧셈(FMA) 한 번",
    ),
    "note.order_of_additions": Entry(
        "order: from {start}, {order}, one addition each",
        "덧셈 순서: {start}에서 시작하여 {order}, 항마다 덧셈 한 번",
    ),
    "note.order_of_additions_in_parts": Entry(
        "order: from {start}, {order}, one addition each, in {parts} parts of up to {size:,} numbers, each from 0, "
        "which are then added in pairs, neighbours first",
        "덧셈 순서: {start}에서 시작하여 {order}, 항마다 덧셈 한 번. 수를 {size:,}개 이하씩 {parts}개 부분으로 나누어 "
        "각각 0에서 시작해 더한 뒤 이웃한 부분부터 둘씩 짝지어 더합니다",
    ),
    "note.order_in_parts": Entry(
        "order: from {start}, {order}, one fused multiply–add each, in {parts} parts of up to {size:,} products, each "
        "from 0, which are then added in pairs, neighbours first",
        "덧셈 순서: {start}에서 시작하여 {order}, 항마다 곱셈–덧셈(FMA) 한 번. 곱을 {size:,}개 이하씩 {parts}개 "
        "부분으로 나누어 각각 0에서 시작해 더한 뒤 이웃한 부분부터 둘씩 짝지어 더합니다",
    ),
}

_POINTWISE: Area = {
    "note.mask": Entry(
        "the mask is {mask}: {address} = {value}", "마스크가 {mask}입니다: {address} = {value}"
    ),
    "note.slope": Entry(
        "the slope is {slope}: {address} = {value}", "곱하는 값이 {slope}입니다: {address} = {value}"
    ),
    "note.where": Entry("where {definition}", "여기서 {definition}"),
    "note.rounded_once": Entry("computed in float64, rounded once", "float64로 계산한 뒤 한 번 반올림합니다"),
    "note.float64": Entry("computed in float64", "float64로 계산합니다"),
    "note.added": Entry(
        "added to {address}, what the gradient had grown to before",
        "그때까지 쌓인 기울기 {address}에 더합니다",
    ),
    "note.kept": Entry(
        "element {place:,} is kept: its draw {draw:,} of seed {seed}, step {step}, layer {layer} reaches "
        "{threshold:,}",
        "{place:,}번째 원소는 남습니다. 시드 {seed}, 단계 {step}, 층 {layer}에서 뽑은 수: {draw:,} ≥ 문턱값 "
        "{threshold:,}",
    ),
    "note.dropped": Entry(
        "element {place:,} is dropped: its draw {draw:,} of seed {seed}, step {step}, layer {layer} is below "
        "{threshold:,}",
        "{place:,}번째 원소는 0이 됩니다. 시드 {seed}, 단계 {step}, 층 {layer}에서 뽑은 수: {draw:,} < 문턱값 "
        "{threshold:,}",
    ),
    "note.slice_kept": Entry(
        "slice {place:,} is kept: its draw {draw:,} of seed {seed}, step {step}, layer {layer} reaches {threshold:,}",
        "{place:,}번째 조각은 남습니다. 시드 {seed}, 단계 {step}, 층 {layer}에서 뽑은 수: {draw:,} ≥ 문턱값 "
        "{threshold:,}",
    ),
    "note.slice_dropped": Entry(
        "slice {place:,} is dropped: its draw {draw:,} of seed {seed}, step {step}, layer {layer} is below "
        "{threshold:,}",
        "{place:,}번째 조각은 0이 됩니다. 시드 {seed}, 단계 {step}, 층 {layer}에서 뽑은 수: {draw:,} < 문턱값 "
        "{threshold:,}",
    ),
    "note.copy": Entry("passed on as it is", "값을 그대로 전달합니다"),
    "note.filled": Entry(
        "no input element lies here: a constant", "여기에 놓이는 입력 원소가 없어 상수를 넣습니다"
    ),
    "note.zero": Entry("no element lies here: 0", "여기에 놓이는 원소가 없어 0입니다"),
    "note.overwritten": Entry(
        "a later element was put in the same place, so the output does not depend on this one: 0",
        "같은 자리에 나중 원소가 덮어써져 출력이 이 원소와 무관하므로 0입니다",
    ),
    "note.position": Entry(
        "the number of {address}, counted row by row from 0 in its channel's {sizes} positions",
        "{address}의 번호입니다. 채널의 {sizes}개 위치를 행 순서로 0부터 셉니다",
    ),
    "note.unread": Entry("no output reads this element", "이 원소를 읽는 출력이 없습니다"),
    "note.one_addition": Entry("one addition", "덧셈을 한 번 합니다"),
}

_POOLS: Area = {
    "note.wins": Entry("{address} is the largest of {count}", "후보 {count}개 중 가장 큰 수: {address}"),
    "note.first_wins": Entry(
        "{address} is the first of {ties} that are the largest of {count}",
        "후보 {count}개 중 가장 큰 수가 {ties}개이며 그중 첫 번째를 고릅니다: {address}",
    ),
    "note.nan_wins": Entry(
        "{address} is the last NaN of {count}", "후보 {count}개 중 마지막 NaN을 고릅니다: {address}"
    ),
    "note.wins_as_zero": Entry(
        "{address} is the first of the largest: denormal numbers compare as 0",
        "가장 큰 수들 가운데 첫 번째를 고릅니다: {address}. 비정규 수는 0으로 비교합니다",
    ),
    "note.won": Entry(
        "it has won {won} of the {count} windows that hold it",
        "이 원소가 들어 있는 창 {count}개 중 {won}개에서 골랐습니다",
    ),
    "note.mean": Entry(
        "{count} numbers, summed in float64 in row-major order, divided by {divisor}, rounded once",
        "수 {count}개를 행 우선 순서로 float64로 더한 뒤 나누고 한 번 반올림합니다. 나누는 수: {divisor}",
    ),
    "note.powers": Entry(
        "{count} numbers to the power {p}, summed in float64 in row-major order; the root is rounded once",
        "수 {count}개를 {p}제곱하여 행 우선 순서로 float64로 더하고, 그 거듭제곱근을 한 번 반올림합니다",
    ),
    "note.no_norm": Entry(
        "a window whose sum is 0 has no gradient", "합이 0인 창에서는 기울기가 오지 않습니다"
    ),
    "note.shares": Entry(
        "shares of {count} windows, summed in float64, windows ascending, rounded once",
        "창 {count}개의 몫을 창 오름차순으로 float64로 더하고 한 번 반올림합니다",
    ),
    "note.shares_last_first": Entry(
        "shares of {count} windows, summed in float64, the last window first, rounded once",
        "창 {count}개의 몫을 마지막 창부터 float64로 더하고 한 번 반올림합니다",
    ),
}

_NORMS: Area = {
    "note.channel": Entry(
        "over all {count:,} numbers of channel {channel} of {array}, in float64",
        "{array}의 채널 {channel}에 있는 수 {count:,}개 전체를 float64로 더합니다",
    ),
    "note.set": Entry(
        "over {count:,} numbers of {array}, in float64",
        "{array}의 수 {count:,}개를 float64로 더합니다",
    ),
    "note.in_order": Entry(
        "order: from 0, one image after the other", "덧셈 순서: 0에서 시작하여 이미지 오름차순"
    ),
    "note.in_parts": Entry(
        "order: {parts:,} parts of up to {size:,} numbers, each from 0, which are then added in pairs, neighbours "
        "first",
        "덧셈 순서: 수를 {size:,}개 이하씩 {parts:,}개 부분으로 나누어 각각 0에서 시작해 더한 뒤 "
        "이웃한 부분부터 둘씩 짝지어 더합니다",
    ),
    "note.in_columns": Entry(
        "order: {columns:,} sums of up to {size:,} numbers, each from 0; then these in 16 lanes: every sixteenth from "
        "0, and the lanes in pairs, 8, 4, 2 and 1 apart",
        "덧셈 순서: 수를 {size:,}개 이하씩 {columns:,}개의 합으로 나누어 각각 0에서 시작해 더합니다. 그 합들은 "
        "16번째마다 묶어 16갈래로 0부터 더하고, 갈래는 8, 4, 2, 1만큼 떨어진 것끼리 둘씩 더합니다",
    ),
    "note.in_sixteen": Entry(
        "order: in 16 lanes: every sixteenth number from 0, and the lanes in pairs, 8, 4, 2 and 1 apart",
        "덧셈 순서: 수를 16번째마다 묶어 16갈래로 0부터 더하고, 갈래는 8, 4, 2, 1만큼 떨어진 것끼리 둘씩 더합니다",
    ),
    "note.chosen": Entry(
        "chosen is {address} among {count:,} numbers, of which {ties:,} are as large or as small as that",
        "수 {count:,}개 중에서 뽑힌 수: {address}. 값이 같은 수는 모두 {ties:,}개입니다",
    ),
    "note.nan_is_chosen": Entry(
        "{address} is NaN, which is chosen before all other of the {count:,} numbers",
        "{address}: NaN이며, 수 {count:,}개 중에서 다른 어떤 수보다 먼저 뽑힙니다",
    ),
    "note.ties": Entry(
        "mask = {mask}, 1 where input = output; ties = {ties}, the inputs with mask = 1",
        "mask = {mask}, input = output이면 1; ties = {ties}, mask = 1인 입력의 수",
    ),
    "note.least": Entry(
        "length = {length}; least = {least}",
        "length = {length}, 벡터의 길이; least = {least}, 나누는 수의 하한",
    ),
    "note.length": Entry(
        "length = {length}; mask = {mask}, 0 where the length is so short that there is no gradient",
        "length = {length}, 벡터의 길이; mask = {mask}, 기울기가 없을 만큼 짧으면 0",
    ),
    "note.freedom": Entry(
        "m = {m}, which is {count:,} numbers less the correction, {correction}",
        "m = {m}, 수의 개수 {count:,}에서 correction {correction} 값을 뺀 것",
    ),
    "note.rows_in_lanes": Entry(
        "of each {run:,} numbers that lie side by side every sixteenth goes to one of 16 lanes, each from 0; the lanes "
        "are then added in pairs, 8, 4, 2 and 1 apart",
        "나란히 놓인 수 {run:,}개마다 16번째 수끼리 한 갈래에 0부터 더하고, "
        "갈래는 8, 4, 2, 1만큼 떨어진 것끼리 둘씩 더합니다",
    ),
    "note.first_taken_off": Entry(
        "added are the differences to the first number, {first}, or to the mean where that number lies far apart",
        "첫 수({first})와의 차를 더합니다. 첫 수가 다른 수와 멀리 떨어져 있으면 평균과의 차를 더합니다",
    ),
    "note.in_lanes": Entry(
        "order: {sums:,} sums of up to {size:,} numbers, each from 0, which are added in order in each of {parts:,} "
        "parts of the batch; then the parts are added in pairs, neighbours first",
        "덧셈 순서: 수를 {size:,}개 이하씩 {sums:,}개의 합으로 나누어 각각 0에서 시작해 더하고, 배치의 {parts:,}개 "
        "부분마다 차례로 더한 뒤 이웃한 부분부터 둘씩 짝지어 더합니다",
    ),
    "note.in_tiles": Entry(
        "order: image by image, in each tile by tile, as the convolution's last transform makes them, in {parts:,} "
        "parts of the batch, which are then added in pairs, neighbours first",
        "덧셈 순서: 이미지마다, 그 안에서 타일마다, 합성곱의 마지막 변환이 만드는 차례대로 배치의 {parts:,}개 부분에서 "
        "더한 뒤 이웃한 부분부터 둘씩 짝지어 더합니다",
    ),
    "note.coefficients": Entry(
        "the mean, the factor and what is added are rounded to {dtype} once for each channel; what the mean loses by "
        "that is made good in what is added",
        "평균, 곱하는 수, 더하는 수는 채널마다 한 번씩 반올림합니다({dtype}). 이때 평균에서 잃은 만큼은 더하는 수에서 "
        "바로잡습니다",
    ),
    "note.inference": Entry(
        "in inference: the statistics are the running ones, whatever the batch",
        "추론이므로 배치와 관계없이 이동 통계를 씁니다",
    ),
    "note.eps": Entry(
        "{address} = {value}, eps = {eps}", "{address} = {value}, 분모에 더하는 값 eps = {eps}"
    ),
    "note.counted": Entry(
        "{count:,} of {targets:,} targets count", "정답 {targets:,}개 중 {count:,}개를 셉니다"
    ),
    "note.target": Entry(
        "{target} is class {label}, which has probability {probability:.6g}",
        "{target}의 정답은 클래스 {label}이며 그 확률은 {probability:.6g}입니다",
    ),
    "note.ignored": Entry("{target} = {label} is to be ignored", "{target} = {label}: 세지 않는 정답입니다"),
}

_UPDATES: Area = {
    "note.squares": Entry(
        "squares are float64 numbers; each gradient is cut, as it lies in memory, into stretches of up to {size:,} "
        "numbers, which are added in 16 lanes, and so are the stretches' sums",
        "제곱은 float64 수입니다. 기울기마다 메모리에 놓인 순서대로 {size:,}개 이하씩 나누어 16줄로 더하고, "
        "나눈 부분들의 합도 16줄로 더합니다",
    ),
    "note.update": Entry(
        "update {step} with learning rate {lr:g}, every operation rounded to {dtype}",
        "{step}번째 갱신입니다. 학습률 {lr:g}, 연산마다 {dtype} 형으로 반올림합니다",
    ),
    "note.denominator": Entry(
        "denominator = √{address}/√(1 − β₂ᵗ) + eps = √{value}/{root} + {eps} = {denominator}",
        "분모 = √{address}/√(1 − β₂ᵗ) + eps = √{value}/{root} + {eps} = {denominator}",
    ),
}

NOTES: Area = _SUMS | _POINTWISE | _POOLS | _NORMS | _UPDATES

ORDERS: Area = {
    "order.kernel_input": Entry(
        "kernel positions ascending, at each the input channels ascending",
        "커널 위치 오름차순, 위치마다 입력 채널 오름차순",
    ),
    "order.kernel_output": Entry(
        "kernel positions ascending, at each the output channels ascending",
        "커널 위치 오름차순, 위치마다 출력 채널 오름차순",
    ),
    "order.kernel_input_flipped": Entry(
        "kernel positions descending (true convolution), at each the input channels ascending",
        "커널 위치 내림차순(커널을 뒤집은 합성곱), 위치마다 입력 채널 오름차순",
    ),
    "order.kernel_output_flipped": Entry(
        "kernel positions descending (true convolution), at each the output channels ascending",
        "커널 위치 내림차순(커널을 뒤집은 합성곱), 위치마다 출력 채널 오름차순",
    ),
    "order.images": Entry(
        "images ascending, in each the output positions ascending",
        "이미지 오름차순, 이미지마다 출력 위치 오름차순",
    ),
    "order.input_features": Entry("input features ascending", "입력 특징 오름차순"),
    "order.output_features": Entry("output features ascending", "출력 특징 오름차순"),
    "order.positions_of_numbers": Entry(
        "the positions that have looked it up ascending", "그것을 찾아 쓴 위치 오름차순"
    ),
    "order.inner": Entry("the inner axis ascending", "안쪽 축 오름차순"),
    "order.rows": Entry(
        "the matrices that share it, then rows, ascending", "그것을 함께 쓰는 행렬, 그다음 행 순으로 오름차순"
    ),
    "order.columns": Entry(
        "the matrices that share it, then columns, ascending",
        "그것을 함께 쓰는 행렬, 그다음 열 순으로 오름차순",
    ),
    "order.kernel": Entry("kernel positions ascending", "커널 위치 오름차순"),
    "order.windows": Entry("the windows ascending", "창 오름차순"),
    "order.inputs": Entry("input positions ascending", "입력 위치 오름차순"),
    "order.outputs": Entry("output positions ascending", "출력 위치 오름차순"),
    "order.repeated": Entry(
        "images, then positions, then channels ascending", "이미지, 위치, 채널 순으로 오름차순"
    ),
    "order.samples": Entry("samples ascending", "샘플 오름차순"),
    "order.uses": Entry(
        "the uses from the last one in the network to the first",
        "신경망의 마지막 사용처부터 처음 사용처까지",
    ),
}
