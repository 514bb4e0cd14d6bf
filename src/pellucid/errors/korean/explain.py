"""What recordings, addresses and explanations say."""

SENTENCES = {
    # addresses
    "an address is a name and an index of plain integers": "주소는 이름과 정수로 된 색인이어야 합니다",
    "for example 'conv1.output[0,5,3,7]'": "예를 들어 'conv1.output[0,5,3,7]'",
    "for example '{example}'": "예를 들어 '{example}'",
    "'{name}' holds {size:,} numbers, and an address says which": (
        "'{name}'에는 수가 {size}개 있으므로 주소에 어느 것인지 적어야 합니다"
    ),
    "'{name}' takes {count} index": "'{name}'에는 색인이 {count}개여야 합니다",
    "'{name}' takes {count} indices": "'{name}'에는 색인이 {count}개여야 합니다",
    "index {index} lies outside axis {axis} of '{name}'": "'{name}'의 {axis}번 축을 벗어난 색인입니다: {index}",
    "'{name}' was frozen, so it has no gradient and no update": "'{name}' 매개변수는 고정되어 기울기도 갱신도 없습니다",
    "set its requires_grad = True and record again": "requires_grad = True를 정하고 다시 기록하면 됩니다",
    "the recording holds no such name": "기록에 그런 이름은 없습니다",
    "it is called '{name}' here": "여기서 쓰는 이름은 다음과 같습니다: '{name}'",
    "names() lists all of them": "names()를 보면 이름을 모두 알 수 있습니다",
    "that is the last output within this module; {hint}": "이 모듈 안의 마지막 출력입니다. {hint}",
    "it holds {names}, …; {hint}": "{names} 등이 있습니다. {hint}",
    # questions
    "sample must be a whole number above 0, or None": "sample은 1 이상의 정수이거나 None이어야 합니다",
    "{label} must be a whole number above 0": "1 이상의 정수여야 합니다: {label}",
    "a number that was given has no arithmetic to show": "주어진 수에는 보여 줄 계산이 없습니다",
    "an output, a gradient, a statistic or an update": "출력, 기울기, 통계 또는 갱신",
    "numbers made by {name} cannot be explained yet": "다음 연산이 만든 수는 아직 설명할 수 없습니다: {name}",
    "fields are of activations": "수용 영역은 활성화 값에만 있습니다",
    "the network's input, or an output of a layer": "신경망의 입력이나 층의 출력",
    "uses() lists what any number feeds": "uses()를 보면 어떤 수가 어디에 쓰이는지 알 수 있습니다",
    # recordings
    "two arrays of a recording cannot have the same name": "한 기록의 두 배열이 같은 이름을 쓸 수 없습니다",
    "names of layers and parameters must be printable, short and without brackets": (
        "층과 매개변수의 이름은 찍을 수 있는 글자로 짧게, 대괄호 없이 지어야 합니다"
    ),
    "rename the model's attribute": "모델의 속성 이름을 바꾸면 됩니다",
    "inference has no loss": "추론에는 손실이 없습니다",
    "record a training step": "학습 단계를 기록하면 됩니다",
    "record a new step": "새 단계를 기록하면 됩니다",
    "a recording that was loaded or copied has no update to carry out": (
        "불러오거나 복사한 기록에는 실행할 갱신이 없습니다"
    ),
    "commit the recording that step.record returns": "step.record가 돌려준 기록을 commit하면 됩니다",
    "this recording holds no update": "이 기록에는 갱신이 없습니다",
    "this recording's update has been carried out": "이 기록의 갱신은 이미 실행했습니다",
    "the path must name a file": "경로는 파일의 이름이어야 합니다",
    "all numbers of the run must be finite": "실행의 모든 수는 유한해야 합니다",
    "{number} in {at}": "{at}의 {number}",
    "in Python, pellucid.record(…).overview() shows every layer of such a run": (
        "파이썬에서 pellucid.record(…).overview()를 쓰면 그런 실행의 모든 층을 볼 수 있습니다"
    ),
    # files of recordings
    "recording": "기록",
    "recording file '{path}'": "기록 파일 '{path}'",
    "this is not a recording that this version of Pellucid can explain": (
        "이 버전의 Pellucid가 설명할 수 있는 기록이 아닙니다"
    ),
    "format {format}, version {version}, edition {edition} of the arithmetic": (
        "형식 '{format}', 버전 {version}, 산술 판 {edition}"
    ),
    "record the step anew": "그 단계를 다시 기록하면 됩니다",
    "a recording must have a checksum": "기록에는 체크섬이 있어야 합니다",
    "the description is broken": "설명이 깨졌습니다",
    "entry '{name}'": "항목 '{name}'",
    "names are given once": "이름은 한 번씩만 나와야 합니다",
    "entries and arrays have the same names": "항목과 배열의 이름이 같아야 합니다",
    "a name is text without brackets": "이름은 대괄호 없는 글이어야 합니다",
    "an empty array has no large axes": "빈 배열에 큰 축이 있으면 안 됩니다",
    "a count is a whole number": "개수는 정수여야 합니다",
    "aliases map names to names": "별칭은 이름을 이름에 대응시켜야 합니다",
    "an alias is the name of an array": "별칭은 배열의 이름이어야 합니다",
    "an alias stands for another name": "별칭은 다른 이름을 가리켜야 합니다",
    "{what} are named": "이름이 있어야 합니다: {what}",
    "an array was given or made": "배열은 주어졌거나 계산된 것이어야 합니다",
    "operands are names": "피연산자는 이름이어야 합니다",
    "operands are arrays that were there before": "피연산자는 앞에 있던 배열이어야 합니다",
    "there is no such op": "그런 연산은 없습니다",
    "{key} is not of the type of this setting": "설정의 자료형이 다릅니다: {key}",
    "expected {keys}": "다음 키가 있어야 합니다: {keys}",
    "the keys are {keys}": "키는 다음과 같아야 합니다: {keys}",
    "no keys": "키 없음",
    "none": "없음",
    "no more": "더 없음",
    "expected a list": "리스트여야 합니다",
    "something is computed": "계산한 것이 있어야 합니다",
    "there is an input": "입력이 있어야 합니다",
    "no layer has such settings or operands": "그런 설정이나 피연산자를 쓰는 층은 없습니다",
    "an output is called after its op": "출력의 이름은 연산의 이름을 따라야 합니다",
    "output of {name} must have the shape {shape}": "연산 {name}의 출력 모양은 다음과 같아야 합니다: {shape}",
    "'{name}' must be {dtype}, as the input is": "'{name}'의 자료형은 입력처럼 다음과 같아야 합니다: {dtype}",
    "a window has at most {most} positions": "창의 칸은 {most}개 이하여야 합니다",
    "a learning rate is a finite number ≥ 0": "학습률은 0 이상의 유한한 수여야 합니다",
    "an optimiser's steps count from 1": "최적화 단계는 1부터 세어야 합니다",
    "{name} is a whole number ≥ 0": "0 이상의 정수여야 합니다: {name}",
    "arrays must be those that a run of this network has, in its order": (
        "배열은 이 신경망의 실행에 있는 것이어야 하고 순서도 같아야 합니다"
    ),
    "operand {key!r}": "피연산자 {key}",
    "fact {key!r}": "정보 {key}",
    "order {key!r}": "순서 {key}",
    "{what} must be what a run of this network has": "이 신경망의 실행에 있는 값이어야 합니다: {what}",
}
