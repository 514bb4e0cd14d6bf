"""Headings and remarks of the arithmetic of networks: sizes, parameters, costs, receptive fields."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "arithmetic.layer": Entry("layer", "층"),
    "arithmetic.type": Entry("type", "종류"),
    "arithmetic.output": Entry("output", "출력"),
    "arithmetic.parameters": Entry("parameters", "매개변수"),
    "arithmetic.biases": Entry("biases", "편향"),
    "arithmetic.macs": Entry("MACs", "곱셈·누산"),
    "arithmetic.bytes": Entry("bytes", "바이트"),
    "arithmetic.field": Entry("field", "수용 영역"),
    "arithmetic.jump": Entry("stride", "스트라이드"),
    "arithmetic.total": Entry("total", "합계"),
    "arithmetic.trainable": Entry("of these to train", "그중 학습 대상"),
    "arithmetic.convolution": Entry("weights as convolution", "합성곱의 가중치"),
    "arithmetic.dense": Entry("as dense layer", "완전 연결층이라면"),
    "arithmetic.times": Entry("ratio", "비율"),
    "arithmetic.dense_title": Entry(
        "The same inputs and outputs, fully connected:", "같은 입력과 출력을 완전 연결층으로 잇는다면:"
    ),
    "arithmetic.compared": Entry("Compared with the first:", "첫째 신경망과 비교하면:"),
    "arithmetic.network": Entry("network", "신경망"),
    "arithmetic.lecture": Entry(
        "The first dense layer reads the 13×13 map before the last pooling, as the lecture counts: "
        "13·13·128·2·2048·2 = 177,209,344 weights. The published network pools first and reads 6×6: "
        "6·6·256·4096 = 37,748,736. See {other}.",
        "강의의 셈대로 첫 완전 연결층이 마지막 풀링 앞의 13×13 특징 맵을 읽습니다. 가중치는 "
        "13·13·128·2·2048·2 = 177,209,344개입니다. 논문의 신경망은 먼저 풀링하여 6×6을 읽으므로 "
        "6·6·256·4096 = 37,748,736개입니다. 참고: {other}.",
    ),
    "arithmetic.published": Entry(
        "The first dense layer reads the 6×6 map behind the last pooling: 6·6·256·4096 = 37,748,736 weights. "
        "A count of 177,209,344 takes the 13×13 map before that pooling. See {other}.",
        "첫 완전 연결층이 마지막 풀링을 거친 6×6 특징 맵을 읽습니다. 가중치는 6·6·256·4096 = 37,748,736개입니다. "
        "177,209,344개라는 셈은 그 풀링 앞의 13×13 특징 맵을 쓴 것입니다. 참고: {other}.",
    ),
}
