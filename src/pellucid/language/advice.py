"""What is said of a run that goes nowhere: what is seen, and what to try. See `review/advice.py`."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "advice.standing": Entry(
        "At the learning rate 0 nothing is learned: choose lr above 0.",
        "학습률이 0이면 가중치가 바뀌지 않습니다. 학습률을 0보다 크게 정해야 합니다.",
    ),
    "advice.constant": Entry(
        "All {count:,} numbers of {layer} are {value:.3g}, and updates leave them equal: all its units compute the "
        "same. Make the model anew: initial weights must differ.",
        "수 {count:,}개가 모두 {value:.3g}이고 갱신해도 서로 같은 가중치가 있습니다: {layer}. 그 층의 유닛은 모두 같은 "
        "것을 계산합니다. 초기 가중치는 서로 달라야 하므로 모델을 새로 만들어야 합니다.",
    ),
    "advice.inputs_large": Entry(
        "The inputs are not normalised: their numbers are about {size:.3g} (root mean square), and initial weights are "
        "made for about 1. Divide the images by 255, or standardise them.",
        "입력을 정규화하지 않았습니다. 입력 값의 크기(제곱평균제곱근)는 {size:.3g}쯤이고, 초기 가중치는 1쯤인 입력에 "
        "맞추어져 있습니다. 이미지를 255로 나누거나 표준화하는 것이 좋습니다.",
    ),
    "advice.inputs_small": Entry(
        "The inputs are nearly 0: their numbers are about {size:.3g} (root mean square), and initial weights are made "
        "for about 1. Standardise the images, and divide them by 255 only once.",
        "입력이 거의 0입니다. 입력 값의 크기(제곱평균제곱근)는 {size:.3g}쯤이고, 초기 가중치는 1쯤인 입력에 맞추어져 "
        "있습니다. 이미지를 표준화하고, 255로는 한 번만 나누는 것이 좋습니다.",
    ),
    "advice.dead": Entry(
        "{share:.0%} of the {units:,} units of {layer}, which reads {input}, are 0 for all images, so that no gradient "
        "passes them. Make the model anew, with a smaller learning rate and without large negative biases.",
        "모든 이미지에서 0인 유닛의 비율이 {share:.0%}입니다(층 {layer}, 입력 {input}, 유닛 {units:,}개). 죽은 유닛은 "
        "기울기를 전하지 않습니다. 모델을 새로 만들고, 학습률을 줄이고, 편향이 큰 음수가 되지 않게 하는 것이 좋습니다.",
    ),
    "advice.not_finite": Entry(
        "A few more updates end in NaN or infinity: {found}. Try a smaller learning rate: lr below {lr:g}.",
        "몇 번만 더 갱신하면 NaN이나 무한대가 나옵니다: {found}. 학습률을 {lr:g}보다 작게 정하고 다시 학습하는 것이 "
        "좋습니다.",
    ),
    "advice.update_large": Entry(
        "An update changes {layer} by {ratio:.2g} of its size; usual is 0.001 to 0.05. Try a smaller learning rate: lr "
        "below {lr:g}.",
        "한 번의 갱신이 크기의 {ratio:.2g}배인 가중치가 있습니다: {layer}. 보통은 0.001배에서 0.05배입니다. 학습률을 "
        "{lr:g}보다 작게 정하고 다시 학습하는 것이 좋습니다.",
    ),
    "advice.update_small": Entry(
        "An update changes no weight by more than {ratio:.2g} of its size, that of {layer}; usual is 0.001 to 0.05. "
        "Try a larger learning rate: lr above {lr:g}.",
        "한 번의 갱신이 가중치의 크기의 {ratio:.2g}배를 넘지 않습니다(가장 많이 바뀌는 것: {layer}). 보통은 "
        "0.001배에서 0.05배입니다. 학습률을 {lr:g}보다 크게 정하고 다시 학습하는 것이 좋습니다.",
    ),
    "advice.loss_high": Entry(
        "The loss is {loss:.3g}, above log {classes:,} = {nothing:.3f}, which a network has that knows nothing of the "
        "images. Try a smaller learning rate.",
        "손실이 {loss:.3g}입니다. 이미지를 전혀 모르는 신경망의 손실 {nothing:.3f}(클래스 수 {classes:,}의 로그)보다 "
        "큽니다. 학습률을 줄이는 것이 좋습니다.",
    ),
    "advice.loss_grows": Entry(
        "The loss has grown from {first:.3g} to {loss:.3g}. Try a smaller learning rate.",
        "손실이 {first:.3g}에서 {loss:.3g}까지 커졌습니다. 학습률을 줄이는 것이 좋습니다.",
    ),
    "advice.log_classes": Entry(
        "The loss is {loss:.3f}, about log {classes:,} = {nothing:.3f}, which a network has that knows nothing of the "
        "images. Check that each image has its own label, or change the learning rate.",
        "손실이 {loss:.3f}입니다. 이미지를 전혀 모르는 신경망의 손실 {nothing:.3f}(클래스 수 {classes:,}의 로그)과 "
        "거의 같습니다. 이미지마다 제 레이블이 붙어 있는지 확인하거나 학습률을 바꾸는 것이 좋습니다.",
    ),
    "advice.one_class": Entry(
        "All {images:,} images are taken for class {name}. Make the model anew with another learning rate; where most "
        "images are of one class, weigh the classes.",
        "이미지 {images:,}장을 모두 한 클래스로 답합니다: {name}. 모델을 새로 만들고 학습률을 바꾸는 것이 좋습니다. "
        "이미지 대부분이 한 클래스이면 클래스마다 무게를 다르게 주는 것이 좋습니다.",
    ),
    "advice.guessing": Entry(
        "No better than guessing: {accuracy:.2%} of {images:,} images are right, and {chance:.2%} would be if all were "
        "taken for the most frequent class. {advice}",
        "찍는 것보다 나을 것이 없습니다. 이미지 {images:,}장의 정답률은 {accuracy:.2%}이고, 모두 가장 많은 클래스라고 "
        "답할 때의 정답률은 {chance:.2%}입니다. {advice}",
    ),
    "advice.slower": Entry(
        "Try a smaller learning rate: lr below {lr:g}.",
        "학습률을 {lr:g}보다 작게 정하고 다시 학습하는 것이 좋습니다.",
    ),
    "advice.longer": Entry(
        "Try more epochs, or a larger learning rate: lr above {lr:g}.",
        "에포크를 늘리거나 학습률을 {lr:g}보다 크게 정하는 것이 좋습니다.",
    ),
    "advice.memorised": Entry(
        "It has learned its training images by heart: get more of them, change them in each epoch (augment), or check "
        "that each has its own label.",
        "학습 이미지만 외웠습니다. 이미지를 늘리거나, 에포크마다 바꾸어 보여 주거나(증강), 이미지마다 제 레이블이 붙어 "
        "있는지 확인하는 것이 좋습니다.",
    ),
    "advice.labels": Entry(
        "Check that each image has its own label, and that it shows what tells the classes apart.",
        "이미지마다 제 레이블이 붙어 있는지, 클래스를 가르는 것이 이미지에 보이는지 확인하는 것이 좋습니다.",
    ),
    "advice.unknown_lr": Entry("Try another learning rate.", "학습률을 바꾸는 것이 좋습니다."),
}
