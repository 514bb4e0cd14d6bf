"""Headings and remarks of traces, recordings and models in the terminal and as HTML."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "rendering.term": Entry("term", "항"),
    "rendering.product": Entry("product", "곱"),
    "rendering.factors": Entry("factors", "인수"),
    "rendering.candidate": Entry("candidate", "후보"),
    "rendering.value": Entry("value", "값"),
    "rendering.start": Entry("start", "시작"),
    "rendering.winner": Entry("winner", "선택"),
    "rendering.terms": Entry("{count:,} terms", "항 {count:,}개"),
    "rendering.first": Entry("{shown} of {count:,} candidates", "후보 {count:,}개 가운데 {shown}개"),
    "rendering.candidates": Entry("{count:,} candidates", "후보 {count:,}개"),
    "rendering.one_term": Entry("1 term", "항 1개"),
    "rendering.one_candidate": Entry("1 candidate", "후보 1개"),
    "rendering.result": Entry("result", "결과"),
    "rendering.read": Entry("framed: read", "테두리: 읽은 칸"),
    "rendering.padding": Entry("striped: padding, zero", "빗금: 패딩 (0)"),
    "rendering.sign": Entry("blue: positive, orange: negative", "파랑: 양수, 주황: 음수"),
    "rendering.step": Entry(
        "each cell the largest of {rows}×{columns} numbers", "칸마다 수 {rows}×{columns}개 가운데 가장 큰 것"
    ),
    "rendering.scale": Entry("in units of {unit}", "단위 {unit}"),
    "rendering.hover": Entry("point at a term to see its cells", "항을 가리키면 그 칸을 보여 줍니다"),
    "rendering.legend_numbers": Entry(
        "[ ] read, ( ) padding, < > result or winner", "[ ] 읽은 칸, ( ) 패딩, < > 결과 또는 선택"
    ),
    "rendering.legend_shades": Entry(
        "░▒▓█ magnitude, - negative, · not read", "░▒▓█ 절댓값, - 음수, · 읽지 않은 칸"
    ),
    "rendering.recording": Entry("Recording: {count:,} arrays", "기록: 배열 {count:,}개"),
    "rendering.loss": Entry("loss {loss}", "손실 {loss}"),
    "rendering.committed": Entry("committed", "적용되었습니다"),
    "rendering.not_committed": Entry("not committed", "아직 적용되지 않았습니다"),
    "rendering.inference": Entry("inference", "추론"),
    "rendering.given": Entry("given and whole network", "입력과 신경망 전체"),
    "rendering.name": Entry("name", "이름"),
    "rendering.shape": Entry("shape", "모양"),
    "rendering.mean": Entry("mean", "평균"),
    "rendering.std": Entry("std", "표준편차"),
    "rendering.least": Entry("min", "최솟값"),
    "rendering.greatest": Entry("max", "최댓값"),
    "rendering.not_finite": Entry("{count:,} not finite", "유한하지 않은 수 {count:,}개"),
    "rendering.layer": Entry("layer", "층"),
    "rendering.type": Entry("type", "종류"),
    "rendering.settings": Entry("settings", "설정"),
    "rendering.parameters": Entry("parameters", "매개변수"),
    "rendering.total": Entry("total", "합계"),
}
