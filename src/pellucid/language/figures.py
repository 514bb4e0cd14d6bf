"""Labels of pictures."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "figures.sliding": Entry(
        "Convolution layer (cross-correlation): stride {stride}, padding {padding}, dilation {dilation}",
        "합성곱 층 (교차상관): 스트라이드 {stride}, 패딩 {padding}, 팽창 {dilation}",
    ),
    "figures.transposed": Entry(
        "Transposed convolution: stride {stride}, padding {padding}, dilation {dilation}",
        "전치 합성곱: 스트라이드 {stride}, 패딩 {padding}, 팽창 {dilation}",
    ),
    "figures.input": Entry("Input", "입력"),
    "figures.kernel": Entry("Kernel", "커널"),
    "figures.output": Entry("Output", "출력"),
    "figures.read": Entry("framed: multiplied now", "테두리: 지금 곱하는 칸"),
    "figures.signal": Entry("{f}: signal", "{f}: 신호"),
    "figures.flipped": Entry("{g}: kernel, flipped, moved by {x}", "{g}: 뒤집어 {x}만큼 옮긴 커널"),
    "figures.area": Entry("area of {product}", "곱 {product}의 넓이"),
    "figures.products": Entry("products {product}", "곱 {product}"),
    "figures.result": Entry("{result} so far", "지금까지 구한 {result}"),
    "figures.written": Entry(
        "picture written to {path}: {width}×{height} pixels",
        "그림을 {path}에 저장했습니다: {width}×{height}픽셀",
    ),
    "figures.film_written": Entry(
        "picture written to {path}: {frames}, {width}×{height} pixels",
        "그림을 {path}에 저장했습니다: {frames}, {width}×{height}픽셀",
    ),
    "figures.frame": Entry("1 frame", "프레임 1개"),
    "figures.frames": Entry("{number} frames", "프레임 {number}개"),
    "figures.page_written": Entry("page written to {path}", "페이지를 {path}에 저장했습니다"),
}
