"""What is said of a trained network: its scores, its mistakes, its report."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    # scores
    "review.class": Entry("class", "클래스"),
    "review.precision": Entry("precision", "정밀도"),
    "review.recall": Entry("recall", "재현율"),
    "review.f1": Entry("F1", "F1 점수"),
    "review.images": Entry("images", "이미지"),
    "review.trained_on": Entry("trained on", "학습 이미지"),
    "review.label": Entry("true class", "정답"),
    "review.named": Entry("the network says", "신경망의 답"),
    "review.right_of": Entry("{right:,} of {total:,} right", "{total:,}개 가운데 {right:,}개가 맞음"),
    # mistakes
    "review.most_sure": Entry(
        "{count} mistakes, the most confident ones first", "가장 확신한 것부터 본 오답 {count}개"
    ),
    "review.is": Entry("true: {name}", "정답: {name}"),
    "review.taken_for": Entry("says: {name}", "답: {name}"),
    "review.sure": Entry("with {share}", "확률: {share}"),
    # the report
    "review.title": Entry("{model}: a report", "{model}: 보고서"),
    "review.accuracy": Entry("accuracy", "정확도"),
    "review.loss": Entry("loss", "손실"),
    "review.parameters": Entry("parameters", "매개변수"),
    "review.doubts": Entry("Doubts", "의심스러운 점"),
    "review.recipe": Entry("Recipe", "학습 방법"),
    "review.training": Entry("Training", "학습 과정"),
    "review.numbers": Entry("Histories of weights", "가중치의 변화"),
    "review.classes": Entry("Classes", "클래스별 점수"),
    "review.lowest": Entry(
        "The {shown} classes with the lowest F1, of {count:,}.",
        "클래스 {count:,}개 가운데 F1 점수가 가장 낮은 {shown}개입니다.",
    ),
    "review.confusions": Entry("Confusions", "혼동"),
    "review.how_matrix": Entry(
        "Rows are true classes, columns what the network says. A cell is as strong as its share of the row: blue is "
        "right, vermilion wrong.",
        "행은 정답이고 열은 신경망의 답입니다. 칸의 진하기는 그 행에서 차지하는 비율입니다. 파랑은 맞은 것, 주홍은 "
        "틀린 것입니다.",
    ),
    "review.frequent": Entry("most frequent", "가장 잦은 혼동"),
    "review.times": Entry("{count:,} of {total:,}", "{total:,}개 가운데 {count:,}개"),
    "review.mistakes": Entry("The most confident mistakes", "가장 확신한 오답"),
    "review.no_mistakes": Entry(
        "There are none: every image is right.", "없습니다. 모든 이미지를 맞혔습니다."
    ),
    "review.how_maps": Entry(
        "Each shows the image, where layer {layer} sees the class that the network says (Grad-CAM, in yellow), and how "
        "each pixel changes that class's logit (saliency: blue raises it, vermilion lowers it).",
        "차례로 이미지, 신경망이 답한 클래스를 본 곳(노랑, 층 {layer}의 클래스 활성화 지도), 픽셀마다 그 클래스의 "
        "로짓을 바꾸는 정도(기울기 지도: 파랑은 올리고 주홍은 내림)입니다.",
    ),
    "review.how_slopes": Entry(
        "Each shows the image, and how each pixel changes the logit of the class that the network says (saliency: blue "
        "raises it, vermilion lowers it). No layer has more than one pixel, so there is no map of where it looks.",
        "차례로 이미지, 신경망이 답한 클래스의 로짓을 픽셀마다 바꾸는 정도(기울기 지도: 파랑은 올리고 주홍은 내림)"
        "입니다. 픽셀이 둘 이상인 층이 없어 어디를 보는지 나타낸 지도는 없습니다.",
    ),
    "review.image": Entry("image", "이미지"),
    "review.map": Entry("where it looks", "보는 곳"),
    "review.slopes": Entry("what changes it", "바꾸는 것"),
    "review.epoch": Entry("epoch", "에포크"),
    "review.step": Entry("step", "단계"),
    "review.training_loss": Entry("training loss", "학습 손실"),
    "review.validation_loss": Entry("validation loss", "검증 손실"),
    "review.validation_accuracy": Entry("validation accuracy", "검증 정확도"),
    "review.each_step": Entry("each step", "단계마다"),
    "review.learning_rate": Entry("learning rate", "학습률"),
    "review.curves": Entry("Training: {epochs:,} epochs", "학습 과정: 에포크 {epochs:,}개"),
    "review.averaged": Entry("each point the mean of {steps} steps", "점마다 단계 {steps}개의 평균"),
    "review.made_by": Entry("made by Pellucid {version}", "만든 것: Pellucid {version}"),
}
