"""What all rooms say: the form of a message, sizes, arrays, memory, calls."""

SENTENCES = {
    # the form of a message
    "{message}. Expected {expected}": "{message}. 필요: {expected}",
    "{message}. Got {got}": "{message}. 실제: {got}",
    "{message}. Hint: {hint}": "{message}. 힌트: {hint}",
    "{one} or {other}": "{one} 또는 {other}",
    "one of {names}": "{names} 중 하나",
    # sizes and numbers
    "0 to {last}": "0~{last}",
    "1 to {most}": "1~{most}",
    "{low:g} to {high:g}": "{low}~{high}",
    "at most {most}": "{most} 이하",
    "less than 2³¹": "2³¹보다 작은 수",
    "1 value ≥ {minimum}": "{minimum} 이상의 값 1개",
    "{dims} values ≥ {minimum}": "{minimum} 이상의 값 {dims}개",
    "{count} values": "값 {count}개",
    "{count} numbers": "수 {count}개",
    "{count} or more": "{count}개 이상",
    "{count} bytes": "{count}바이트",
    "at most {most} bytes": "{most}바이트 이하",
    "{number} at {place}": "{place} 위치의 {number}",
    "shape {shape}": "모양 {shape}",
    "{name} is too large": "값이 너무 큽니다: {name}",
    "{name} must be a whole number": "정수여야 합니다: {name}",
    "{name} must be an integer, or one integer per axis": "정수이거나 축마다 정수 하나씩이어야 합니다: {name}",
    "{name} must be a number in {interval}": "다음 범위의 수여야 합니다: {name}, {interval}",
    "{name} must be True or False": "True 또는 False여야 합니다: {name}",
    "{name} has no such value": "그런 값은 없습니다: {name}",
    "{name} must be callable": "호출할 수 있어야 합니다: {name}",
    "an input shape has sizes ≥ 1": "입력 모양의 크기는 모두 1 이상이어야 합니다",
    "seed must be a whole number": "seed는 정수여야 합니다",
    "padding='same' needs stride 1": "padding='same'은 스트라이드가 1일 때만 쓸 수 있습니다",
    "padding has no such name": "padding에 그런 이름은 없습니다",
    "padding needs one (before, after) pair per axis ({dims})": (
        "padding에는 축마다 (앞, 뒤) 쌍이 하나씩 있어야 합니다(축 {dims}개)"
    ),
    # windows
    "the window must not be larger than the padded input": "창은 패딩을 더한 입력보다 클 수 없습니다",
    "at most {room} positions along {name}": "{name} 축에서 {room}칸 이하",
    "{extent} (kernel {kernel}, dilation {dilation}) on input {input} with padding {before}+{after}": (
        "{extent}칸(커널 {kernel}, 팽창 {dilation}), 입력 {input}, 패딩 {before}+{after}"
    ),
    "use a smaller kernel_size or more padding": "kernel_size를 줄이거나 패딩을 늘리면 됩니다",
    "spatial sizes must be positive": "공간 축의 크기는 1 이상이어야 합니다",
    "input sizes {sizes}": "입력 크기 {sizes}",
    # arrays
    "{name} must be given": "다음이 있어야 합니다: {name}",
    "an array of real numbers": "실수로 된 배열",
    "{name} must be scaled to numbers from 0 to 1": "0부터 1까지의 수로 맞추어야 합니다: {name}",
    "floats": "실수형 배열",
    "use {name} / {most}, as batches, fit, evaluate and predict do by themselves": (
        "batches, fit, evaluate, predict가 스스로 하듯이 다음을 쓰면 됩니다: {name} / {most}"
    ),
    "{name} must be an array of real numbers": "실수로 된 배열이어야 합니다: {name}",
    "{name} must lie within the range of {dtype}": "{dtype} 자료형의 범위 안에 있어야 합니다: {name}",
    "{name} must have no masked numbers": "가려진(masked) 수가 없어야 합니다: {name}",
    "{count} masked of {size}, the first at [{first}]": "{size}개 가운데 {count}개가 가려짐, 첫 위치는 [{first}]",
    "a masked number": "가려진(masked) 수",
    "{hint}, or another number in their place": "{hint} (그 자리에 다른 수를 넣어도 됩니다)",
    "put another number in its place": "그 자리에 다른 수를 넣으면 됩니다",
    "float16, float32, float64, whole numbers or truth values": "float16, float32, float64, 정수 또는 참·거짓 값",
    "pass a NumPy array or nested lists of numbers": "NumPy 배열이나 수로 된 중첩 리스트를 넘기면 됩니다",
    "{kind} of dtype {dtype}": "{kind}, 자료형 {dtype}",
    "{kind} with rows of different lengths": "{kind}, 행마다 길이가 다름",
    "{kind} that NumPy cannot read ({error}: {said})": "{kind}, NumPy가 읽지 못함({error}: {said})",
    "use {code}": "다음을 쓰면 됩니다: {code}",
    "use t{steps} for each t in {word}": "{word} 안의 t마다 다음을 쓰면 됩니다: t{steps}",
    "use {word}.real, or abs({word})": "다음 중 하나를 쓰면 됩니다: {word}.real, abs({word})",
    # memory
    "{what} must fit in memory": "메모리에 들어가야 합니다: {what}",
    "code that is compiled and loaded": "컴파일해서 불러오는 코드",
    "the arrays must fit in memory": "배열이 메모리에 들어가야 합니다",
    "at most {room:,} bytes, which are available": "{room}바이트 이하(남은 메모리)",
    "{count:,} bytes": "{count}바이트",
    "the input as {dtype}": "{dtype} 자료형의 입력",
    "the output": "출력",
    "the array": "배열",
    "the arrays": "배열들",
    "use a smaller batch or input": "더 작은 배치나 입력을 쓰면 됩니다",
    "unable to allocate {size} for an array with shape {shape} and data type {dtype}": (
        "모양 {shape}, 자료형 {dtype} 배열에 쓸 메모리 {size} 부족"
    ),
    # calls
    "there is no setting '{name}'": "그런 설정은 없습니다: '{name}'",
    "multiple values for argument '{name}'": "같은 인수에 값이 여럿입니다: '{name}'",
    "too many positional arguments": "위치 인수가 너무 많습니다",
    "no settings": "설정 없음",
    "leave it out": "빼면 됩니다",
    "leave them out": "빼면 됩니다",
    "leave it out: networks run on the CPU": "빼면 됩니다. 신경망은 CPU에서 실행됩니다",
    "leave it out: model.astype('float64') changes a network's float type": (
        "빼면 됩니다. 신경망의 실수 자료형은 model.astype('float64')로 바꿉니다"
    ),
    "leave it out: functions do not change their input": "빼면 됩니다. 함수는 입력을 바꾸지 않습니다",
    "there are no texts in this language": "이 언어로 된 글은 없습니다",
}
