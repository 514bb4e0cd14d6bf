"""What the overview of a recording says.

In Korean no particle follows a placeholder whose form would depend on the value.
"""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "overview.step": Entry(
        "Training step, {samples:,} samples, loss {loss:.6g}",
        "학습 한 단계, 샘플 {samples:,}개, 손실 {loss:.6g}",
    ),
    "overview.inference": Entry("Inference, {samples:,} samples", "추론, 샘플 {samples:,}개"),
    "overview.layer": Entry("layer", "층"),
    "overview.op": Entry("op", "연산"),
    "overview.shape": Entry("shape", "모양"),
    "overview.mean": Entry("mean", "평균"),
    "overview.std": Entry("std", "표준편차"),
    "overview.dead": Entry("dead", "죽음"),
    "overview.saturated": Entry("sat.", "포화"),
    "overview.grad_norm": Entry("‖grad‖", "‖기울기‖"),
    "overview.update_ratio": Entry("update/w", "갱신비"),
    "overview.suspicious": Entry("Suspicious: {layer} — {reason}", "의심스러운 층: {layer} — {reason}"),
    "overview.also": Entry("Also: {layer} — {reason}", "그 밖에: {layer} — {reason}"),
    "overview.nothing": Entry("Nothing suspicious.", "의심스러운 곳이 없습니다."),
    "overview.not_finite": Entry(
        "{count:,} of the {size:,} numbers of {array} are NaN or infinite, the first of them {address}. Everything "
        "that was computed before is finite.",
        "{array}의 수 {size:,}개 중 {count:,}개가 NaN이거나 무한대입니다. 처음 나오는 곳은 {address}입니다. "
        "이보다 먼저 계산한 수는 모두 유한합니다.",
    ),
    "overview.dead_units": Entry(
        "{share:.0%} of its {units:,} units are 0 for all samples. No gradient passes them, so that they cannot learn "
        "any more: a learning rate that is too large or a large negative bias does that.",
        "유닛 {units:,}개 중 모든 샘플에서 0인 것의 비율이 {share:.0%}입니다. 죽은 유닛은 기울기를 전하지 않으므로 "
        "더는 학습되지 않습니다. 학습률이 너무 크거나 편향이 큰 음수일 때 생기는 일입니다.",
    ),
    "overview.saturated_units": Entry(
        "{share:.0%} of its numbers are saturated: there the slope is less than a hundredth of the steepest, so that "
        "hardly any gradient passes. Smaller weights or a normalisation before it keep inputs near 0.",
        "포화된 수의 비율이 {share:.0%}입니다. 그곳의 기울기는 가장 가파른 곳의 100분의 1보다 작아 역전파가 거의 "
        "전해지지 않습니다. 가중치를 줄이거나 앞에 정규화를 두면 입력이 0 가까이에 머뭅니다.",
    ),
    "overview.vanishing": Entry(
        "the gradient vanishes: its norm is {norm:.2g} here and {first:.2g} where the backward pass begins. All layers "
        "before this one learn slowly or not at all.",
        "기울기가 소실됩니다. 역전파가 시작되는 곳의 노름은 {first:.2g}인데 여기서는 {norm:.2g}입니다. 이보다 앞의 "
        "층은 아주 느리게 학습되거나 전혀 학습되지 않습니다.",
    ),
    "overview.exploding": Entry(
        "the gradient explodes: its norm is {norm:.2g} here and {first:.2g} where the backward pass begins. Smaller "
        "initial weights or a normalisation keep it in bounds.",
        "기울기가 폭발합니다. 역전파가 시작되는 곳의 노름은 {first:.2g}인데 여기서는 {norm:.2g}입니다. 초기 가중치를 "
        "줄이거나 정규화를 두면 막을 수 있습니다.",
    ),
    "overview.update_small": Entry(
        "the update is {ratio:.2g} of the weight, usual is about 0.001: the learning rate is too small, or little is "
        "left to be learned from these samples.",
        "갱신의 크기가 가중치의 {ratio:.2g}배입니다. 보통은 0.001배쯤입니다. 학습률이 너무 작거나, 이 샘플에서 더 "
        "배울 것이 거의 없습니다.",
    ),
    "overview.update_large": Entry(
        "the update is {ratio:.2g} of the weight, usual is about 0.001: the learning rate is too large.",
        "갱신의 크기가 가중치의 {ratio:.2g}배입니다. 보통은 0.001배쯤입니다. 학습률이 너무 큽니다.",
    ),
}
