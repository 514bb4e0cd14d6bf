"""What a trace says beside formulas, numbers and notes."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "trace.formula": Entry("formula", "식"),
    "trace.numbers": Entry("numbers", "대입"),
    "trace.note": Entry("note", "설명"),
    "trace.largest": Entry("largest {shown} of {count:,} terms", "항 {count:,}개 중 큰 것부터 {shown}개"),
    "trace.term": Entry("term", "항"),
    "trace.more_terms": Entry("… ({count:,} more terms)", "… (항 {count:,}개가 더 있습니다)"),
    "trace.certified": Entry(
        "certified: |value − exact| = {error:.3g}, bound {bound:.3g}",
        "인증됨: |값 − 정확한 값| = {error:.3g}, 오차 한계 {bound:.3g}",
    ),
    "trace.not_certified": Entry(
        "NOT certified: |value − exact| = {error:.3g}, bound {bound:.3g}",
        "인증되지 않음: |값 − 정확한 값| = {error:.3g}, 오차 한계 {bound:.3g}",
    ),
    "trace.certified_not_finite": Entry(
        "certified: the number is not finite; value {value}, exact {exact}",
        "인증됨: 유한하지 않은 수입니다. 값 {value}, 정확한 값 {exact}",
    ),
    "trace.not_certified_not_finite": Entry(
        "NOT certified: not finite; value {value}, exact {exact}",
        "인증되지 않음: 유한하지 않은 수입니다. 값 {value}, 정확한 값 {exact}",
    ),
    "trace.replay_agrees": Entry("; replay {replay} = value", "; 재계산 {replay} = 값"),
    "trace.replay_differs": Entry("; replay {replay} ≠ value", "; 재계산 {replay} ≠ 값"),
}
