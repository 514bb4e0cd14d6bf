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
    "training.test_accuracy": Entry("validation accuracy {accuracy:.2%}", "검증 정확도 {accuracy:.2%}"),
    "training.seconds": Entry("{seconds:.1f} s", "{seconds:.1f}초"),
    "training.saved": Entry("saved in {path}", "다음 파일에 저장했습니다: {path}"),
    "training.interrupted": Entry("interrupted", "중단했습니다"),
    "training.interrupted_saved": Entry(
        "interrupted; the network so far is saved in {path}",
        "중단했습니다. 그때까지 학습한 신경망은 다음 파일에 저장했습니다: {path}",
    ),
    "training.no_advice": Entry("No advice on this run: {error}", "이 학습에 대한 조언이 없습니다: {error}"),
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
    "training.rescued_elsewhere": Entry(
        "THE TRAINED NETWORK IS IN {path}", "학습한 신경망을 다음 파일에 저장했습니다: {path}"
    ),
    "training.saved_so_far": Entry(
        "Training has ended early; the network as it was left is saved in {path}.",
        "학습이 일찍 끝났습니다. 그때까지 학습한 신경망을 저장했습니다: {path}",
    ),
}
