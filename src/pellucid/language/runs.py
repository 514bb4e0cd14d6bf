"""What is said of a run that is made again, and of what it did to a number."""

from pellucid.language.entry import Entry

TEXTS = {
    "runs.begins": Entry(
        "before the first step: '{name}' is not that of the receipt",
        "첫 단계 전: '{name}' 항목이 영수증과 다릅니다",
    ),
    "runs.initial": Entry(
        "before the first step: the initial weights are not those of the receipt",
        "첫 단계 전: 초기 가중치가 영수증과 다릅니다",
    ),
    "runs.loss": Entry(
        "step {step:,}: the loss is {found!r}, and the receipt has {said!r}",
        "{step:,}단계: 손실이 영수증과 다릅니다. 다시 계산하면 {found!r}, 영수증에는 {said!r}",
    ),
    "runs.state": Entry(
        "step {step:,}: the state is not that of the receipt; the losses of steps {first:,} to {step:,} are",
        "{step:,}단계: 상태가 영수증과 다릅니다. {first:,}~{step:,}단계의 손실은 같습니다",
    ),
    "runs.longer": Entry(
        "the run goes on behind step {steps:,}, the last one of the receipt",
        "학습이 영수증의 마지막 단계인 {steps:,}단계 뒤에도 계속됩니다",
    ),
    "runs.shorter": Entry(
        "the run ends behind step {found:,}, and the receipt has {steps:,} steps",
        "학습은 {found:,}단계에서 끝나는데 영수증에는 {steps:,}단계가 있습니다",
    ),
    "runs.file_other": Entry(
        "the file's '{name}' is not that of the run", "파일의 '{name}' 항목이 학습의 것과 다릅니다"
    ),
    "runs.history_left": Entry(
        "the model that the run left has other numbers: averages, or those of its best epoch",
        "학습이 남긴 모델의 수는 이것과 다릅니다. 평균이거나 가장 좋았던 에포크의 수입니다",
    ),
    "runs.number": Entry(
        "{address} in the file is {said}, and the run makes it {found}; of this array {count:,} differ",
        "파일의 {address}: {said}, 다시 학습하면 {found}. 이 배열에서 다른 수는 {count:,}개입니다",
    ),
    "runs.file": Entry(
        "the file's arrays are not those that the receipt was written for",
        "파일의 배열이 영수증을 쓸 때의 배열과 다릅니다",
    ),
    "runs.whole": Entry(
        "verified: all {steps:,} steps, made again, have the bits of the receipt. "
        "This model comes from this data by this recipe, in edition {edition} of the arithmetic",
        "확인했습니다. {steps:,}단계를 모두 다시 계산했고 비트가 영수증과 같습니다. "
        "이 모델은 이 데이터와 이 설정에서, 산술 {edition}판으로 나왔습니다",
    ),
    "runs.sample": Entry(
        "verified: {replayed:,} of {steps:,} steps, made again, have the bits of the receipt ({stretches}), "
        "and the file has its arrays; edition {edition} of the arithmetic",
        "확인했습니다. {steps:,}단계 가운데 {replayed:,}단계({stretches})를 산술 {edition}판으로 다시 계산했고 "
        "비트가 영수증과 같습니다. 파일의 배열도 영수증과 같습니다",
    ),
    "runs.try_all": Entry(
        "{option} makes every step again", "{option} 옵션을 주면 모든 단계를 다시 계산합니다"
    ),
    "runs.wrong": Entry("NOT verified", "영수증과 다릅니다"),
    "runs.first": Entry(
        "the first step that comes to something else is {step:,}",
        "처음으로 달라지는 단계는 {step:,}단계입니다",
    ),
    "runs.history_title": Entry("{address} over {steps:,} steps", "{address}의 {steps:,}단계"),
    "runs.history_begin": Entry("before the first step", "첫 단계 전"),
    "runs.history_change": Entry("all changes together", "모든 변화의 합"),
    "runs.history_end": Entry("behind step {step:,}", "{step:,}단계 뒤"),
    "runs.history_exact": Entry(
        "the beginning and {steps:,} changes add up exactly to the final bits",
        "처음 값과 {steps:,}번의 변화를 더하면 마지막 비트와 정확히 같습니다",
    ),
    "runs.history_step": Entry("step", "단계"),
    "runs.history_epoch": Entry("epoch", "에포크"),
    "runs.history_batch": Entry("batch", "배치"),
    "runs.history_before": Entry("before", "이전"),
    "runs.history_moved": Entry("change", "변화"),
    "runs.history_images": Entry("images that pulled most", "가장 크게 끌어당긴 이미지"),
    "runs.history_most": Entry("the steps that moved it most", "이 수를 가장 많이 움직인 단계"),
    "runs.history_value": Entry("value", "값"),
}
