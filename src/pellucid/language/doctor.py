"""What the gradient doctor says.

In Korean no particle follows a placeholder whose form would depend on the value.
"""

from pellucid.language.entry import Area, Entry

_REPORT: Area = {
    "doctor.title": Entry("Gradient check", "기울기 검사"),
    "doctor.right": Entry(
        "Every gradient agrees with forward.",
        "모든 기울기가 순전파와 일치합니다.",
    ),
    "doctor.none_differs": Entry(
        "No gradient differs from forward along the directions that were tried.",
        "시험한 모든 방향에서 기울기가 순전파와 일치합니다.",
    ),
    "doctor.wrong": Entry(
        "The gradient is wrong for: {names}.",
        "다음 입력의 기울기가 틀렸습니다: {names}.",
    ),
    "doctor.along": Entry(
        "along a direction backward gives {got}, forward {expected} ± {tolerance}",
        "한 방향에서 역전파의 값은 {got}, 순전파로 구한 값은 {expected} (± {tolerance})입니다",
    ),
    "doctor.direction": Entry("Along one random direction", "임의의 한 방향에서 본 값"),
    "doctor.not_along": Entry(
        "its shape is not the input's, so no direction can be compared",
        "입력과 모양이 달라 방향을 비교할 수 없습니다",
    ),
    "doctor.count": Entry(
        "Wrong numbers in grad_{name}: {wrong} of {compared} compared.",
        "grad_{name}에서 틀린 수는 비교한 {compared}개 중 {wrong}개입니다.",
    ),
    "doctor.element": Entry("got {got}, expected {expected}", "역전파의 값 {got}, 옳은 값 {expected}"),
    "doctor.more_wrong": Entry("… and {count} more", "… 그 밖에 {count}개가 더 있습니다"),
    "doctor.more_terms": Entry("+ … ({count} more)", "+ … ({count}개 더 있습니다)"),
    "doctor.no_terms": Entry("(no output changes with it)", "(이 수에 따라 달라지는 출력이 없습니다)"),
    "doctor.input": Entry("gradient", "기울기"),
    "doctor.shape_column": Entry("shape", "모양"),
    "doctor.got": Entry("got", "역전파의 값"),
    "doctor.expected": Entry("expected", "옳은 값"),
    "doctor.terms": Entry("expected as a sum, largest terms first", "옳은 값을 이루는 합 (큰 항부터)"),
}

