"""What training, evaluation and prediction say."""

SENTENCES = {
    # what is given
    "targets must have the shape of the network's output and not be empty": (
        "정답의 모양은 신경망의 출력과 같아야 하고 비어 있을 수 없습니다"
    ),
    "y of (N,…)": "(N,…) 모양의 y",
    "y of dtype {dtype}": "y의 자료형 {dtype}",
    "{name} must be a batch of at least one image": "이미지가 한 장 이상인 배치여야 합니다: {name}",
    "{name} of (N,C,…)": "(N,C,…) 모양의 {name}",
    "labels must be whole numbers": "레이블은 정수여야 합니다",
    "there must be one label per input": "입력마다 레이블이 하나씩 있어야 합니다",
    "class probabilities must have the shape of the network's output": (
        "클래스 확률의 모양은 신경망의 출력과 같아야 합니다"
    ),
    "a label must be a class of the network": "레이블은 신경망의 클래스여야 합니다",
    "0 to {last}, or {ignored}": "0부터 {last}까지, 또는 {ignored}",
    "a loss is made with its settings": "손실의 설정은 만들 때 정합니다",
    "weight must have one finite number per class": "클래스마다 유한한 가중치가 하나씩 있어야 합니다",
    "(classes,)": "(클래스,)",
    "model must be a pellucid Module": "model은 pellucid의 Module이어야 합니다",
    "the class {name} itself": "클래스 {name} 자체",
    "the model must have parameters to train": "모델에 학습할 매개변수가 있어야 합니다",
    "{kind} without any": "매개변수가 없는 {kind}",
    "{kind} whose parameters are all frozen": "매개변수를 모두 고정한 {kind}",
    "set requires_grad = True for those to train": "학습할 매개변수에 requires_grad = True를 정하면 됩니다",
    "loss has no such name": "loss에 그런 이름은 없습니다",
    "optimizer must be an SGD, Adam or AdamW of pellucid": (
        "optimizer는 pellucid의 SGD, Adam 또는 AdamW여야 합니다"
    ),
    "{name!r} is no setting that can change": "바꿀 수 있는 설정이 아닙니다: {name}",
    "{name!r} is no setting of a step that can change": "학습 단계에서 바꿀 수 있는 설정이 아닙니다: {name}",
    "make another {kind}": "새로 만들면 됩니다: {kind}",
    "make another TrainStep": "TrainStep을 새로 만들면 됩니다",
    "use step.optimizer.lr": "step.optimizer.lr를 쓰면 됩니다",
    "a training step needs an optimizer": "학습 단계에는 optimizer가 있어야 합니다",
    "optimizer and loss need targets": "optimizer와 loss를 쓰려면 정답이 있어야 합니다",
    "an optimizer and no y": "optimizer는 있고 y는 없음",
    "loss={loss!r} and no y": "loss={loss}, y는 없음",
    "pellucid.record(model, x, y, optimizer=…) records a training step": (
        "pellucid.record(model, x, y, optimizer=…)를 쓰면 학습 단계를 기록합니다"
    ),
    # a step
    "a plan is made for the shape of a batch": "실행 계획은 배치의 모양에 맞추어 만듭니다",
    "no batch yet": "아직 배치가 없음",
    "make a step, or use step.plan_for(x, y)": "학습 단계를 한 번 밟거나 step.plan_for(x, y)를 쓰면 됩니다",
    "the model has moved on since this step was recorded": "이 단계를 기록한 뒤에 모델이 바뀌었습니다",
    "record the step again": "단계를 다시 기록하면 됩니다",
    "a step cannot be made in the middle of another run": "다른 실행 도중에는 학습 단계를 밟을 수 없습니다",
    "let the signal's handler or the forward only note it": (
        "시그널 처리기나 forward에서는 적어 두기만 하고 나중에 실행하면 됩니다"
    ),
    "the loss must depend on a parameter that is to be trained": (
        "손실은 학습할 매개변수 가운데 하나 이상에 따라 달라져야 합니다"
    ),
    "none of {names}": "다음 가운데 하나도 없음: {names}",
    "{name} must have an axis for its batch and not be empty": "배치 축이 있고 비어 있지 않아야 합니다: {name}",
    "a loss that is given by its name compares one output with its targets": (
        "이름으로 정한 손실은 출력 하나를 목표와 비교합니다"
    ),
    "loss=lambda output, target: …, with functions of pellucid.functional": (
        "pellucid.functional의 함수로 loss=lambda output, target: …"
    ),
    "a loss must make one number of the network's tensors": "손실은 신경망의 텐서로 수 하나를 만들어야 합니다",
    "use functions of pellucid.functional": "pellucid.functional의 함수를 쓰면 됩니다",
    "all arrays must have the same examples along their first axis": "모든 배열은 첫 축의 예제 수가 같아야 합니다",
    "{count} in {name}": "{name}: {count}",
    "a dataset of images is augmented": "이미지 데이터셋만 증강합니다",
    "the loss must be finite": "손실은 유한해야 합니다",
    "a loss must be one number": "손실은 수 하나여야 합니다",
    "the optimizer's state of '{name}'": "'{name}'의 최적화 상태",
    "a step changes the model's arrays, so they must be writeable": (
        "학습 단계는 모델의 배열을 바꾸므로 쓸 수 있는 배열이어야 합니다"
    ),
    "use {name}.flags.writeable = True": "다음을 쓰면 됩니다: {name}.flags.writeable = True",
    "'{name}' is read-only": "읽기 전용인 '{name}'",
    "names, shapes and types must be those of the step's state; nothing was loaded": (
        "이름, 모양, 자료형은 학습 단계의 상태와 같아야 합니다. 아무것도 불러오지 않았습니다"
    ),
    "{name} of {dtype} {shape}, not {own_dtype} {own_shape}": (
        "{name} {dtype} {shape}(필요: {own_dtype} {own_shape})"
    ),
    "the loss and the norm of the gradients must be finite; nothing was changed": (
        "손실과 기울기의 노름은 유한해야 합니다. 아무것도 바꾸지 않았습니다"
    ),
    "pellucid.record(model, x, y, optimizer=…).overview() shows where the first NaN or infinity is": (
        "pellucid.record(model, x, y, optimizer=…).overview()를 보면 NaN이나 무한대가 처음 나온 곳을 알 수 있습니다"
    ),
    "this step keeps no averages": "이 학습 단계에는 이동 평균이 없습니다",
    # fit, evaluate, predict
    "epochs must be a whole number ≥ 1": "epochs는 1 이상의 정수여야 합니다",
    "there is nothing to train on": "학습할 데이터가 없습니다",
    "there is nothing to evaluate on": "평가할 데이터가 없습니다",
    "0 images": "이미지 0장",
    "labels are classes, so the loss must be cross_entropy": "레이블이 클래스이므로 손실은 cross_entropy여야 합니다",
    "targets are floating numbers": "정답이 수이면 실수형으로 주면 됩니다",
    "labels and {loss}": "레이블과 {loss}",
    "targets are numbers, so the loss must be mse_loss": "정답이 수이므로 손실은 mse_loss여야 합니다",
    "labels are whole numbers, class probabilities floating ones (N, classes, …)": (
        "레이블은 정수로, 클래스 확률은 (N, 클래스, …) 모양의 실수로 주면 됩니다"
    ),
    "labels that are all {ignored}, which is ignored": "모두 무시하는 값 {ignored}인 레이블",
    "only cross_entropy has labels to ignore": "무시할 레이블은 cross_entropy에만 정할 수 있습니다",
    "targets and {loss}": "수로 된 정답과 {loss}",
    "data must be a Dataset, a pair (images, labels) or batches": (
        "data는 Dataset, 쌍 (images, labels), 또는 배치들이어야 합니다"
    ),
    "a batch is a pair (x, y)": "배치는 쌍 (x, y)여야 합니다",
    "0 batches": "배치 0개",
    "the iterator has no more batches": "반복자에 남은 배치가 없습니다",
    "epoch {epoch}": "에포크 {epoch}",
    "give a list of batches, or an object whose __iter__ begins anew": (
        "배치의 리스트나, __iter__를 부를 때마다 처음부터 시작하는 객체를 주면 됩니다"
    ),
    "batches that are given are taken as they are": "직접 준 배치는 그대로 씁니다",
    "there is no such {what}": "그런 것은 없습니다: {what}",
    "schedule": "schedule",
    "schedule=pellucid.schedules.OneCycle()": "schedule=pellucid.schedules.OneCycle()",
    "a schedule must know how many steps there are": "schedule을 쓰려면 단계의 수를 알아야 합니다",
    "an iterator": "반복자",
    "give a list of batches": "배치의 리스트를 주면 됩니다",
    "early_stopping is a number of epochs ≥ 1": "early_stopping은 1 이상의 에포크 수여야 합니다",
    "early stopping needs data to validate with": "조기 종료를 하려면 검증 데이터가 있어야 합니다",
    "fit(model, train, validation, …)": "fit(model, train, validation, …)",
    "the output for a label per pixel is (N, classes, …) with the labels' sizes": (
        "픽셀마다 레이블이 있으면 출력은 레이블과 크기가 같은 (N, 클래스, …)여야 합니다"
    ),
    "targets must have the shape of the network's output": "정답의 모양은 신경망의 출력과 같아야 합니다",
    "augment is an Augment": "augment는 Augment여야 합니다",
    "augment=pellucid.Augment(crop=4, flip=True)": "augment=pellucid.Augment(crop=4, flip=True)",
    "mixup needs a class for each image": "mixup을 쓰려면 이미지마다 클래스가 있어야 합니다",
    "data to train on and to validate with must have the same classes": (
        "학습 데이터와 검증 데이터의 클래스는 같아야 합니다"
    ),
    "there is nothing to draw": "그릴 것이 없습니다",
    "0 epochs": "에포크 0개",
    # checkpoints
    "checkpoint is a folder's path": "checkpoint는 폴더의 경로여야 합니다",
    "checkpoint='run/'": "checkpoint='run/'",
    "the folder cannot be made": "폴더를 만들 수 없습니다",
    "the folder holds a run already": "폴더에 이미 다른 학습 기록이 있습니다",
    "go on with resume=True (--resume), or choose another folder": (
        "resume=True(--resume)로 이어서 학습하거나 다른 폴더를 고르면 됩니다"
    ),
    "to resume needs a folder of checkpoints": "이어서 학습하려면 체크포인트 폴더가 있어야 합니다",
    "--checkpoint run": "--checkpoint run",
    "the checkpoint's state is broken": "체크포인트의 상태가 손상되었습니다",
    "a run goes on with the {name} that it began with": "학습은 시작할 때와 같은 설정으로 이어 가야 합니다: {name}",
    "use the same settings, or begin another run in another folder": (
        "같은 설정을 쓰거나, 다른 폴더에서 새로 학습하면 됩니다"
    ),
    "callbacks must be a list of functions": "callbacks는 함수의 리스트여야 합니다",
    "a batch's labels": "배치의 레이블",
    "images must have a batch axis and channels": "이미지에는 배치 축과 채널이 있어야 합니다",
    "a classifier's output is (N, classes)": "분류기의 출력은 (N, 클래스)여야 합니다",
    # numbers that are not finite
    "the model's numbers must be finite before training": "학습하기 전에 모델의 수는 모두 유한해야 합니다",
    "mend them, or make the model anew": "값을 고치거나 모델을 새로 만들면 됩니다",
    "images must be finite numbers of float32": "이미지의 값은 float32 범위의 유한한 수여야 합니다",
    "mend these images, or leave them out": "그 이미지를 고치거나 빼면 됩니다",
    "targets must be finite numbers": "정답은 유한한 수여야 합니다",
    "mend the data, or leave them out": "그 데이터를 고치거나 빼면 됩니다",
    "{got} in '{name}'": "{got}, 이미지 '{name}'",
    "{first}, the first in step {step}, made by {op}": "{first}(단계 {step}에서 처음 나온 수, 만든 연산: {op})",
    "{got}, in epoch {epoch}, batch {number}": "{got}, 에포크 {epoch}, 배치 {number}",
    "the weights are not finite any more after epoch {epoch}": "에포크 {epoch} 뒤로 가중치가 유한하지 않습니다",
    "the network's output must be finite": "신경망의 출력은 유한해야 합니다",
    "{logits} for image {image}": "이미지 {image}의 출력 {logits}",
    "use a smaller learning rate": "더 작은 학습률을 쓰면 됩니다",
    "pellucid.record(model, x).overview() shows where the first NaN or infinity is": (
        "pellucid.record(model, x).overview()를 보면 NaN이나 무한대가 처음 나온 곳을 알 수 있습니다"
    ),
}
