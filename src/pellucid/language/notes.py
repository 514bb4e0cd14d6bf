"""The notes of traces: how a number was computed, and in which order its terms were added.

In Korean no particle follows a placeholder whose form would depend on the value.
"""

from pellucid.language.entry import Area, Entry

NOTES: Area = {
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
    "note.order_in_parts": Entry(
        "order: from {start}, {order}, one fused multiply–add each, in {parts} parts of up to {size:,} products, each "
        "from 0, which are then added in order",
        "덧셈 순서: {start}에서 시작하여 {order}, 항마다 곱셈–덧셈(FMA) 한 번. 곱을 {size:,}개 이하씩 {parts}개 "
        "부분으로 나누어 각각 0에서 시작해 더한 뒤 부분들을 차례로 더합니다",
    ),
}

ORDERS: Area = {
    "order.kernel_input": Entry(
        "kernel positions ascending, at each the input channels ascending",
        "커널 위치 오름차순, 위치마다 입력 채널 오름차순",
    ),
    "order.kernel_output": Entry(
        "kernel positions ascending, at each the output channels ascending",
        "커널 위치 오름차순, 위치마다 출력 채널 오름차순",
    ),
    "order.images": Entry(
        "images ascending, in each the output positions ascending",
        "이미지 오름차순, 이미지마다 출력 위치 오름차순",
    ),
    "order.input_features": Entry("input features ascending", "입력 특징 오름차순"),
    "order.output_features": Entry("output features ascending", "출력 특징 오름차순"),
    "order.samples": Entry("samples ascending", "샘플 오름차순"),
    "order.uses": Entry(
        "the uses from the last one in the network to the first",
        "신경망의 마지막 사용처부터 처음 사용처까지",
    ),
}
