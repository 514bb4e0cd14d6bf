"""Names of filters."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "filters.title": Entry("One photo through every kernel", "한 장의 사진, 모든 커널"),
    "filters.size": Entry("photo {width} × {height}", "사진 {width} × {height}"),
    "filters.filtered": Entry("filtered at {width} × {height}", "{width} × {height}에서 필터 적용"),
    "filters.border": Entry("border: {border}", "가장자리: {border}"),
    "filters.strength": Entry("strength: {strength}", "세기: {strength}"),
    "filters.reflect": Entry("reflected", "반사"),
    "filters.replicate": Entry("replicated", "복제"),
    "filters.zero": Entry("zeros", "0으로 채움"),
    "filters.wrap": Entry("wrapped around", "순환"),
    "filters.identity": Entry("Identity", "항등"),
    "filters.box": Entry("Box blur", "상자 흐림"),
    "filters.gaussian": Entry("Gaussian blur", "가우시안 흐림"),
    "filters.motion": Entry("Motion blur", "움직임 흐림"),
    "filters.emboss": Entry("Emboss", "엠보스"),
    "filters.sharpen": Entry("Sharpen", "선명하게"),
    "filters.unsharp": Entry("Unsharp mask", "언샤프 마스크"),
    "filters.outline": Entry("Outline", "윤곽선"),
    "filters.laplacian": Entry("Laplacian", "라플라시안"),
    "filters.ridge": Entry("Ridge", "능선"),
    "filters.sobel_x": Entry("Sobel x", "소벨 x"),
    "filters.sobel_y": Entry("Sobel y", "소벨 y"),
    "filters.sobel": Entry("Sobel √(x² + y²)", "소벨 √(x² + y²)"),
    "filters.prewitt_x": Entry("Prewitt x", "프루잇 x"),
    "filters.prewitt_y": Entry("Prewitt y", "프루잇 y"),
    "filters.prewitt": Entry("Prewitt √(x² + y²)", "프루잇 √(x² + y²)"),
    "filters.scharr_x": Entry("Scharr x", "샤르 x"),
    "filters.scharr_y": Entry("Scharr y", "샤르 y"),
    "filters.scharr": Entry("Scharr √(x² + y²)", "샤르 √(x² + y²)"),
}
