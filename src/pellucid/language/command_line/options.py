"""What `--help` says of options and arguments, of what stands for their values, and of what they are when not given."""

from pellucid.language.entry import Area, Entry

OPTIONS: Area = {
    "option.version": Entry("Print the version.", "버전을 출력합니다."),
    "option.any_model": Entry(
        "A saved network's file, or a name for one with fresh weights.",
        "저장한 신경망의 파일, 또는 가중치를 새로 초기화할 신경망의 이름",
    ),
    "option.saved_model": Entry(
        "A file that `pellucid train --out` wrote.", "`pellucid train --out`으로 저장한 파일"
    ),
    "option.model_or_file": Entry(
        "A network's name or a saved one's file.", "신경망의 이름이나 저장한 신경망의 파일"
    ),
    "option.data": Entry("The dataset.", "데이터셋"),
    "option.json": Entry(
        "Print one JSON document on stdout and nothing else there.",
        "표준 출력에 JSON 문서 하나만 출력합니다.",
    ),
    "option.lang": Entry("The language.", "언어"),
    "option.lr": Entry("The learning rate.", "학습률"),
    "option.momentum": Entry(
        "How much of the last update goes on; sgd only.",
        "지난번 갱신을 이어 가는 비율(모멘텀), sgd에만 씁니다.",
    ),
    "option.optimizer": Entry("The rule of updates.", "갱신 규칙(옵티마이저)"),
    "option.sample": Entry(
        "The number of the first test image in the batch, from 0.",
        "배치의 첫 시험용 이미지 번호, 0부터 셉니다.",
    ),
    "option.seed": Entry(
        "Decides the initial weights and the order of the images.",
        "초기 가중치와 이미지의 순서를 정하는 시드",
    ),
    "option.threads": Entry("How many threads compute.", "계산에 쓸 스레드 수"),
    "option.train_model": Entry(
        "The network; vgg_small wants adam, or sgd with --lr 0.02, alexnet larger images.",
        "학습할 신경망: vgg_small에는 adam이나 --lr 0.02인 sgd가 맞고, alexnet에는 더 큰 이미지가 필요합니다.",
    ),
    "option.epochs": Entry("How often each image is seen.", "이미지마다 학습에 쓰는 횟수"),
    "option.batch_size": Entry("Images per update.", "갱신 한 번에 쓰는 이미지 수"),
    "option.out": Entry(
        "Save the trained network in this safetensors file.",
        "학습한 신경망을 저장할 safetensors 파일",
    ),
    "option.allow_nonfinite": Entry(
        "Save the network even if it holds NaN or infinite numbers.",
        "신경망에 NaN이나 무한대가 있어도 저장합니다.",
    ),
    "option.images": Entry(
        "Image files; mnist:17 is MNIST's test digit 17.",
        "이미지 파일: mnist:17은 MNIST의 시험용 숫자 17번입니다.",
    ),
    "option.invert": Entry(
        "Swap light and dark: MNIST's digits are light on dark.",
        "밝기를 뒤집습니다. MNIST의 숫자는 어두운 바탕에 밝은 글씨입니다.",
    ),
    "option.classes": Entry(
        "How many classes to name, the likeliest first.",
        "몇 개의 클래스를 볼지 정합니다. 가능성이 높은 것부터 보여 줍니다.",
    ),
    "option.input": Entry("The shape of one input.", "입력 하나의 모양"),
    "option.plan_batch": Entry("Images in a batch.", "배치 하나의 이미지 수입니다."),
    "option.plan_training": Entry("A training step, or inference.", "학습 스텝과 추론 중 하나를 고릅니다."),
    "option.formulas": Entry(
        "Also write out where every number comes from.", "모든 수가 어디서 나왔는지 식도 적습니다."
    ),
    "option.lines": Entry(
        'Networks, such as "input 3x227x227; conv 96 k11 s4; relu; pool k3 s2; flatten; dense 10", '
        "or alexnet-lecture, alexnet-published.",
        '"input 3x227x227; conv 96 k11 s4; relu; pool k3 s2; flatten; dense 10"처럼 적은 신경망, 또는 '
        "alexnet-lecture나 alexnet-published",
    ),
    "option.at": Entry(
        'The number, as "conv1.output[0,5,14,13]", "grad(conv1.weight)[5,0,2,2]" or "updated(conv1.weight)[5,0,2,2]".',
        '설명할 수의 주소, 예: "conv1.output[0,5,14,13]", "grad(conv1.weight)[5,0,2,2]", '
        '"updated(conv1.weight)[5,0,2,2]"',
    ),
    "option.images_in_batch": Entry("Images in the batch.", "배치에 든 이미지 수"),
    "option.explain_infer": Entry(
        "Record inference, as `predict` does it, not a training step.",
        "학습 단계 대신 `predict`가 하는 것과 같은 추론을 기록합니다.",
    ),
    "option.top": Entry(
        "How many terms to show, the largest first.", "항을 몇 개 볼지 정합니다. 큰 것부터 보여 줍니다."
    ),
    "option.depth": Entry(
        "Also follow the largest terms back, through so many numbers.",
        "큰 항이 나온 곳도 이만큼의 단계를 거슬러 따라갑니다.",
    ),
    "option.html": Entry("Write a page for a browser, too.", "브라우저로 볼 페이지도 저장합니다."),
    "option.sample_size": Entry(
        "How many numbers of each array to check; all, where it has no more.",
        "배열마다 수를 몇 개 검사할지 정합니다. 배열이 더 작으면 모두 검사합니다.",
    ),
    "option.bench_models": Entry("Networks.", "속도를 잴 신경망"),
    "option.bench_train": Entry("Measure training steps.", "학습 단계의 속도를 잽니다."),
    "option.bench_infer": Entry("Measure inference.", "추론의 속도를 잽니다."),
    "option.bench_layers": Entry(
        "Measure each layer and loop of Pellucid's training step.",
        "Pellucid 학습 단계의 층과 반복문마다 속도를 잽니다.",
    ),
    "option.images_per_batch": Entry("Images per batch.", "배치마다 든 이미지 수"),
    "option.rounds": Entry("How many turns each engine has.", "엔진마다 차례가 돌아오는 횟수"),
    "option.peers": Entry(
        "Engines to compare with, as torch,jax or torch-eager,ncnn.",
        "비교할 엔진, 예: torch,jax 또는 torch-eager,ncnn",
    ),
    "option.cold": Entry(
        "Also start with no compiled code kept from earlier.",
        "전에 컴파일해 둔 코드 없이 시작하는 시간도 잽니다.",
    ),
    "option.markdown": Entry("Write the report there, too.", "결과를 이 파일에도 저장합니다."),
    "option.warmup_models": Entry(
        "Networks' names or saved ones' files.", "신경망의 이름이나 저장한 신경망의 파일"
    ),
}

