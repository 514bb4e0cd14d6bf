"""What `evaluate`, `predict`, `export`, `warmup` and `--install-completion` print; what is said of kernels."""

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

EXPORT: Area = {
    "export.written": Entry(
        "{count:,} numbers in {arrays} arrays written to {path}",
        "배열 {arrays}개, 수 {count:,}개를 다음 파일에 저장했습니다: {path}",
    ),
}

WARMUP: Area = {
    "warmup.compiled": Entry(
        "{model}, batch {batch}: {kernels} kernels compiled, {seconds:.1f} s in all",
        "{model}, 배치 {batch}: 커널 {kernels}개를 컴파일했습니다. 모두 {seconds:.1f}초",
    ),
    "warmup.kept": Entry("kept in {folder}", "보관한 곳: {folder}"),
}

COMPLETION: Area = {
    "completion.installed": Entry(
        "{shell} completes commands in new terminals; the code for that is in {path}",
        "새 터미널의 {shell}에서부터 명령을 완성합니다. 셸 코드가 있는 곳: {path}",
    ),
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

KEEPING: Area = {
    "cache.none": Entry(
        "compiled kernels cannot be kept ({reason}); set PELLUCID_CACHE_DIR to a folder that can be written to",
        "컴파일한 커널을 보관할 수 없습니다({reason}). PELLUCID_CACHE_DIR에 쓰기 가능한 폴더를 지정하십시오",
    ),
    "cache.elsewhere": Entry(
        "compiled kernels cannot be kept ({reason}); {folder} takes them instead",
        "컴파일한 커널을 원래 자리에 보관할 수 없습니다({reason}). 대신 보관하는 폴더: {folder}",
    ),
    "cache.no_folder": Entry("{path} is no folder", "폴더가 아닙니다: {path}"),
    "cache.of_others": Entry("{path} belongs to somebody else", "다른 사용자의 폴더입니다: {path}"),
    "cache.open": Entry("others can write to {path}", "다른 사용자도 쓸 수 있는 폴더입니다: {path}"),
}
