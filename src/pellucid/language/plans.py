"""What a printed plan says."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "plan.makes": Entry("what a loop makes", "루프가 만드는 것"),
    "plan.read": Entry("reads", "읽기"),
    "plan.written": Entry("writes", "쓰기"),
    "plan.multiply_adds": Entry("multiply–adds", "곱셈·누산"),
    "plan.chunks": Entry("chunks", "조각"),
    "plan.place": Entry("place", "위치"),
    "plan.around": Entry("in and out", "입출력"),
    "plan.forward": Entry("forward", "순전파"),
    "plan.backward": Entry("backward", "역전파"),
    "plan.sum": Entry("sum", "합"),
    "plan.norm": Entry("norm", "노름"),
    "plan.update": Entry("update", "갱신"),
    "plan.decayed": Entry("weight decay of {count} of {all}", "{all}개 중 {count}개에 가중치 감쇠"),
    # rules of fusion (`engine/fusion.py`)
    "plan.batch_norm_in_convolution": Entry("batch norm in convolution", "합성곱에 융합한 배치 정규화"),
    "plan.sum_in_batch_norm": Entry("sum in batch norm", "배치 정규화에 융합한 덧셈"),
    "plan.relu_in_output": Entry("ReLU in output", "출력에 융합한 ReLU"),
    "plan.activation_in_convolution": Entry("activation in convolution", "합성곱에 융합한 활성화"),
    "plan.max_pooling_in_convolution": Entry("max pooling in convolution", "합성곱에 융합한 최대 풀링"),
    "plan.shared_routes": Entry("shared routes", "함께 쓰는 최댓값 위치"),
    "plan.mask_in_gradient": Entry("mask in gradient", "기울기 계산에 융합한 마스크"),
    "plan.masks_of_a_concatenation": Entry("masks of a concatenation", "이어 붙인 텐서의 마스크"),
    "plan.mask_in_batch_norm": Entry("mask in batch norm", "배치 정규화에 융합한 마스크"),
    "plan.batch_norm_in_transforms": Entry("batch norm in transforms", "변환에 융합한 배치 정규화"),
    "plan.updates_in_one_loop": Entry("updates in one loop", "한 루프로 융합한 갱신"),
    "plan.slice_in_place": Entry("slice in place", "제자리에서 읽는 슬라이스"),
    "plan.output_in_concatenation": Entry("output in concatenation", "이어 붙인 텐서 안의 출력"),
    "plan.gradient_in_concatenation": Entry("gradient in concatenation", "이어 붙인 텐서 안의 기울기"),
    "plan.totals": Entry(
        "{loops} loops: {multiply_adds} multiply–adds, {read} bytes read, {written} bytes written.",
        "루프 {loops}개가 곱셈·누산을 {multiply_adds}번 하고, {read}바이트를 읽고 {written}바이트를 씁니다.",
    ),
    "plan.arena": Entry(
        "Arena: {arena} bytes for {blocks} blocks, which side by side would take {apart}; "
        "each thread takes {scratch} besides.",
        "아레나: {arena}바이트에 블록 {blocks}개가 들어 있습니다. 따로 두면 {apart}바이트입니다. "
        "스레드마다 {scratch}바이트를 더 씁니다.",
    ),
    "plan.map": Entry(
        "The arena from its first byte to its last, loop by loop; █ is in use.",
        "아레나의 첫 바이트부터 마지막 바이트까지를 루프 순서대로 그렸습니다. █는 사용 중인 곳입니다.",
    ),
}
