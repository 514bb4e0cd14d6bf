"""What `--help` says of the program and of each command."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "command.pellucid": Entry(
        "Convolutional networks made of glass: train them fast, and see the arithmetic behind any number.",
        "속이 비치는 합성곱 신경망입니다. 빠르게 학습시키고, 어느 수든 계산 과정을 볼 수 있습니다.",
    ),
    "command.train": Entry(
        "Train a network; after each epoch say how well it does on the test images, at the end if it only guesses.",
        "신경망을 학습시킵니다. 에포크마다 시험용 이미지의 정확도를 알려 주고, 끝났을 때 찍는 것과 다를 바 없으면 "
        "그렇다고 알려 줍니다.",
    ),
    "command.train_ends": Entry(
        "Ctrl-C ends training early, as do SIGTERM and SIGHUP; with --out, what has been learned until then is saved.",
        "Ctrl-C나 SIGTERM, SIGHUP 신호를 보내면 학습을 일찍 끝냅니다. --out이 있으면 그때까지 학습한 것을 저장합니다.",
    ),
    "command.evaluate": Entry(
        "Loss and accuracy of a saved network on the test images.",
        "저장한 신경망의 손실과 정확도를 시험용 이미지로 잽니다.",
    ),
    "command.verify": Entry(
        "Make a run again, or stretches of it, and compare every bit with the receipt beside the model's file.",
        "학습을 전부 또는 일부 다시 해 보고, 모델 파일 옆에 있는 영수증과 비트 단위로 비교합니다.",
    ),
    "command.verify_ends": Entry(
        "The exit code is 0 where all agrees and 1 where something does not.",
        "모두 같으면 종료 코드는 0이고, 다른 것이 있으면 1입니다.",
    ),
    "command.predict": Entry(
        "Name the likeliest classes of images, with their probabilities.",
        "이미지마다 가능성이 가장 높은 클래스를 확률과 함께 보여 줍니다.",
    ),
    "command.export": Entry(
        "Write a saved network's weights for other programs, under PyTorch's names and with its shapes; classes' names "
        "and preprocessing go along as texts.",
        "저장한 신경망의 가중치를 다른 프로그램이 읽을 파일로 내보냅니다. 이름과 모양은 PyTorch와 같고, 클래스 이름과 "
        "전처리도 글로 함께 적습니다.",
    ),
    "command.export_read": Entry(
        "After `pellucid export digits.safetensors -o weights.safetensors`, a network of PyTorch takes them with "
        '`net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))`, one of Pellucid with '
        '`net.load_state_dict(pc.load_weights("weights.safetensors"))`.',
        "예를 들어 `pellucid export digits.safetensors -o weights.safetensors`로 내보낸 파일을 PyTorch에서는 "
        '`net.load_state_dict(safetensors.torch.load_file("weights.safetensors"))`, Pellucid에서는 '
        '`net.load_state_dict(pc.load_weights("weights.safetensors"))`로 읽습니다.',
    ),
    "command.summary": Entry(
        "Layers with output shapes, parameters, multiply–accumulates, memory and receptive fields for one image.",
        "층마다 이미지 한 장에 대한 출력 모양, 매개변수, 곱셈·누산 횟수, 메모리, 수용 영역을 보여 줍니다.",
    ),
    "command.plan": Entry(
        "The loops of a training step (SGD with momentum) or of inference, in their order: which ops each carries out "
        "and by which rules they were fused, bytes read and written, multiply–adds, chunks, places in memory.",
        "학습 한 스텝(모멘텀 SGD)이나 추론을 이루는 루프를 순서대로 보여 줍니다. 루프마다 수행하는 연산과 융합한 규칙, "
        "읽고 쓰는 바이트, 곱셈·누산 횟수, 조각 수, 메모리 위치가 나옵니다.",
    ),
    "command.plan_map": Entry(
        "Multiply–adds are those of the sums as they are defined, whatever Winograd's algorithm saves of them.",
        "곱셈·누산 횟수는 정의된 합을 기준으로 셉니다. 위노그라드 알고리즘이 줄이는 몫은 빼지 않습니다.",
    ),
    "command.shape": Entry(
        "The sizes, parameters and costs of networks described in a line, each with its formula; several are compared.",
        "한 줄로 적은 신경망의 크기, 매개변수, 비용을 식과 함께 계산합니다. 신경망이 여럿이면 서로 비교합니다.",
    ),
    "command.shape_layers": Entry(
        "Layers: conv and convt (transposed) with a number of output channels, pool, avgpool, globalpool, bn, flatten, "
        "dense with a number of outputs, relu, sigmoid, tanh, gelu, silu, softmax. Options: k kernel, s stride, "
        "p padding, d dilation, g groups, one number for all axes (k3) or one each (k3x5).",
        "층: conv와 convt(전치) 뒤에는 출력 채널 수를, dense 뒤에는 출력 수를 적습니다. 그 밖에 pool, avgpool, "
        "globalpool, bn, flatten, relu, sigmoid, tanh, gelu, silu, softmax가 있습니다. 옵션은 k 커널, s 스트라이드, "
        "p 패딩, d 팽창, g 그룹이며, k3처럼 모든 축에 같은 수를 쓰거나 k3x5처럼 축마다 하나씩 씁니다.",
    ),
    "command.explain": Entry(
        "Show how one of a network's numbers was made, term by term, with a proof that it was made so.",
        "신경망의 수 하나가 어떻게 만들어졌는지, 정말 그렇게 만들어졌다는 증명과 함께 항별로 보여 줍니다.",
    ),
    "command.explain_recording": Entry(
        "A training step is recorded on test images, and every number of it has an address: outputs, gradients, the "
        "optimiser's state, updated weights. Without --at there is an overview of the step, layer by layer, with the "
        "first layer in which something looks wrong.",
        "시험용 이미지로 학습 한 단계를 기록하며, 출력, 기울기, 옵티마이저의 상태, 갱신된 가중치까지 모든 수에 주소가 "
        "있습니다. --at이 없으면 그 단계를 층별로 요약하고, 이상해 보이는 첫 층을 알려 줍니다.",
    ),
    "command.certify": Entry(
        "Check a training step's numbers, array by array, against the exact values of their formulas.",
        "학습 한 단계의 수를 배열마다 식의 정확한 값과 비교합니다.",
    ),
    "command.certify_bounds": Entry(
        "Each must lie within the bound that its order of computation implies, and direct sums must agree with a "
        "number-by-number replay bit for bit. The exit code is 0 when all do and 1 when one does not.",
        "수마다 계산 순서에서 나오는 오차 한계 안에 있어야 하고, 직접 계산한 합은 하나씩 다시 계산한 결과와 비트까지 "
        "같아야 합니다. 모두 그러면 종료 코드 0, 하나라도 아니면 1로 끝납니다.",
    ),
    "command.filter": Entry(
        "Slide a kernel over a photo: blur, sharpen, find edges.",
        "사진에 커널을 적용하여 흐리게 하거나 선명하게 하거나 윤곽선을 찾습니다.",
    ),
    "command.filter_colours": Entry(
        "Colours are filtered alike, as far as they are seen; transparency is kept.",
        "모든 색에 똑같이 적용하되 눈에 보이는 만큼만 반영하고, 투명도는 그대로 둡니다.",
    ),
    "command.bench": Entry(
        "Measure training steps, inference and layers; without --train, --infer and --layers all three.",
        "학습 단계, 추론, 층의 속도를 잽니다. --train, --infer, --layers가 하나도 없으면 셋 다 잽니다.",
    ),
    "command.bench_engines": Entry(
        "Every engine runs in a process of its own, and all take turns. One that is not installed is named as missing.",
        "엔진마다 별도의 프로세스에서 번갈아 실행합니다. 설치되지 않은 엔진은 없다고 알려 줍니다.",
    ),
    "command.warmup": Entry(
        "Compile all that networks need for training and inference (of batches and single images), and keep it.",
        "신경망의 학습과 추론(배치와 이미지 한 장)에 필요한 코드를 모두 컴파일하여 보관합니다.",
    ),
    "command.warmup_wait": Entry(
        "Kernels are compiled when they are first used, too; this only spares the wait.",
        "커널은 처음 쓸 때에도 컴파일되므로, 이 명령은 기다리는 시간을 덜어 줄 뿐입니다.",
    ),
    "command.show": Entry(
        "Draw what a convolution does: PNG, SVG, animated GIF.",
        "합성곱이 하는 일을 그립니다: PNG, SVG, 움직이는 GIF.",
    ),
    "command.show_slide": Entry(
        "A kernel slides over a matrix, with every product and sum written in.",
        "커널이 행렬 위를 지나가며 곱과 합을 모두 적어 보입니다.",
    ),
    "command.show_convolution": Entry(
        "A kernel is flipped and slides along a signal; the area of their product draws the convolution.",
        "뒤집힌 커널이 신호를 따라 움직이고, 두 함수를 곱한 넓이가 합성곱을 그립니다.",
    ),
}
