"""What `pellucid train` says: how training goes, when it ends early, when its result has no place."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "training.begins": Entry(
        "{model} ({count:,} parameters) on {data}, {images:,} images, {optimizer} lr {lr:g}",
        "{model} (매개변수 {count:,}개), {data} 이미지 {images:,}장, {optimizer}, 학습률 {lr:g}",
    ),
    "training.epoch": Entry("epoch {epoch}/{epochs}", "에포크 {epoch}/{epochs}"),
    "training.speed": Entry("{speed:,.0f} images/s", "초당 {speed:,.0f}장"),
    "training.loss": Entry("loss {loss:.4f}", "손실 {loss:.4f}"),
    "training.test_accuracy": Entry("test accuracy {accuracy:.2%}", "시험 정확도 {accuracy:.2%}"),
    "training.seconds": Entry("{seconds:.1f} s", "{seconds:.1f}초"),
    "training.saved": Entry("saved in {path}", "다음 파일에 저장했습니다: {path}"),
    "training.interrupted": Entry("interrupted", "중단했습니다"),
    "training.interrupted_saved": Entry(
        "interrupted; the network so far is saved in {path}",
        "중단했습니다. 그때까지 학습한 신경망은 다음 파일에 저장했습니다: {path}",
    ),
    "training.guessing": Entry(
        "No better than guessing: {accuracy:.2%} of the test images are right, and {chance:.2%} would be if all were "
        "taken for the most frequent class.",
        "찍는 것보다 나을 것이 없습니다. 시험용 이미지의 정답률은 {accuracy:.2%}이고, "
        "모두 가장 많은 클래스라고 답할 때의 정답률은 {chance:.2%}입니다.",
    ),
    "training.slower": Entry(
        "Try a smaller learning rate: --lr below {lr:g}.",
        "학습률을 {lr:g}보다 작게 정하고 다시 학습하는 것이 좋습니다.",
    ),
    "training.longer": Entry(
        "Try more --epochs, or a learning rate --lr above {lr:g}.",
        "에포크를 늘리거나 학습률을 {lr:g}보다 크게 정하는 것이 좋습니다.",
    ),
    "training.standing": Entry(
        "At the learning rate 0 nothing is learned: choose --lr above 0.",
        "학습률이 0이면 가중치가 바뀌지 않습니다. 학습률을 0보다 크게 정해야 합니다.",
    ),
    "training.skipped": Entry("left out: {name}", "읽지 못해서 뺀 파일: {name}"),
    "training.damaged": Entry(
        "{error} Training goes on from the checkpoint before it.",
        "{error} 그 앞의 체크포인트에서 이어서 학습합니다.",
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