VALUES: Area = {
    "value.any_model": Entry("model", "모델"),
    "value.address": Entry("ADDRESS", "주소"),
    "value.file": Entry("FILE", "파일"),
    "value.image": Entry("IMAGE...", "이미지..."),
    "value.kernel": Entry("KERNEL", "커널"),
    "value.kernel_or_rows": Entry("NAME|ROWS", "이름|행"),
    "value.line": Entry("LINE...", "신경망..."),
    "value.matrix": Entry("MATRIX", "행렬"),
    "value.model": Entry("MODEL", "모델"),
    "value.models": Entry("[MODEL]...", "[모델]..."),
    "value.photo": Entry("PHOTO", "사진"),
    "value.signal": Entry("SIGNAL", "신호"),
}

DEFAULTS: Area = {
    "default.all": Entry("all", "모두"),
    "default.all_names": Entry("all names", "이름이 있는 것 모두"),
    "default.at": Entry("an overview of all layers", "모든 층의 요약"),
    "default.batch": Entry("64; resnet18 32, alexnet 16", "64, resnet18은 32, alexnet은 16"),
    "default.depth": Entry("only the number itself", "그 수만"),
    "default.explain_batch": Entry("1 with --at, else {overview}", "--at이 있으면 1, 없으면 {overview}"),
    "default.frame": Entry("the last one", "마지막 장면"),
    "default.input": Entry("the network's own", "신경망이 정한 모양"),
    "default.inputs": Entry("each network's own", "신경망마다 정한 모양"),
    "default.lang": Entry("PELLUCID_LANG, or en", "PELLUCID_LANG, 없으면 en"),
    "default.lr": Entry("0.05 for sgd, 0.001 for the others", "sgd는 0.05, 나머지는 0.001"),
    "default.sigma": Entry("the size's, or 1", "크기에 맞는 값, 크기가 없으면 1"),
    "default.size": Entry("the kernel's", "커널마다 다름"),
    "default.threads": Entry("one per core", "코어마다 하나"),
    "default.top": Entry("{alone}, with --depth {deep}", "{alone}, --depth가 있으면 {deep}"),
}
