"""What the ops say of shapes and settings, as functions and as layers."""

SENTENCES = {
    # axes and channels
    "input must have {rank} axes": "입력의 축은 {rank}개여야 합니다",
    "input must have {rank} axes, or {unbatched} without a batch": (
        "입력의 축은 {rank}개, 배치가 없으면 {unbatched}개여야 합니다"
    ),
    "input must have {rank} axes, or {unbatched} without a batch, and only the batch may be empty": (
        "입력의 축은 {rank}개, 배치가 없으면 {unbatched}개여야 하고, 배치만 비어 있을 수 있습니다"
    ),
    "input must have {rank} axes, and only the batch may be empty": (
        "입력의 축은 {rank}개여야 하고, 배치만 비어 있을 수 있습니다"
    ),
    "input must have 3 axes, or 2 without a batch": "입력의 축은 3개, 배치가 없으면 2개여야 합니다",
    "input must have 4 axes, or 3 without a batch": "입력의 축은 4개, 배치가 없으면 3개여야 합니다",
    "input must have 3, 4 or 5 axes (N, C, …)": "입력의 축은 3개, 4개 또는 5개여야 합니다(N, C, …)",
    "input must have at least 2 axes (N, C)": "입력의 축은 2개 이상이어야 합니다(N, C)",
    "input must have at least 3 axes (N, C, …)": "입력의 축은 3개 이상이어야 합니다(N, C, …)",
    "input must have channels": "입력에 채널이 있어야 합니다",
    "weight must have {rank} axes": "가중치의 축은 {rank}개여야 합니다",
    "weight must have 2 axes (out_features, in_features)": "가중치의 축은 2개여야 합니다(out_features, in_features)",
    "no axis": "축 없음",
    "an array": "배열",
    "at least one axis": "하나 이상의 축",
    "{name} must name an axis of the input": "입력에 있는 축의 번호여야 합니다: {name}",
    "an integer from {first} to {last}": "{first}부터 {last}까지의 정수",
    "an input with at least one axis": "축이 하나 이상인 입력",
    "set {setting}={channels}": "다음과 같이 정하면 됩니다: {setting}={channels}",
    "move the channel axis: np.moveaxis(x, -1, {axis})": "채널 축을 옮기면 됩니다: np.moveaxis(x, -1, {axis})",
    "move the channel axis: x.transpose{axes}": "채널 축을 옮기면 됩니다: x.transpose{axes}",
    "move the channel axis and add the batch axis, x.transpose{axes}[None]": (
        "채널 축을 옮기고 배치 축을 더하면 됩니다: x.transpose{axes}[None]"
    ),
    "add the channel axis, x[:, None]": "채널 축을 더하면 됩니다: x[:, None]",
    "add the batch axis, x[None]": "배치 축을 더하면 됩니다: x[None]",
    "{size} from weight {weight}": "{size}(가중치 {weight})",
    "{size} from input {input}": "{size}(입력 {input})",
    "{sizes} from input {input}": "{sizes}(입력 {input})",
    "{name} {shape} for input {input}": "{name} {shape}, 입력 {input}",
    "{name} must have one value per channel": "채널마다 값이 하나씩 있어야 합니다: {name}",
    # convolution
    "input channels must equal weight channels × groups": "입력 채널 수는 가중치의 채널 수 × groups와 같아야 합니다",
    "C={channels} from weight {weight}, groups={groups}": "C={channels}(가중치 {weight}, groups={groups})",
    "C={channels} from input {input}": "C={channels}(입력 {input})",
    "C={channels} from weight {weight}": "C={channels}(가중치 {weight})",
    "output channels must be a positive multiple of groups": "출력 채널 수는 groups의 양의 배수여야 합니다",
    "bias must have one value per output channel": "편향의 값은 출력 채널마다 하나여야 합니다",
    "kernel sizes must be positive": "커널 크기는 1 이상이어야 합니다",
    "input channels must be a multiple of groups": "입력 채널 수는 groups의 배수여야 합니다",
    "input channels must equal the weight's first axis": "입력 채널 수는 가중치 첫 축의 크기와 같아야 합니다",
    "the output's sizes must be positive": "출력의 크기는 1 이상이어야 합니다",
    "use less padding": "패딩을 줄이면 됩니다",
    "padding must be given as numbers": "padding은 수로 주어야 합니다",
    "output_padding must be smaller than stride or dilation": (
        "output_padding은 스트라이드나 팽창보다 작아야 합니다"
    ),
    # linear layers, sums, axes that become one
    "the input's last axis must equal in_features": "입력의 마지막 축은 in_features와 같아야 합니다",
    "set in_features={size}": "다음과 같이 정하면 됩니다: in_features={size}",
    "weight must have 2 axes (num_embeddings, embedding_dim)": (
        "가중치의 축은 2개여야 합니다: (num_embeddings, embedding_dim)"
    ),
    "padding_idx must be a row of weight": "padding_idx는 가중치의 행이어야 합니다",
    "a whole number from {first} to {last}, or None": "{first}부터 {last}까지의 정수 또는 None",
    "numbers are rows of weight, 0 to {last}": "수는 가중치의 행이어야 합니다: 0부터 {last}까지",
    "input must be integers": "input은 정수여야 합니다",
    "both operands must have at least one axis": "두 피연산자에는 축이 하나 이상 있어야 합니다",
    "both operands must have {count} axes, of one size before the matrices": (
        "두 피연산자의 축은 {count}개이고, 행렬 앞의 축은 크기가 같아야 합니다"
    ),
    "the input's last axis must equal the other's last but one": (
        "input의 마지막 축은 other의 끝에서 둘째 축과 같아야 합니다"
    ),
    "{size} from other {other}": "{size}(other {other})",
    "the axes before the matrices must broadcast: from the last one on, sizes must be equal or 1": (
        "행렬 앞의 축은 브로드캐스팅할 수 있어야 합니다. 마지막 축부터 크기가 같거나 1이어야 합니다"
    ),
    "put Flatten before the layer": "층 앞에 Flatten을 두면 됩니다",
    "bias must have one value per output feature": "편향의 값은 출력 특성마다 하나여야 합니다",
    "{input} and {other}": "{input}, {other}",
    "tensors must have the same shape except along axis {dim}": (
        "텐서의 모양은 {dim}번 축을 빼고 같아야 합니다"
    ),
    "an empty list": "빈 리스트",
    "tensors must be a list of one tensor or more": "tensors는 텐서가 하나 이상 든 리스트여야 합니다",
    "the shapes must broadcast: from the last axis on, sizes must be equal or 1": (
        "두 모양은 브로드캐스트할 수 있어야 합니다. 마지막 축부터 견주어 크기가 같거나 1이어야 합니다"
    ),
    "give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution": (
        "작은 쪽에 크기 1인 축을 넣거나, 1×1 합성곱으로 두 모양을 같게 하면 됩니다"
    ),
    "start_dim must not come after end_dim": "start_dim은 end_dim보다 뒤에 있을 수 없습니다",
    "start_dim={start_dim}, end_dim={end_dim} for input {input}": (
        "start_dim={start_dim}, end_dim={end_dim}, 입력 {input}"
    ),
    # what only moves numbers
    "{name} must not name an axis twice": "같은 축을 두 번 쓸 수 없습니다: {name}",
    "{name} must hold integers from 0 on, and −1 once at most": (
        "0 이상의 정수여야 하고, −1은 한 번만 쓸 수 있습니다: {name}"
    ),
    "{name} must hold as many numbers as there are": "원소의 개수가 같아야 합니다: {name}",
    "{total} numbers from {where}": "원소 {total}개({where})",
    "{axes} of input {input}": "입력 {input}의 {axes}",
    "sizes must not be empty": "sizes는 비어 있을 수 없습니다",
    "dims must name every axis once": "dims에는 모든 축이 한 번씩 있어야 합니다",
    "source and destination must name as many axes": "source와 destination의 축 수는 같아야 합니다",
    "an index has one … at most": "색인에 …는 한 번만 쓸 수 있습니다",
    "an index must not name more axes than there are": "색인의 항목은 축보다 많을 수 없습니다",
    "{count} for input {input}": "{count}개, 입력 {input}",
    "an index must lie within its axis": "색인은 축 안에 있어야 합니다",
    "from {first} to {last}": "{first}부터 {last}까지",
    "{index} along axis {dim} of input {input}": "입력 {input}의 {dim}번 축에서 {index}",
    "an index holds integers, slices, None and …": "색인에는 정수, 슬라이스, None, …만 쓸 수 있습니다",
    "choose by numbers with a product with a mask": "값에 따라 고르려면 마스크를 곱하면 됩니다",
    "a slice's step must be positive": "슬라이스의 간격은 양수여야 합니다",
    "step {step}": "간격 {step}",
    "use flip": "flip을 쓰면 됩니다",
    "start and length must be integers within the axis": "start와 length는 축 안에 있는 정수여야 합니다",
    "start from {first} to {last}": "{first}부터 {last}까지의 start",
    "start + length must not exceed the axis": "start + length는 축의 크기를 넘을 수 없습니다",
    "start={start}, length={length} for input {input}": "start={start}, length={length}, 입력 {input}",
    "shifts must be integers, one for each of dims": "shifts는 dims마다 하나씩인 정수여야 합니다",
    "tensors must have the same shape": "텐서의 모양은 모두 같아야 합니다",
    "{name} must be an integer from 1 on": "1 이상의 정수여야 합니다: {name}",
    "input must have at least {least} axes": "입력의 축은 {least}개 이상이어야 합니다",
    "channels must be a multiple of upscale_factor²": "채널 수는 upscale_factor²의 배수여야 합니다",
    "height and width must be multiples of downscale_factor": "높이와 너비는 downscale_factor의 배수여야 합니다",
    "channels must be a multiple of groups": "채널 수는 groups의 배수여야 합니다",
    "split_size must be from 1 on": "split_size는 1 이상이어야 합니다",
    "the sections must make up the axis": "나눈 크기들의 합은 축의 크기와 같아야 합니다",
    "integers from 0 on, {size} together": "합이 {size}인 0 이상의 정수들",
    "grad_output must have a gradient for each part": "grad_output에는 부분마다 기울기가 하나씩 있어야 합니다",
    # pooling
    "padding must be at most half of kernel_size": "padding은 kernel_size의 절반을 넘을 수 없습니다",
    "every window must hold an input element": "모든 창에 입력 원소가 하나 이상 들어가야 합니다",
    "dilation={dilation!r}, padding={padding!r} on input {input}": (
        "dilation={dilation}, padding={padding}, 입력 {input}"
    ),
    "divisor_override must be an integer other than 0": "divisor_override는 0이 아닌 정수여야 합니다",
    "divisor_override is too large": "divisor_override가 너무 큽니다",
    "norm_type must not be 0": "norm_type은 0일 수 없습니다",
    "output_size must be an integer, or one integer or None per axis": (
        "output_size는 정수이거나 축마다 정수 또는 None이어야 합니다"
    ),
    "indices must have the input's shape": "indices의 모양은 입력과 같아야 합니다",
    "output_size must lie less than a stride from what the windows say": (
        "output_size와 창으로 정해지는 크기의 차이는 스트라이드보다 작아야 합니다"
    ),
    "about {usual}": "{usual} 정도",
    "output_size must hold one integer per axis": "output_size에는 축마다 정수가 하나씩 있어야 합니다",
    "{dims} values, or {rank} with N and C": "값 {dims}개, N과 C까지 넣으면 {rank}개",
    "indices must be integers": "indices는 정수여야 합니다",
    "indices are positions, 0 to {last}": "indices는 0~{last} 범위의 위치여야 합니다",
    "use max_pool's return_indices": "max_pool의 return_indices로 얻은 값을 쓰면 됩니다",
    "every index must be a position of the output's plane": "모든 번호는 출력 평면 안의 위치여야 합니다",
    # normalisation
    "running_mean and running_var are given together": "running_mean과 running_var는 함께 주어야 합니다",
    "running_mean and running_var are given together, and always in inference": (
        "running_mean과 running_var는 함께 주어야 하고, 추론에는 꼭 있어야 합니다"
    ),
    "running_mean={mean} and running_var={var}": "running_mean={mean}, running_var={var}",
    "training needs more than 1 value per channel": "학습하려면 채널마다 값이 둘 이상 있어야 합니다",
    "use a larger batch, or inference mode": "더 큰 배치를 쓰거나 추론 모드로 실행하면 됩니다",
    "channels must be a multiple of num_groups": "채널 수는 num_groups의 배수여야 합니다",
    "a group needs more than 1 value": "그룹마다 값이 둘 이상 있어야 합니다",
    "num_groups must be an integer": "num_groups는 정수여야 합니다",
    "the input's last axes must be normalized_shape": "입력의 마지막 축들은 normalized_shape와 같아야 합니다",
    "{name} must have the shape normalized_shape": "모양이 normalized_shape와 같아야 합니다: {name}",
    "normalized_shape must be a sequence of integers": "normalized_shape는 정수의 나열이어야 합니다",
    "size must be a whole number above 0": "size는 1 이상의 정수여야 합니다",
    "size is too large": "size가 너무 큽니다",
    "without use_input_stats it needs running_mean and running_var": (
        "use_input_stats를 쓰지 않으면 running_mean과 running_var가 있어야 합니다"
    ),
    "an image's own statistics need more than 1 value per channel": (
        "이미지 자신의 통계를 내려면 채널마다 값이 둘 이상 있어야 합니다"
    ),
    "{name} must be an array of floats, because training updates it in place": (
        "학습이 그 자리에서 값을 고치므로 실수형 배열이어야 합니다: {name}"
    ),
    "{name} must be writeable, because training updates it in place": (
        "학습이 그 자리에서 값을 고치므로 쓸 수 있는 배열이어야 합니다: {name}"
    ),
    "use {name}.copy()": "다음을 쓰면 됩니다: {name}.copy()",
    "a read-only array": "읽기 전용 배열",
    # losses
    "input must have an axis of classes, and no empty one": (
        "입력에 클래스 축이 있어야 하고, 클래스가 하나 이상이어야 합니다"
    ),
    "{name} must broadcast to the input's shape": "입력의 모양으로 브로드캐스트할 수 있어야 합니다: {name}",
    "inputs must be probabilities": "입력은 확률이어야 합니다",
    "binary_cross_entropy_with_logits takes logits": "로짓에는 binary_cross_entropy_with_logits를 쓰면 됩니다",
    "target must have the input's shape without the classes": "target의 모양은 입력에서 클래스 축을 뺀 것이어야 합니다",
    "target {expected} for input {input}": "target {expected}, 입력 {input}",
    "weight must have one value per class": "가중치의 값은 클래스마다 하나여야 합니다",
    "ignore_index must be an integer": "ignore_index는 정수여야 합니다",
    "class probabilities have no class to ignore": "클래스 확률에는 무시할 클래스가 없습니다",
    "target must hold integer class numbers": "target의 값은 정수로 된 클래스 번호여야 합니다",
    "an integer dtype": "정수 자료형",
    "use target.astype(np.int64)": "target.astype(np.int64)를 쓰면 됩니다",
    "use target.reshape(-1)": "target.reshape(-1)을 쓰면 됩니다",
    "use target.argmax(axis={axis}) for one-hot targets": (
        "원-핫 정답에는 다음을 쓰면 됩니다: target.argmax(axis={axis})"
    ),
    "every target must be a class number or ignore_index": "모든 target은 클래스 번호이거나 ignore_index여야 합니다",
    "0 ≤ target < {classes}, or {ignore_index}": "0 ≤ target < {classes} 또는 {ignore_index}",
    "targets are class numbers, or {ignored}": "정답은 클래스 번호이거나 다음 값이어야 합니다: {ignored}",
    "end the network in logits (N, classes), for example with Flatten and Linear": (
        "예를 들어 Flatten과 Linear로 신경망의 끝이 로짓 (N, 클래스)이 되게 하면 됩니다"
    ),
    "input and target must have the same shape": "입력과 target의 모양이 같아야 합니다",
    # padding, resampling, columns
    "pad must hold an even number of integers, (before, after) of the last axis first": (
        "pad에는 마지막 축부터 (앞, 뒤) 순서로 짝수 개의 정수가 있어야 합니다"
    ),
    "pad must not have more pairs than the input has axes": "pad의 쌍은 입력의 축보다 많을 수 없습니다",
    "{count} pairs for input {input}": "쌍 {count}개, 입력 {input}",
    "value is for mode='constant' alone": "value는 mode='constant'일 때만 쓸 수 있습니다",
    "axis {axis} of input {input}": "입력 {input}의 {axis}번 축",
    "more is cropped than there is": "있는 것보다 많이 잘라 낼 수 없습니다",
    "pad {pair} on {where}": "{where}에 pad {pair}",
    "{width} on {where}": "{where}에 {width}",
    "mode='{mode}' must leave a position": "mode='{mode}'에서는 한 칸 이상 남아야 합니다",
    "mode='{mode}' has only so much to repeat": "mode='{mode}'에서 되풀이할 수 있는 폭을 넘었습니다",
    "mode must fit the input's axes": "mode는 입력의 축 수에 맞아야 합니다",
    "align_corners is for linear modes alone": "align_corners는 선형 보간에만 쓸 수 있습니다",
    "give either size or scale_factor": "size와 scale_factor 가운데 하나만 주어야 합니다",
    "{name} must be a number above 0, or one for each axis": "0보다 큰 수 하나이거나 축마다 하나여야 합니다: {name}",
    "every axis must keep a position": "모든 축에 한 칸 이상 남아야 합니다",
    "columns must be the windows of the output": "열은 출력의 창과 맞아야 합니다",
    "a multiple of {taps} rows and {length} columns": "행 수는 {taps}의 배수, 열 수는 {length}",
    "grad_output must have the output's shape": "grad_output의 모양은 출력과 같아야 합니다",
    "the output is larger than any memory": "출력이 어떤 메모리보다도 큽니다",
    # curves
    "at least one of min and max must be given": "min과 max 가운데 하나는 주어야 합니다",
    "min and max must be numbers": "min과 max는 수여야 합니다",
    "use clamp_min and clamp_max, whose limits may be tensors": "텐서로 제한하려면 clamp_min과 clamp_max를 쓰면 됩니다",
    "weight must be one number, or one for each channel": "weight는 수 하나이거나 채널마다 하나여야 합니다",
    "(1,) or {channels}": "(1,) 또는 {channels}",
    "the axis must have two halves": "축의 크기는 짝수여야 합니다",
    "alpha must not be 0": "alpha는 0이 아니어야 합니다",
    "min_val must not be above max_val": "min_val은 max_val보다 크지 않아야 합니다",
    # updates
    "betas must be two numbers": "betas는 수 두 개여야 합니다",
    "step counts updates from 1": "step은 1부터 세는 갱신 횟수여야 합니다",
    "nesterov needs momentum": "nesterov에는 momentum이 있어야 합니다",
    "vectors must have one length": "벡터의 길이가 같아야 합니다",
    "x1 {x1}, x2 {x2}, dim={dim}": "x1 {x1}, x2 {x2}, dim={dim}",
    # whole slices
    "input must have {fewer} or {more} axes": "입력의 축은 {fewer}개나 {more}개여야 합니다",
    "input must have a batch axis": "입력에는 배치 축이 있어야 합니다",
    # over axes
    "dim must be None, an integer or a tuple of integers": "dim은 None이나 정수 또는 정수의 튜플이어야 합니다",
    "there must be numbers along the axes of which one is chosen": "하나를 뽑을 축에는 수가 있어야 합니다",
    "input {input}, dim={dim}": "입력 {input}, dim={dim}",
    "correction and unbiased say the same: give one of them": (
        "correction과 unbiased는 같은 설정입니다. 둘 중 하나만 정해야 합니다"
    ),
    "dim must not name an axis twice": "dim에서 같은 축을 두 번 지정할 수 없습니다",
}
