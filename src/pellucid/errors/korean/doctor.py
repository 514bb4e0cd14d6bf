"""What the gradient doctor says of a layer that it cannot check."""

SENTENCES = {
    "max_elements must be an integer, 1 or more": "max_elements는 1 이상의 정수여야 합니다",
    "{name} must be a function": "함수여야 합니다: {name}",
    "inputs must be a tuple, list or dictionary of arrays": "inputs는 배열의 튜플, 리스트 또는 사전이어야 합니다",
    "for one input write (x,)": "입력이 하나면 (x,)로 쓰면 됩니다",
    "no inputs": "입력 없음",
    "there must be an input with floating numbers, since only these are differentiated": (
        "실수형 입력에 대해서만 미분하므로 실수형 입력이 있어야 합니다"
    ),
    "for {name} to be one, pass np.asarray({name}, float)": "다음을 넘기면 됩니다: np.asarray({name}, float)",
    "input {name} must hold finite numbers": "입력의 수는 유한해야 합니다: {name}",
    "{name} must not change the arrays that it is given": "받은 배열을 바꾸면 안 됩니다: {name}",
    "a changed array of shape {shape}": "바뀐 배열, 모양 {shape}",
    "write into a copy": "복사본에 쓰면 됩니다",
    # forward
    "forward must return one array of real numbers": "forward는 실수로 된 배열 하나를 돌려주어야 합니다",
    "forward must return float64 or float32 numbers": "forward는 float64나 float32 수를 돌려주어야 합니다",
    "whole numbers have no gradient": "정수에는 기울기가 없습니다",
    "forward must return at least one number": "forward는 수를 하나 이상 돌려주어야 합니다",
    "an output of shape {shape}": "모양 {shape}의 출력",
    "forward must return finite numbers": "forward는 유한한 수를 돌려주어야 합니다",
    "{number} in output[{place}] of {shape}": "output[{place}]의 {number}, 모양 {shape}",
    "choose inputs at which, and near which, the layer is defined": (
        "층이 그 값과 그 근처에서 정의되는 입력을 고르면 됩니다"
    ),
    "forward must return arrays of one shape": "forward는 늘 같은 모양의 배열을 돌려주어야 합니다",
    "{first} and {second}": "{first}, {second}",
    "forward must return the same numbers for the same inputs": "forward는 같은 입력에 같은 수를 돌려주어야 합니다",
    "two different outputs": "서로 다른 두 출력",
    "draw random numbers, such as dropout's mask, outside and hand them in as an input": (
        "드롭아웃의 마스크 같은 난수는 밖에서 뽑아 입력으로 넘기면 됩니다"
    ),
    "forward must have a slope": "forward에 기울기가 있어야 합니다",
    "an output that jumps or bends wherever its inputs are moved": "입력을 어디로 움직이든 뛰거나 꺾이는 출력",
    "rounding and counting have no gradient": "반올림과 개수 세기에는 기울기가 없습니다",
    # backward
    "backward must return an array for {name}": "backward는 다음 입력의 기울기를 배열로 돌려주어야 합니다: {name}",
    "backward must return one gradient per input": "backward는 입력마다 기울기를 하나씩 돌려주어야 합니다",
    "{count}, for {names}": "{count}개({names})",
    "return None for an input without gradient": "기울기가 없는 입력에는 None을 돌려주면 됩니다",
    "backward must name its gradients like the inputs": "backward는 기울기에 입력과 같은 이름을 붙여야 합니다",
    "keys among {names}": "{names} 가운데의 키",
    "backward must return a gradient for an input with floating numbers": (
        "backward는 실수형 입력의 기울기를 돌려주어야 합니다"
    ),
    "None for {names}": "None({names})",
    "backward must return the same numbers for the same arguments": (
        "backward는 같은 인수에 같은 수를 돌려주어야 합니다"
    ),
    "two different gradients for {name}": "서로 다른 두 기울기: {name}",
    "start each call from zeros, not from what the last one left": (
        "앞선 호출이 남긴 값이 아니라 0에서 시작하면 됩니다"
    ),
}
