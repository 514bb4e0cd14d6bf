"""What networks say while they are traced and planned, and what threads and processors say."""

SENTENCES = {
    "there is no such algorithm": "그런 알고리즘은 없습니다",
    # tracing
    "a network's tensors have no numbers while it is traced, so NumPy functions cannot take them": (
        "신경망을 추적하는 동안 텐서에는 수가 없으므로 NumPy 함수에 넣을 수 없습니다"
    ),
    "'{name}' of shape {shape}": "'{name}', 모양 {shape}",
    "'{name}' of dtype {dtype}": "'{name}', 자료형 {dtype}",
    "use the functions of pellucid.functional": "pellucid.functional의 함수를 쓰면 됩니다",
    "a traced tensor has no attribute {attribute!r}": "추적하는 텐서에 그런 속성은 없습니다: {attribute}",
    "use pellucid.functional (flatten, relu, …) or a layer": (
        "pellucid.functional(flatten, relu, …)이나 층을 쓰면 됩니다"
    ),
    "of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=": (
        "추적하는 텐서에 쓸 수 있는 파이썬 연산자는 +, -, *, /, @, **, <, <=, >, >=뿐입니다"
    ),
    "{operator} on '{name}' of shape {shape}": "'{name}'에 쓴 {operator}, 모양 {shape}",
    "in a network a product must not mix images": "신경망에서 행렬 곱은 이미지를 섞지 않아야 합니다",
    "keep the images as the first axis of tensors with three axes or more": (
        "축이 셋 이상인 텐서의 첫째 축에 이미지를 두면 됩니다"
    ),
    "an assignment": "대입",
    "a condition": "조건",
    "a loop": "반복",
    "operands must be traced tensors, arrays of NumPy or parameters of the model": (
        "피연산자는 추적하는 텐서이거나 NumPy 배열이거나 모델의 매개변수여야 합니다"
    ),
    "make parameters and layers attributes of the module, or items of lists there": (
        "매개변수와 층을 모듈의 속성이나 속성인 리스트의 항목으로 두면 됩니다"
    ),
    "all arrays of a network must be of its float type": "신경망의 모든 배열은 신경망의 실수 자료형이어야 합니다",
    "{dtype} for '{name}'": "'{name}'의 자료형 {dtype}",
    "use astype on the whole model": "모델 전체에 astype을 쓰면 됩니다",
    "a tensor belongs to the forward that made it": "텐서는 그것을 만든 forward 안에서만 쓸 수 있습니다",
    "'{name}' of an earlier forward": "이전 forward의 '{name}'",
    "compute it anew, or return it and give it to the next forward as the input": (
        "다시 계산하거나, 반환해서 다음 forward에 입력으로 주면 됩니다"
    ),
    "{name} must have an axis for its batch": "배치 축이 있어야 합니다: {name}",
    "in a network ops that compute take at most {most} axes": (
        "신경망에서 계산하는 연산의 텐서는 축이 {most}개 이하여야 합니다"
    ),
    "a symbol has meaning only while its network is traced": "기호는 신경망을 추적하는 동안에만 쓸 수 있습니다",
    "{name} must be integers": "정수형이어야 합니다: {name}",
    "{name} must be floats": "실수형이어야 합니다: {name}",
    "a network must return tensors": "신경망은 텐서를 돌려주어야 합니다",
    "a tensor, or a tuple, a list or a dict of tensors": "텐서 하나 또는 텐서의 튜플, 리스트, 딕셔너리",
    "one output is needed here": "여기에는 출력이 하나여야 합니다",
    "tensors, with the structures that hold them, nest at most {most} deep": (
        "텐서를 담은 구조는 {most}겹까지만 겹칠 수 있습니다"
    ),
    "in a network indices come from a max pooling of it": "신경망에서 색인은 그 안의 최댓값 풀링에서 와야 합니다",
    # planning
    "all that a run takes": "실행에 드는 모든 것",
    "this op cannot be part of a network yet": "이 연산은 아직 신경망에 쓸 수 없습니다",
    "a parameter can be a weight or a bias, not an activation": (
        "매개변수는 가중치나 편향일 수 있고 활성화 값일 수는 없습니다"
    ),
    "'{symbol}' as {name}": "{name} 자리의 '{symbol}'",
    "{name} must be an array of the model, not an activation": "활성화 값이 아니라 모델의 배열이어야 합니다: {name}",
    "in a network a set must lie in one image": "신경망에서 함께 정규화되는 수는 한 이미지 안에 있어야 합니다",
    "fewer axes than the input has": "입력보다 적은 수의 축",
    "normalized_shape={normalized_shape} for input {shape}": "normalized_shape={normalized_shape}, 입력 {shape}",
    "a network's loss is one of a batch": "신경망의 손실은 배치에 대한 것이어야 합니다",
    "in a network norm_type must be finite": "신경망에서 norm_type은 유한해야 합니다",
    "pool the absolute values by max_pool": "절댓값을 max_pool로 풀링하면 됩니다",
    "the output must have every position that max pooling may find": (
        "출력에는 최대 풀링이 고를 수 있는 모든 위치가 있어야 합니다"
    ),
    "0 to {most} of {read}, the sizes of '{name}'": "'{name}'의 크기 {read}에서 0~{most}",
    "pass output_size={read}": "다음을 넘기면 됩니다: output_size={read}",
    "in a network only the axes behind the channels are padded": "신경망에서는 채널 뒤의 축에만 패딩을 둘 수 있습니다",
    "at most {most} widths for input {input}": "폭 {most}개 이하, 입력 {input}",
    # threads and processors
    "the compiler": "컴파일러",
    "environment": "환경 변수",
    "this processor runs no such code": "이 프로세서는 그런 코드를 실행하지 못합니다",
    "the number of threads must be an integer": "스레드 수는 정수여야 합니다",
    "the system must give one more thread": "시스템에서 스레드를 하나 더 얻어야 합니다",
    "the system must give so many threads": "시스템에서 그만큼의 스레드를 얻어야 합니다",
    "thread {number} was refused": "{number}번째 스레드에서 거절됨",
    "use set_num_threads({number}) or a higher limit on processes": (
        "set_num_threads({number}) 호출로 줄이거나 프로세스 수의 제한을 늘리면 됩니다"
    ),
}
