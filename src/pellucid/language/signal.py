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
    "signal.by_fft": Entry(
        "the result's own number, by fast Fourier transforms, is {number}: {difference:.3g} apart",
        "결과에 있는 값은 고속 푸리에 변환으로 계산한 {number}이며, 차이는 {difference:.3g}입니다",
    ),
    "signal.more": Entry("… ({count:,} more)", "… (곱 {count:,}개가 더 있습니다)"),
    "signal.commutativity": Entry("commutativity", "교환 법칙"),
    "signal.associativity": Entry("associativity", "결합 법칙"),
    "signal.linearity": Entry("linearity", "선형성"),
    "signal.shift_equivariance": Entry("shift equivariance", "이동 등변성"),
    "signal.locality": Entry("locality", "국소성"),
    "signal.derivative": Entry("derivative", "미분"),
    "signal.grad_input": Entry("input gradient", "입력 기울기"),
    "signal.grad_weight": Entry("weight gradient", "가중치 기울기"),
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
    "signal.as_depth": Entry(
        "2-D with channels gives {flat}, 3-D with depth {deep}: largest difference {difference:.3g}",
        "채널이 있는 2차원 합성곱의 출력 {flat}, 깊이가 있는 3차원 합성곱의 출력 {deep}: 가장 큰 차이 {difference:.3g}",
    ),
    "signal.one_deep": Entry(
        "the kernel is as deep as the input, so the output's depth is {depth}",
        "커널이 입력만큼 깊으므로 출력의 깊이는 {depth}",
    ),
    "signal.two_directions": Entry(
        "a 3-D convolution it is not: the kernel slides in two directions, having one place along the third",
        "그렇다고 3차원 합성곱은 아닙니다. 커널은 두 방향으로만 움직이고, 셋째 방향으로는 자리가 하나뿐입니다",
    ),
    "signal.no_order": Entry(
        "nor are channels an axis of space: their order means nothing, and a kernel half as deep would make no sense",
        "채널은 공간의 축도 아닙니다. 채널의 순서에는 뜻이 없고, 깊이가 절반인 커널은 의미가 없습니다",
    ),
    "signal.volume": Entry(
        "a 3-D convolution (of a video, of a scan) has a shallower kernel, which slides along depth and leaves a depth",
        "3차원 합성곱(동영상, 단층 촬영)의 커널은 입력보다 얕아서 깊이 방향으로도 움직이고, 출력에도 깊이가 남습니다",
    ),
    "signal.matrix": Entry(
        "input {input} → output {output}: W is {rows}×{columns}, {filled:,} places filled ({share:.2%})",
        "입력 {input} → 출력 {output}: 행렬 W는 {rows}×{columns}, 채워진 자리 {filled:,}개 ({share:.2%})",
    ),
    "signal.shared": Entry(
        "convolution: {weights:,} weights, each in many places",
        "합성곱 층: 가중치 {weights:,}개, 저마다 여러 자리에",
    ),
    "signal.dense": Entry(
        "fully connected: {columns:,} · {rows:,} = {weights:,} weights",
        "완전 연결층: {columns:,} · {rows:,} = 가중치 {weights:,}개",
    ),
    "signal.border": Entry(
        "the window reached over the border, and what it saw there has changed",
        "창이 경계를 넘었고, 그곳에서 본 값이 달라졌습니다",
    ),
}
