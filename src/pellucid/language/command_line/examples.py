"""What the examples at the end of `--help` do."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "example.train_mnist": Entry(
        "LeNet-5 learns the digits of MNIST, and is saved.",
        "LeNet-5가 MNIST의 숫자를 배우고 파일에 저장됩니다.",
    ),
    "example.train_photos": Entry(
        "A small network learns photos in a folder for each class, changed a little in every epoch.",
        "작은 신경망이 클래스마다 폴더에 담긴 사진을, 에포크마다 조금씩 바꾸어 가며 배웁니다.",
    ),
    "example.evaluate": Entry(
        "Its accuracy, and a page with what it gets wrong and why.",
        "정확도를 재고, 무엇을 왜 틀리는지 담은 문서를 만듭니다.",
    ),
    "example.predict_digit": Entry(
        "What it takes a test image of MNIST for.",
        "MNIST의 시험용 이미지 하나를 어떤 숫자로 보는지 알려 줍니다.",
    ),
    "example.predict_photos": Entry(
        "All photos in a folder and below, also as a table.",
        "폴더 안의 사진을 모두 분류하고 표로도 저장합니다.",
    ),
    "example.verify": Entry(
        "Its first hundred steps, made again and compared with its receipt.",
        "처음 100단계를 다시 계산하여 영수증과 비교합니다.",
    ),
    "example.verify_all": Entry(
        "Every step of a run on photos, made again.", "사진으로 학습한 모든 단계를 다시 계산합니다."
    ),
    "example.export": Entry(
        "Its weights by their names, for NumPy.", "가중치를 이름별로 NumPy 파일에 담습니다."
    ),
    "example.summary": Entry(
        "Its layers and costs, each with the formula.", "층과 비용을 식과 함께 보여 줍니다."
    ),
    "example.plan": Entry(
        "The loops that one training step consists of.", "학습 한 단계를 이루는 루프를 보여 줍니다."
    ),
    "example.shape": Entry(
        "Sizes and costs of a network that need not be built.",
        "만들지 않은 신경망의 크기와 비용을 계산합니다.",
    ),
    "example.explain_output": Entry(
        "Which pixels times which weights made this number.",
        "이 수가 어떤 픽셀과 어떤 가중치의 곱으로 만들어졌는지 보여 줍니다.",
    ),
    "example.explain_loss": Entry(
        "What the loss was made of, and what that was made of, three levels deep.",
        "손실이 무엇으로 만들어졌는지, 그것은 또 무엇으로 만들어졌는지 세 단계까지 보여 줍니다.",
    ),
    "example.certify": Entry(
        "Every array of a training step, 100 numbers of each.",
        "학습 한 단계의 배열마다 수 100개를 검사합니다.",
    ),
    "example.filter": Entry("A sharper photo.", "사진을 더 선명하게 만듭니다."),
    "example.filter_rows": Entry("A kernel of your own.", "직접 적은 커널을 적용합니다."),
    "example.bench": Entry(
        "Training steps beside those of PyTorch, if it is installed.",
        "학습 단계의 속도를 재고, PyTorch가 설치되어 있으면 비교합니다.",
    ),
    "example.warmup": Entry(
        "Training and inference begin at once from then on.", "이제부터 학습과 추론이 바로 시작됩니다."
    ),
    "example.slide": Entry(
        "A film in which the kernel slides, every product written in.",
        "커널이 지나가며 곱을 모두 적어 보이는 영상을 만듭니다.",
    ),
    "example.convolution": Entry(
        "A film in which one sequence slides along the other.",
        "한 수열이 다른 수열을 따라 움직이는 영상을 만듭니다.",
    ),
}
