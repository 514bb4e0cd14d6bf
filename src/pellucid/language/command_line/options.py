"""What `--help` says of options and arguments, of what stands for their values, and of what they are when not given."""

from pellucid.language.entry import Area, Entry

OPTIONS: Area = {
    "option.version": Entry("Print the version.", "버전을 출력합니다."),
    "option.install_completion": Entry(
        "Let this shell complete commands with Tab: bash, zsh or fish.",
        "지금 쓰는 셸에서 Tab으로 명령을 완성하게 합니다: bash, zsh, fish",
    ),
    "option.show_completion": Entry("Print the shell's code for that.", "이를 위한 셸 코드를 출력합니다."),
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
    "option.data": Entry(
        "The images: mnist, a folder or archive with a folder for each class, IDX or CIFAR files, an .npz or a .csv.",
        "이미지: mnist, 클래스마다 폴더가 있는 폴더나 압축 파일, IDX나 CIFAR 파일, .npz, .csv",
    ),
    "option.size": Entry(
        "Pictures become so large: 32, or 24x32.", "사진을 이 크기로 맞춥니다: 32 또는 24x32(높이x너비)"
    ),
    "option.channels": Entry("1 for grey, 3 for colour.", "1은 흑백, 3은 컬러"),
    "option.fit": Entry(
        "What becomes of other proportions: cut off, black beside, or stretched.",
        "비율이 다른 사진을 맞추는 방법: 자르기, 검은 여백 넣기, 늘이기",
    ),
    "option.validation": Entry(
        "The share of images that is held out, where the data have no part for it.",
        "검증용으로 남겨 둘 이미지의 비율, 데이터에 검증용이 따로 없을 때 씁니다.",
    ),
    "option.skip_bad": Entry(
        "Leave out pictures that cannot be read, and name them.",
        "읽을 수 없는 사진은 빼고 그 이름을 알려 줍니다.",
    ),
    "option.augment": Entry(
        'Change training images in each epoch, such as "crop 4; flip".',
        '학습 이미지를 에포크마다 바꿉니다. 예: "crop 4; flip"',
    ),
    "option.weight_decay": Entry(
        "How strongly weights, but no biases and norms, are drawn to 0.",
        "가중치를 0 쪽으로 끌어당기는 세기(가중치 감쇠). 편향과 정규화 층에는 쓰지 않습니다.",
    ),
    "option.schedule": Entry(
        "How the learning rate changes. By default it rises to --lr in the first third and falls to nearly 0.",
        "학습률을 바꾸는 방법. 기본은 처음 3분의 1 동안 --lr까지 올라갔다가 거의 0까지 내려가는 것",
    ),
    "option.history": Entry(
        "Write how training went: a .csv of the epochs, a .json of all steps, or curves as .png or .svg.",
        "학습 과정을 이 파일에 저장합니다: 에포크별 .csv, 모든 단계의 .json, 곡선을 그린 .png나 .svg",
    ),
    "option.warmup_share": Entry(
        "The share of all steps in which the learning rate grows from 0.",
        "학습률을 0에서부터 키워 가는 구간의 비율",
    ),
    "option.clip_norm": Entry(
        "Make gradients shorter whose norm is larger.", "노름이 이보다 큰 기울기는 이 길이로 줄입니다."
    ),
    "option.ema": Entry(
        "Validate and save moving averages of the weights, with a decay such as 0.999.",
        "가중치의 이동 평균을 검증하고 저장합니다. 감쇠율은 0.999처럼 정합니다.",
    ),
    "option.label_smoothing": Entry(
        "How much of each label is spread over all classes.", "레이블을 모든 클래스에 나누어 주는 비율"
    ),
    "option.class_weights": Entry(
        "Let a class weigh the more the fewer images it has.", "이미지가 적은 클래스일수록 무겁게 셉니다."
    ),
    "option.early_stopping": Entry(
        "End after so many epochs without a better validation, and keep the best network.",
        "검증 결과가 이만큼의 에포크 동안 나아지지 않으면 끝내고 가장 좋았던 신경망을 남깁니다.",
    ),
    "option.from": Entry(
        "Begin with the weights of a file that `pellucid train --out` wrote, as far as they fit: its last layer is "
        "made anew for other classes.",
        "`pellucid train --out`으로 저장한 파일의 가중치로 시작합니다. 클래스가 다르면 마지막 층만 새로 만듭니다.",
    ),
    "option.format": Entry(
        "What other programs read: safetensors, or npz of NumPy, without pickles.",
        "다른 프로그램이 읽을 형식: safetensors, 또는 객체를 담지 않는 NumPy의 npz",
    ),
    "option.export_out": Entry(
        "The file, whose name ends in .safetensors or .npz.",
        "내보낼 파일, 이름은 .safetensors나 .npz로 끝납니다.",
    ),
    "option.freeze": Entry(
        "Parameters that stay as they are, such as 'features.*'; a new last layer is always trained.",
        "바꾸지 않을 매개변수, 예: 'features.*'. 새로 만든 마지막 층은 늘 학습합니다.",
    ),
    "option.checkpoint": Entry(
        "A folder in which the run is saved, at each epoch's end and every five minutes.",
        "학습 상태를 이 폴더에 저장합니다. 에포크가 끝날 때와 5분마다 저장합니다.",
    ),
    "option.resume": Entry(
        "Go on from the newest checkpoint, with the same bits as without a break.",
        "가장 최근의 체크포인트에서 이어서 학습합니다. 멈추지 않은 것과 비트까지 같습니다.",
    ),
    "option.config": Entry(
        "Settings in a TOML file; options override them.",
        "설정을 적은 TOML 파일을 읽습니다. 옵션이 있으면 옵션을 따릅니다.",
    ),
    "option.quiet": Entry("Print no progress.", "진행 상황을 출력하지 않습니다."),
    "option.verify_all": Entry("Make every step again.", "모든 단계를 다시 계산합니다."),
    "option.verify_checkpoint": Entry(
        "The run's folder of checkpoints: stretches of the sample begin there.",
        "학습의 체크포인트 폴더: 일부만 확인할 때 그 체크포인트에서 시작합니다.",
    ),
    "option.receipt": Entry("The receipt's file.", "영수증 파일"),
    "option.verify_from": Entry(
        "The saved network that the run took its weights from.",
        "학습을 시작할 때 가중치를 가져온 저장된 신경망",
    ),
    "option.number_history": Entry(
        "Show how training moved this weight, step by step; MODEL is then a run's folder of checkpoints.",
        "학습이 이 가중치를 어떻게 움직였는지 단계별로 보여 줍니다. 이때 MODEL은 학습의 체크포인트 폴더입니다.",
    ),
    "option.step": Entry(
        "With --history: show how this step of the run changed the number.",
        "--history와 함께: 학습의 이 단계가 그 수를 어떻게 바꾸었는지 보여 줍니다.",
    ),
    "option.python": Entry(
        "Where a network from Python is: my_net.py:Net.", "파이썬으로 만든 신경망이 있는 곳: my_net.py:Net"
    ),
    "option.csv": Entry("Write the classes as a table there, too.", "결과를 표로 이 파일에도 저장합니다."),
    "option.report": Entry(
        "Write a report as HTML: scores of each class, mistakes, and why.",
        "클래스별 점수와 오답, 그 까닭을 담은 보고서를 HTML로 저장합니다.",
    ),
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
        "The network: tiny (for a few hundred pictures), lenet5, mnist_cnn, vgg_small, vgg11, vgg16, alexnet, "
        "resnet18, resnet20, resnet50, densenet121, squeezenet, googlenet, mobilenet_v2, mobilenet_v3_small, "
        "efficientnet_b0, shufflenet_v2, convnext_tiny, unet (a class for each pixel), a line such as "
        '"conv 32 k3 p1; relu; pool k2; flatten; dense", or my_net.py:Net.',
        "학습할 신경망: tiny(사진 몇백 장에 알맞음), lenet5, mnist_cnn, vgg_small, vgg11, vgg16, alexnet, resnet18, "
        "resnet20, resnet50, densenet121, squeezenet, googlenet, mobilenet_v2, mobilenet_v3_small, efficientnet_b0, "
        "shufflenet_v2, convnext_tiny, unet(픽셀마다 클래스 하나), "
        '"conv 32 k3 p1; relu; pool k2; flatten; dense"처럼 한 줄로 적은 것, 또는 my_net.py:Net',
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
        "Image files, or folders of them; mnist:17 is MNIST's test digit 17.",
        "이미지 파일이나 폴더: mnist:17은 MNIST의 시험용 숫자 17번입니다.",
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
    "value.augment": Entry("WORDS", "낱말"),
    "value.data": Entry("mnist|PATH", "mnist|경로"),
    "value.folder": Entry("FOLDER", "폴더"),
    "value.network": Entry("NAME|LINE|FILE.py:CLASS", "이름|한 줄|파일.py:클래스"),
    "value.python": Entry("FILE.py:CLASS", "파일.py:클래스"),
    "value.pattern": Entry("PATTERN", "무늬"),
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
    "default.receipt": Entry("beside the model's file", "모델 파일 옆"),
    "default.format": Entry(
        "as the file's name, or safetensors", "파일 이름에 맞는 형식, 없으면 safetensors"
    ),
    "default.export_out": Entry(
        "the model's name, ending in .weights.safetensors or .weights.npz",
        "모델 이름에 .weights.safetensors나 .weights.npz를 붙인 것",
    ),
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
    "default.channels": Entry("as the pictures", "사진과 같게"),
    "default.model": Entry("lenet5, or that of --from", "lenet5, --from이 있으면 그 신경망"),
    "default.picture_size": Entry("the pictures' own, or 32", "사진의 크기, 서로 다르면 32"),
    "default.weight_decay": Entry(
        "0.0005 for sgd, 0 for adam, 0.01 for adamw", "sgd는 0.0005, adam은 0, adamw는 0.01"
    ),
    "default.lr": Entry("0.05 for sgd, 0.001 for the others", "sgd는 0.05, 나머지는 0.001"),
    "default.sigma": Entry("the size's, or 1", "크기에 맞는 값, 크기가 없으면 1"),
    "default.size": Entry("the kernel's", "커널마다 다름"),
    "default.threads": Entry("one per core", "코어마다 하나"),
    "default.top": Entry("{alone}, with --depth {deep}", "{alone}, --depth가 있으면 {deep}"),
}
