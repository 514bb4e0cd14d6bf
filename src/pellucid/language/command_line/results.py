"""What `pellucid evaluate`, `predict` and `warmup` print, and the word of kernels that are being compiled."""

from pellucid.language.entry import Area, Entry

EVALUATION: Area = {
    "evaluation.accuracy": Entry("accuracy {accuracy:.2%}", "정확도 {accuracy:.2%}"),
    "evaluation.images": Entry(
        "{images:,} images in {seconds:.1f} s", "이미지 {images:,}장, {seconds:.1f}초"
    ),
}

PREDICTION: Area = {
    "prediction.image": Entry("image", "이미지"),
    "prediction.class": Entry("class", "클래스"),
    "prediction.probability": Entry("probability", "확률"),
    "prediction.dark_ink": Entry(
        "hint: this looks like dark ink on light paper; the digits of MNIST are light on dark, so try --invert",
        "힌트: 밝은 종이에 어두운 글씨로 보입니다. MNIST의 숫자는 어두운 바탕에 밝은 글씨이므로 --invert를 써 보는 "
        "것이 좋습니다.",
    ),
}

WARMUP: Area = {
    "warmup.compiled": Entry(
        "{model}, batch {batch}: {kernels} kernels compiled, {seconds:.1f} s in all",
        "{model}, 배치 {batch}: 커널 {kernels}개를 컴파일했습니다. 모두 {seconds:.1f}초",
    ),
    "warmup.kept": Entry("kept in {folder}", "보관한 곳: {folder}"),
}

COMPILING: Area = {
    "compiling.running": Entry(
        "compiling kernels, once: {count} done ({name})",
        "커널을 한 번만 컴파일합니다: {count}개 완료 ({name})",
    ),
    "compiling.kept": Entry(
        "compiled {count} kernels in {seconds:.1f} s, kept for next time",
        "커널 {count}개를 {seconds:.1f}초 동안 컴파일했습니다. 다음에도 쓰도록 보관했습니다",
    ),
    "compiling.not_kept": Entry(
        "compiled {count} kernels in {seconds:.1f} s, for this time only",
        "커널 {count}개를 {seconds:.1f}초 동안 컴파일했습니다. 보관하지 못해 이번에만 씁니다",
    ),
}
