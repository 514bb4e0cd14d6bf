"""What `pellucid train` says when it ends early, or when its result has no place."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "training.interrupted": Entry("interrupted", "중단했습니다"),
    "training.interrupted_saved": Entry(
        "interrupted; the network so far is saved in {path}",
        "중단했습니다. 그때까지 학습한 신경망은 다음 파일에 저장했습니다: {path}",
    ),
    "training.guessing": Entry(
        "No better than guessing: {accuracy:.2%} of the test images are right, and {chance:.2%} would be if all were "
        "taken for the most frequent class.",
        "찍는 것보다 나을 것이 없습니다. 시험용 이미지의 {accuracy:.2%}를 맞혔는데, 모두 가장 많은 클래스라고 답해도 "
        "{chance:.2%}를 맞힙니다.",
    ),
    "training.slower": Entry(
        "Try a smaller learning rate: --lr below {lr:g}.", "학습률을 더 작게 해 보십시오: --lr {lr:g} 미만."
    ),
    "training.longer": Entry(
        "Try more --epochs, or a learning rate --lr above {lr:g}.",
        "--epochs를 늘리거나 학습률을 더 크게 해 보십시오: --lr {lr:g} 초과.",
    ),
    "training.unsaved": Entry(
        "The trained network is not saved yet:", "학습한 신경망을 아직 저장하지 못했습니다:"
    ),
    "training.ask": Entry(
        "Save it as (end of input: a temporary file):", "저장할 경로를 입력합니다 (입력을 끝내면 임시 파일):"
    ),
    "training.rescued": Entry(
        "THE TRAINED NETWORK IS IN {path}: move it before the system clears its temporary folder",
        "학습한 신경망을 다음 임시 파일에 저장했습니다: {path} — 시스템이 임시 폴더를 비우기 전에 옮겨야 합니다",
    ),
}