_MISTAKES: Area = {
    "doctor.kernel_flipped": Entry(
        "The gradient of {name} is flipped along axes {axes}. Give each kernel element the input that forward "
        "multiplies it with: if forward does not flip the kernel, neither may this gradient, and if it does, so must "
        "this gradient.",
        "{name}의 기울기가 축 {axes} 방향으로 뒤집혀 있습니다. 커널의 각 원소는 순전파에서 곱한 입력과 짝지어야 "
        "합니다. 순전파에서 커널을 뒤집지 않으면 이 기울기도 뒤집지 않고, 순전파에서 뒤집으면 이 기울기도 뒤집어야 "
        "합니다.",
    ),
    "doctor.kernel_not_flipped": Entry(
        "This gradient would be right if {other} were flipped along axes {axes}. The gradient of the input slides over "
        "grad_output with the kernel flipped against forward's: where forward does not flip it, this gradient does, "
        "and the other way round.",
        "이 기울기는 {other}의 축 {axes} 방향을 뒤집었을 때의 값입니다. 입력의 기울기를 구할 때는 커널을 순전파와 "
        "반대로 놓고 grad_output 위를 지나갑니다. 순전파에서 뒤집지 않으면 여기서는 뒤집고, 순전파에서 뒤집으면 "
        "여기서는 뒤집지 않습니다.",
    ),
    "doctor.stride_ignored": Entry(
        "The stride is ignored in the gradient of {name}: the windows are taken in steps of 1, forward's have stride "
        "{strides}. Output y belongs to the window that begins at y·stride − padding.",
        "{name}의 기울기에서 스트라이드가 빠졌습니다. 순전파의 스트라이드는 {strides}인데 여기서는 창을 1칸씩 "
        "옮겼습니다. 출력 위치 y의 창은 y·stride − padding에서 시작합니다.",
    ),
    "doctor.padding_cropped": Entry(
        "The gradient of {name} is out of place, as when padding is cropped on the wrong side: along axes {axes} it "
        "begins {shifts} places from where it should. Cut as many places off the beginning of the padded gradient as "
        "forward has added there: [padding : padding + size].",
        "{name}의 기울기가 제자리에 있지 않습니다. 축 {axes} 방향으로 시작 위치가 {shifts}칸 어긋나 있습니다. 패딩을 "
        "잘못된 쪽에서 잘라 냈을 때 생기는 일입니다. 패딩을 포함한 기울기의 앞쪽에서, 순전파가 앞쪽에 붙인 만큼만 잘라 "
        "내야 합니다: [padding : padding + size].",
    ),
    "doctor.padding_not_cropped": Entry(
        "The padding is still around the gradient of {name}: the right numbers begin at [{start}]. Cut it off before "
        "returning the gradient.",
        "{name}의 기울기에 패딩이 그대로 남아 있습니다. 옳은 수는 [{start}] 위치에서 시작합니다. 돌려주기 전에 "
        "패딩을 잘라 내야 합니다.",
    ),
    "doctor.assigned_not_added": Entry(
        "The gradient of {name} is assigned where it must be added up: of the outputs along axes {axes} that need the "
        "same element, {kept} remains. Write += instead of =.",
        "{name}의 기울기를 더하지 않고 덮어썼습니다. 같은 원소를 쓰는 출력이 축 {axes} 방향으로 여럿인데 {kept} "
        "남았습니다. = 대신 +=를 써야 합니다.",
    ),
    "doctor.batch_sum_missing": Entry(
        "The sum over the batch is missing in the gradient of {name}: of the images {kept} remains. Every image adds "
        "its share: write += instead of = in the loop over images, or sum over axis 0.",
        "{name}의 기울기에 배치에 대한 합이 빠졌습니다. 여러 이미지 가운데 {kept} 남았습니다. 모든 이미지의 몫을 "
        "더해야 합니다. 이미지 반복문에서 = 대신 +=를 쓰거나 축 0에 대해 합해야 합니다.",
    ),
    "doctor.own_output_only": Entry(
        "The gradient of {name} counts only the output in the same place. Other outputs depend on each number too, as "
        "behind a softmax or a norm: add up the terms of all of them.",
        "{name}의 기울기에 같은 자리의 출력만 들어 있습니다. softmax나 정규화에서처럼 다른 출력도 각 수에 따라 "
        "달라지므로 그 항을 모두 더해야 합니다.",
    ),
    "doctor.differentiated_twice": Entry(
        "The gradient of {name} has gone back through {activation} once more. With {activation} and cross-entropy "
        "taken together, probability minus target is the gradient of the scores already.",
        "{name}의 기울기가 {activation}의 역전파를 한 번 더 지났습니다. {activation}에 교차 엔트로피까지 묶으면 "
        "확률에서 정답을 뺀 값이 이미 점수의 기울기입니다.",
    ),
    "doctor.exchanged": Entry(
        "What backward gives for {name} is the gradient of {other}. Gradients are returned in the order of the inputs.",
        "{name}의 자리에 {other}의 기울기를 돌려주었습니다. 기울기는 입력과 같은 순서로 돌려주어야 합니다.",
    ),
    "doctor.last_round": Entry("only the last", "마지막 것만"),
    "doctor.first_round": Entry("only the first", "첫 번째 것만"),
    "doctor.one_round": Entry("only one", "하나만"),
    "doctor.sum_missing": Entry(
        "The gradient of {name} has axes too many: a sum over axes {axes} is missing. An input that serves several "
        "outputs gets the sum of their gradients.",
        "{name}의 기울기에 축이 더 있습니다. 축 {axes}에 대한 합이 빠졌습니다. 여러 출력에 쓰인 입력은 그 기울기를 "
        "모두 더한 값을 받습니다.",
    ),
    "doctor.summed_too_far": Entry(
        "The gradient of {name} is summed over its own axes {axes}, too. Sum only over axes that the input does "
        "not have.",
        "{name}의 기울기를 자신의 축 {axes}에 대해서도 합했습니다. 입력에 없는 축에 대해서만 합해야 합니다.",
    ),
    "doctor.relu_mask": Entry(
        "The mask is made from the wrong tensor: grad_output passes where {tensor}. It must pass where the number that "
        "went into the activation in forward is positive.",
        "마스크를 잘못된 텐서로 만들었습니다. 지금은 {tensor}인 곳에서 grad_output을 통과시킵니다. 순전파에서 "
        "활성화 함수에 들어간 값이 양수인 곳에서 통과시켜야 합니다.",
    ),
    "doctor.relu_mask_missing": Entry(
        "The mask is missing: grad_output passes everywhere. It must pass where the number that went into the "
        "activation in forward is positive.",
        "마스크가 없습니다. 지금은 grad_output을 모든 곳에서 통과시킵니다. 순전파에서 활성화 함수에 들어간 값이 "
        "양수인 곳에서만 통과시켜야 합니다.",
    ),
    "doctor.mean_instead_of_sum": Entry(
        "The gradient is a mean where forward needs a sum: it is divided by {size}, the size of {axes}. Forward "
        "contains no such mean, so backward must not divide.",
        "합이어야 할 기울기가 평균입니다. {axes}의 크기인 {size}만큼 나누었습니다. 순전파에 그런 평균이 없으므로 "
        "역전파에서도 나누지 않아야 합니다.",
    ),
    "doctor.sum_instead_of_mean": Entry(
        "The gradient is a sum where forward takes a mean: it is {size} times too large, the size of {axes}. Divide by "
        "it, as forward does.",
        "평균이어야 할 기울기가 합입니다. {axes}의 크기인 {size}배만큼 큽니다. 순전파와 같이 그 크기로 나누어야 "
        "합니다.",
    ),
    "doctor.axes_of": Entry("axes {axes} of {array}", "{array}의 축 {axes}"),
    "doctor.transposed": Entry(
        "The gradient of {name} is transposed: its axes stand in the order ({order}).",
        "{name}의 기울기가 전치되어 있습니다. 축이 ({order}) 순서로 놓여 있습니다.",
    ),
    "doctor.weight_transposed": Entry(
        "This gradient would be right if {other} were transposed, with its axes in the order ({order}). For forward "
        "x @ w the gradient of x is grad_output @ w.T, and for x @ w.T it is grad_output @ w.",
        "이 기울기는 {other}의 축을 ({order}) 순서로 전치했을 때의 값입니다. 순전파가 x @ w이면 x의 기울기는 "
        "grad_output @ w.T이고, 순전파가 x @ w.T이면 grad_output @ w입니다.",
    ),
    "doctor.zero": Entry(
        "The gradient is zero everywhere. Was the array that is returned ever filled?",
        "기울기가 모두 0입니다. 돌려주는 배열에 값을 채웠는지 확인해야 합니다.",
    ),
    "doctor.sign": Entry("The gradient has the wrong sign.", "기울기의 부호가 반대입니다."),
    "doctor.factor": Entry(
        "The whole gradient is {factor} times the right one.",
        "기울기 전체가 옳은 값의 {factor}배입니다.",
    ),
    "doctor.grad_output_ignored": Entry(
        "grad_output is not multiplied in: this is the gradient for a grad_output of ones.",
        "grad_output을 곱하지 않았습니다. 이 값은 grad_output이 모두 1일 때의 기울기입니다.",
    ),
    "doctor.shape": Entry(
        "The gradient of {name} has shape {got}, the input {expected}. A gradient has one number for each of the "
        "input's.",
        "{name}의 기울기 모양은 {got}인데 입력의 모양은 {expected}입니다. 기울기는 입력의 수마다 값을 하나씩 "
        "가져야 합니다.",
    ),
    "doctor.shape_only": Entry(
        "The gradient of {name} has the right numbers in a wrong shape: {got} instead of {expected}. Reshape it.",
        "{name}의 기울기는 수는 옳지만 모양이 다릅니다. {got} 대신 {expected} 모양으로 바꾸어야 합니다.",
    ),
    "doctor.not_finite": Entry(
        "There are numbers in the gradient that are not finite. Look for a division by zero, a logarithm of zero, or "
        "an exponential that is too large.",
        "기울기에 유한하지 않은 수가 있습니다. 0으로 나누는 곳, 0의 로그, 너무 큰 지수 함수를 찾아보아야 합니다.",
    ),
}

