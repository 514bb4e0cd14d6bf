"""What `pellucid.signal` says beside formulas and numbers."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "signal.flip": Entry(
        "the flip: as z grows, the index of g falls", "뒤집기: z가 커질수록 g의 인덱스는 작아집니다"
    ),
    "signal.no_flip": Entry(
        "no flip: as z grows, so does the index of g", "뒤집지 않음: z가 커지면 g의 인덱스도 커집니다"
    ),
    "signal.from_one": Entry("counted from 1: {formula}", "1부터 세면: {formula}"),
    "signal.more": Entry("… ({count:,} more)", "… (곱 {count:,}개가 더 있습니다)"),
    "signal.holds": Entry(
        "holds: largest difference {difference:.3g}", "성립: 가장 큰 차이 {difference:.3g}"
    ),
    "signal.broken": Entry(
        "does NOT hold: largest difference {difference:.3g}", "성립하지 않음: 가장 큰 차이 {difference:.3g}"
    ),
    "signal.rounding": Entry(", rounding {tolerance:.3g}", ", 반올림 한계 {tolerance:.3g}"),
    "signal.shifted": Entry(
        "at y = {place}: {left} (shifted) and {right}; {reason}",
        "y = {place}: 옮긴 입력에서 {left}, 원래 {right}. {reason}",
    ),
    "signal.stride": Entry(
        "a shift of {shift} is no multiple of the stride {stride}, and outputs lie on multiples",
        "출력은 스트라이드 {stride}의 배수 위치에만 있는데 이동량은 {shift}, 배수가 아닙니다",
    ),
    "signal.border": Entry(
        "the window reached over the border, and what it saw there has changed",
        "창이 경계를 넘었고, 그곳에서 본 값이 달라졌습니다",
    ),
}
