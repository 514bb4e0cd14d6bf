"""What commands and the bench say of their arguments."""

SENTENCES = {
    "history '{path}'": "학습 기록 '{path}'",
    "{names} or a file": "{names} 또는 파일",
    "there is no such network and no such file": "그런 신경망도 그런 파일도 없습니다",
    "a result must not take the place of the network it is made of": (
        "결과를 그것을 만든 신경망의 파일에 덮어쓸 수 없습니다"
    ),
    "{option} must be {form}, each a whole number from 1 to 999999": (
        "{form} 꼴이어야 하고 저마다 1부터 999999까지의 정수여야 합니다: {option}"
    ),
    "such as {example}": "예를 들어 {example}",
    "{option} must be a whole number, or one per axis": "정수 하나이거나 축마다 하나여야 합니다: {option}",
    "such as 2 or 2,1": "예를 들어 2 또는 2,1",
    "{option} must have rows of equally many numbers": "행마다 수의 개수가 같아야 합니다: {option}",
    "such as '0 1 2; 3 4 5'": "예를 들어 '0 1 2; 3 4 5'",
    "rows of {lengths}": "행의 길이 {lengths}",
    "{option} must hold numbers": "수가 있어야 합니다: {option}",
    "numbers such as '1 2 3'": "예를 들어 '1 2 3' 같은 수",
    "numbers such as '1 2 3' or one of {names}": "예를 들어 '1 2 3' 같은 수, 또는 {names} 중 하나",
    "there is no such test image": "그런 시험 이미지는 없습니다",
    "only sgd takes --momentum": "--momentum은 sgd에만 쓸 수 있습니다",
    "a test digit is named by its number": "시험 이미지는 번호로 골라야 합니다",
    "such as mnist:17": "예를 들어 mnist:17",
    "--top and --depth are about one number": "--top과 --depth는 수 하나를 설명할 때만 쓸 수 있습니다",
    "say which with --at": "어느 수인지 --at으로 고르면 됩니다",
    "--lr and --momentum belong to training, and inference has no update": (
        "추론에는 갱신이 없으므로 --lr와 --momentum은 학습에만 쓸 수 있습니다"
    ),
    "leave out --infer to record a training step": "학습 단계를 기록하려면 --infer를 빼면 됩니다",
    "page '{path}'": "페이지 '{path}'",
    "say what to do": "무엇을 할지 정해야 합니다",
    "either --kernel or --sheet": "--kernel 또는 --sheet",
    "--size, --sigma, --flip and --raw are for one --kernel, not for --sheet": (
        "--size, --sigma, --flip, --raw는 --kernel에만 쓸 수 있고 --sheet에는 쓸 수 없습니다"
    ),
    "a sheet is drawn of at most 16 bits a channel": "한 장에 모아 그리는 사진은 채널당 16비트 이하여야 합니다",
    "pixels of {dtype}": "{dtype} 픽셀",
    "slide one --kernel over it, to a .tif": "--kernel 하나로 .tif 파일을 만들면 됩니다",
    # the bench
    "report '{path}'": "보고서 '{path}'",
    "there is no such peer": "그런 비교 대상은 없습니다",
    "Pellucid cannot do {case}": "Pellucid로 할 수 없습니다: {case}",
    "the inputs of {case}": "{case}의 입력",
    "a batch": "배치",
    # networks and data of commands
    "{names}, a line such as 'conv 16 k3; relu; flatten; dense', or my_net.py:Net": (
        "{names}, 'conv 16 k3; relu; flatten; dense'처럼 한 줄로 적은 것, 또는 my_net.py:Net"
    ),
    "there is no such network": "그런 신경망은 없습니다",
    "a network in Python is named by its file and its class": (
        "파이썬으로 만든 신경망은 파일과 클래스로 가리켜야 합니다"
    ),
    "my_net.py:Net": "my_net.py:Net",
    "{path} has no {name}": "{path}: 그 안에 없는 이름입니다: {name}",
    "the network does not know all classes of the data": "데이터에 신경망이 모르는 클래스가 있습니다",
    "a file of settings cannot name Python code": "설정 파일로는 파이썬 코드를 가리킬 수 없습니다",
    "--model {model}": "--model {model}",
    "{path} cannot be run": "실행할 수 없는 파일입니다: {path}",
    "{model} makes no network": "신경망을 만들지 않습니다: {model}",
    "settings '{path}'": "설정 '{path}'",
    "this is no TOML": "TOML이 아닙니다",
    "a setting has no such value: {name}": "쓸 수 없는 값입니다: {name}",
    "{option} must be a whole number, or height and width": "정수이거나 높이와 너비여야 합니다: {option}",
    "such as 32 or 24x32": "예: 32 또는 24x32",
    "there are no pictures in it": "폴더에 사진이 없습니다",
    "table '{path}'": "표 '{path}'",
    "no weights have the names and shapes of the model's": "이름과 모양이 모델과 같은 가중치가 없습니다",
    "there is no completion for this shell": "이 셸에서는 명령을 완성할 수 없습니다",
    "no shell": "셸 없음",
    "`{line}` prints the code for bash": "`{line}` 명령으로 bash용 코드를 출력하면 됩니다",
    "the shell's settings cannot be read": "셸의 설정 파일을 읽을 수 없습니다",
    "no parameter matches {pattern!r}": "맞는 매개변수가 없습니다: {pattern}",
}