_EVIDENCE: Area = {
    "doctor.all_explained": Entry(
        "All wrong numbers ({wrong}) are what this mistake gives. {example}",
        "틀린 수 {wrong}개가 모두 이 실수에서 나오는 값과 같습니다. {example}",
    ),
    "doctor.some_explained": Entry(
        "{explained} of the {wrong} wrong numbers are what this mistake gives; at the others it leaves open what is "
        "there. {example}",
        "틀린 수 {wrong}개 중 {explained}개가 이 실수에서 나오는 값과 같습니다. 나머지는 이 실수만으로 정해지지 "
        "않는 자리입니다. {example}",
    ),
    "doctor.example": Entry(
        "For instance {address}: backward gave {got}, the mistake gives {predicted}, right is {expected}.",
        "예를 들어 {address}: 역전파의 값 {got}, 이 실수에서 나오는 값 {predicted}, 옳은 값 {expected}입니다.",
    ),
    "doctor.shape_evidence": Entry(
        "backward gave shape {got}, the input has {expected}.",
        "역전파가 돌려준 모양은 {got}, 입력의 모양은 {expected}입니다.",
    ),
    "doctor.not_finite_evidence": Entry(
        "Not finite: {count} of {size} numbers.",
        "수 {size}개 중 {count}개가 유한하지 않습니다.",
    ),
}

