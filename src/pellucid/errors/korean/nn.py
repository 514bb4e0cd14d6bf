"""What layers, modules and the lines of `pellucid shape` say."""

SENTENCES = {
    "a model's arrays have no numbers while the network is traced, and cannot change": (
        "신경망을 추적하는 동안 모델의 배열에는 수가 없으며, 배열을 바꿀 수도 없습니다"
    ),
    "{kind} of shape {shape}": "{kind}, 모양 {shape}",
    "use +, -, *, /, @, ** and the functions of pellucid.functional": (
        "+, -, *, /, @, **와 pellucid.functional의 함수를 쓰면 됩니다"
    ),
    # settings of layers
    "dim must be the number of an axis": "dim은 축의 번호여야 합니다",
    "every layer must be a module": "모든 층은 모듈이어야 합니다",
    "{kind} at position {position}": "{position}번째 자리의 {kind}",
    "write Sequential(layer, layer, …); Sequential(*layers) for a list": (
        "Sequential(layer, layer, …)처럼 쓰고, 리스트라면 Sequential(*layers)로 쓰면 됩니다"
    ),
    "num_channels must be a multiple of num_groups": "num_channels는 num_groups의 배수여야 합니다",
    "normalized_shape must have at least one size": "normalized_shape에는 크기가 하나 이상 있어야 합니다",
    "an image is normalised by its own statistics, never by running ones": (
        "이미지는 자신의 통계로 정규화하며, 이동 통계는 쓰지 않습니다"
    ),
    "input must have axes {axes}": "입력의 축은 다음과 같아야 합니다: {axes}",
    "input must have axes {names}": "입력의 축은 다음과 같아야 합니다: {names}",
    "input must have {name} channels": "입력 채널 수는 다음 설정과 같아야 합니다: {name}",
    "{name} must be a multiple of groups": "groups의 배수여야 합니다: {name}",
    "{name} stays as the layer was made": "층을 만든 뒤에는 바꿀 수 없습니다: {name}",
    "make another layer in its place": "층을 새로 만들면 됩니다",
    "padding must be an integer, or (before, after) of each axis, the last axis first": (
        "padding은 정수이거나, 마지막 축부터 축마다 (앞, 뒤)여야 합니다"
    ),
    "{count} integers": "정수 {count}개",
    "padding={padding!r} for kernel_size={kernel_size!r}": "padding={padding}, kernel_size={kernel_size}",
    "align_corners is True or False, for linear modes alone": (
        "align_corners는 True 또는 False이고, 선형 보간에만 쓸 수 있습니다"
    ),
    # modules
    "model must be a Module": "model은 Module이어야 합니다",
    "forward is not written": "forward가 없습니다",
    "add `def forward(self, x)` to {name}": "다음 클래스에 `def forward(self, x)`를 쓰면 됩니다: {name}",
    "an attribute {name!r} would change nothing": "속성 {name}에 값을 넣어도 바뀌는 것이 없습니다",
    "there is no attribute {name!r}": "그런 속성은 없습니다: {name}",
    "use requires_grad_(False) or requires_grad_(True)": (
        "requires_grad_(False)나 requires_grad_(True)를 쓰면 됩니다"
    ),
    "use model.astype('float32') or model.astype('float64')": (
        "model.astype('float32')나 model.astype('float64')를 쓰면 됩니다"
    ),
    "leave it out: each step makes its gradients anew": "빼면 됩니다. 학습 단계마다 기울기를 새로 계산합니다",
    "the function must return one number": "함수는 수 하나를 돌려주어야 합니다",
    "there must be a function to differentiate": "미분할 함수가 있어야 합니다",
    "of must be a pellucid Module": "of는 pellucid의 Module이어야 합니다",
    "there is no argument {which!r}": "그런 인수는 없습니다: {which}",
    "argument {name!r} must hold floats to have a gradient": (
        "기울기를 구하려면 인수에 실수가 들어 있어야 합니다: {name}"
    ),
    "there is no module {path!r}": "그런 모듈은 없습니다: {path}",
    "there is no parameter {name!r}": "그런 매개변수는 없습니다: {name}",
    "there is no buffer {name!r}": "그런 버퍼는 없습니다: {name}",
    "a module's name is text without dots, and no method's": "모듈 이름은 점이 없고 메서드 이름이 아닌 글자여야 합니다",
    "a module's forward must not call the module itself": "모듈의 forward는 그 모듈 자신을 호출할 수 없습니다",
    "forward never ends": "forward가 끝나지 않습니다",
    "calls without end": "끝없는 호출",
    "modules, with the lists that hold them, nest at most {most} deep": (
        "모듈과 모듈을 담은 리스트는 {most}겹까지만 겹칠 수 있습니다"
    ),
    # state dicts and parameters
    "a state dict maps names to arrays": "상태 사전은 이름을 배열에 대응시켜야 합니다",
    "names and shapes must be those of the model; nothing was loaded": (
        "이름과 모양이 모델과 같아야 합니다. 아무것도 불러오지 않았습니다"
    ),
    "shapes must be those of the model; nothing was loaded": (
        "모양이 모델과 같아야 합니다. 아무것도 불러오지 않았습니다"
    ),
    "missing: {names}": "없음: {names}",
    "unexpected: {names}": "모델에 없는 이름: {names}",
    "unfit: {faults}": "맞지 않음: {faults}",
    "{first} and {count} more": "{first} 외 {count}개",
    "load its [{key!r}]": "그 안의 [{key}] 항목을 불러오면 됩니다",
    "leave out {before!r} at the beginning of the names": "이름 앞의 {before} 부분을 빼면 됩니다",
    "dtype has two choices": "dtype은 두 가지 가운데 하나여야 합니다",
    "float32 or float64": "float32 또는 float64",
    "the value": "값",
    "the shape must stay": "모양은 그대로여야 합니다",
    "a value for {dtype}": "{dtype} 자료형에 넣을 수 있는 값",
    "the kind of number must fit": "수의 종류가 맞아야 합니다",
    "the array must be writeable": "쓸 수 있는 배열이어야 합니다",
    "a read-only one": "읽기 전용 배열",
    "an array of a model has no such setting": "모델의 배열에 그런 설정은 없습니다",
    "a part of a parameter cannot be frozen by itself": "매개변수의 일부만 고정할 수는 없습니다",
    "freeze the whole parameter": "매개변수 전체를 고정하면 됩니다",
    "a view of shape {shape}": "모양 {shape}의 뷰",
    "a buffer has no gradient": "버퍼에는 기울기가 없습니다",
    "make it a Parameter": "Parameter로 만들면 됩니다",
    "the model is larger than its file": "모델이 파일보다 큽니다",
    # lines that describe a network
    "piece {position}": "조각 {position}",
    "a network needs a layer": "신경망에는 층이 있어야 합니다",
    "a line begins with the input's sizes, each from 1 to 999999": (
        "줄은 입력의 크기로 시작해야 하고, 크기는 1부터 999999까지입니다"
    ),
    "such as input 3x227x227": "예를 들어 input 3x227x227",
    "the lines that have names are {names}": "이름으로 쓸 수 있는 줄은 다음과 같습니다: {names}",
    "a piece is empty": "빈 조각이 있습니다",
    "a layer between two semicolons": "두 쌍반점 사이의 층",
    "there is no such layer": "그런 층은 없습니다",
    "the layer is too large": "층이 너무 큽니다",
    "{word} needs a number of outputs": "출력의 수가 있어야 합니다: {word}",
    "such as {word} 16": "예를 들어 {word} 16",
    "such as k3": "예를 들어 k3",
    "{known}, each with a number, such as k3": "{known}, 저마다 수를 붙여 예를 들어 k3",
    "no option": "옵션 없음",
    "{word} has no such option": "그런 옵션은 없습니다: {word}",
    "an option is given once": "옵션은 한 번만 줄 수 있습니다",
    "{word} needs a window": "창이 있어야 합니다: {word}",
    "dense needs its inputs in one axis": "dense의 입력은 축 하나에 있어야 합니다",
    "put flatten before it": "앞에 flatten을 두면 됩니다",
    "{word} needs an input with spatial axes": "입력에 공간 축이 있어야 합니다: {word}",
    "put it before flatten": "flatten 앞에 두면 됩니다",
    "{model} takes square images": "정사각형 이미지가 필요한 모델입니다: {model}",
    "--size 32": "--size 32",
    "input must be (N,C,H,W) or (C,H,W)": "입력은 (N,C,H,W)나 (C,H,W)여야 합니다",
    "unflattened_size holds whole numbers": "unflattened_size에는 정수를 적어야 합니다",
}