_NOTES: Area = {
    "doctor.integer_input": Entry(
        "{name} holds {dtype} numbers and is not differentiated. If it should be, pass "
        "np.asarray({name}, float).",
        "{name}의 자료형은 {dtype}이므로 미분하지 않았습니다. 미분하려면 "
        "np.asarray({name}, float)를 넘겨야 합니다.",
    ),
    "doctor.no_gradient": Entry(
        "backward gives no gradient for {name}; it was not checked.",
        "{name}의 기울기를 돌려주지 않았으므로 검사하지 않았습니다.",
    ),
    "doctor.one_number": Entry(
        "All numbers of {name} are equal, which hides mistakes that exchange them. Random numbers show more.",
        "{name}의 수가 모두 같아서 자리가 바뀐 실수는 드러나지 않습니다. 난수를 쓰면 더 잘 드러납니다.",
    ),
    "doctor.moved": Entry(
        "Forward has a kink at or very near the inputs that you gave; these were moved by about a thousandth: {names}.",
        "주어진 입력이나 바로 그 곁에서 순전파가 꺾이므로 다음 입력을 약 천분의 일만큼 옮겨 검사했습니다: {names}.",
    ),
    "doctor.shared": Entry(
        "grad_{name} has more elements than directions: {count} directions share them out, up to {shared} each, and an "
        "error far below its neighbours' terms does not show. A smaller input shows each element by itself.",
        "grad_{name}의 원소가 방향보다 많아 {count}개의 방향이 최대 {shared}개씩 나누어 검사했습니다. 이웃한 항보다 "
        "훨씬 작은 오차는 드러나지 않습니다. 더 작은 입력을 쓰면 원소마다 따로 검사합니다.",
    ),
    "doctor.rough": Entry(
        "grad_{name} differs along a direction by more than rounding in float64, but each element by less than a "
        "millionth of its terms: backward may compute in float32, or with a rounded constant.",
        "grad_{name}의 오차는 float64의 반올림보다 크지만 원소마다 항의 백만분의 일보다 작습니다. 역전파가 float32로 "
        "계산하거나 반올림한 상수를 쓰는 것일 수 있습니다.",
    ),
    "doctor.too_large": Entry(
        "grad_{name} is too large to be compared number by number: {compared} places were looked at, some of them "
        "because they are wrong. A smaller input lets every mistake be recognised.",
        "grad_{name}의 크기가 커서 모든 수를 비교하지 않고 틀린 자리를 포함한 {compared}곳만 살펴보았습니다. 더 작은 "
        "입력을 쓰면 모든 실수를 알아볼 수 있습니다.",
    ),
    "doctor.no_usual_mistake": Entry(
        "No usual mistake gives these numbers in grad_{name}. Compare the wrong elements with their terms; two "
        "mistakes at once may hide each other.",
        "grad_{name}의 값은 흔한 실수 하나로 설명되지 않습니다. 틀린 원소를 항과 견주어 보아야 합니다. 두 가지 "
        "실수가 겹쳐 있을 수도 있습니다.",
    ),
}

TEXTS: Area = _REPORT | _MISTAKES | _EVIDENCE | _NOTES
