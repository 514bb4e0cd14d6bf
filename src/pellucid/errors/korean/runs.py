"""Runs that are made again: receipts, histories of numbers."""

SENTENCES = {
    "receipt '{path}'": "영수증 '{path}'",
    "this is not a receipt that Pellucid wrote": "Pellucid가 쓴 영수증이 아닙니다",
    "a run is verified in the edition of the arithmetic that made it": (
        "학습은 그 비트를 만든 산술 판에서만 확인할 수 있습니다"
    ),
    "the run took weights from another network": "이 학습은 다른 신경망의 가중치에서 시작했습니다",
    "the run took weights from no other network": "이 학습은 다른 신경망의 가중치를 쓰지 않았습니다",
    "--from weights.safetensors": "--from weights.safetensors",
    "there is no checkpoint in the folder": "폴더에 체크포인트가 없습니다",
    "the folder must have the checkpoint of the beginning": "폴더에 첫 체크포인트가 있어야 합니다",
    "the run has no such step": "학습에 그런 단계는 없습니다",
    "a network from Python needs its file again": "파이썬으로 만든 신경망은 그 파일이 다시 있어야 합니다",
    "optimizer": "최적화 방법",
    "--step is about a run": "--step은 학습 기록이 있어야 쓸 수 있습니다",
    "pellucid explain run --at … --history": "pellucid explain run --at … --history",
    "--history is about one number": "--history는 수 하나에 대한 것입니다",
    "--at 'conv1.weight[5,0,2,2]'": "--at 'conv1.weight[5,0,2,2]'",
    "step {step}, made again, must come to the checkpoint's bits": (
        "{step}단계까지 다시 계산하면 체크포인트와 비트가 같아야 합니다"
    ),
    "the settings of this run stand in its folder": "이 학습의 설정은 폴더에 들어 있습니다",
    "a run by fit needs its model and its data again": "fit으로 한 학습은 모델과 데이터를 다시 주어야 합니다",
    "number_history(run, address, model=model, train=data, optimizer=…, epochs=…)": (
        "number_history(run, address, model=model, train=data, optimizer=…, epochs=…)"
    ),
    "the model has no such parameter or buffer": "모델에 그런 매개변수나 버퍼는 없습니다",
    "--all makes every step again from the first one on": "--all은 첫 단계부터 모든 단계를 다시 계산합니다",
    "the run's network is not from Python": "이 학습의 신경망은 파이썬으로 만든 것이 아닙니다",
    "settings map names to values": "설정은 이름과 값으로 이루어집니다",
    "a setting that is kept in a file is Unicode: {name}": "파일에 저장하는 설정은 유니코드여야 합니다: {name}",
    "with --from, pictures become what that network takes": (
        "--from이 있으면 사진은 그 신경망의 입력에 맞게 바뀝니다"
    ),
    "{option} does not belong to --history": "--history와 함께 쓸 수 없습니다: {option}",
    "the checkpoints are those of another run": "체크포인트가 다른 학습의 것입니다",
    "there is no run in this folder": "이 폴더에는 학습 기록이 없습니다",
    "pellucid train --checkpoint makes one": "pellucid train --checkpoint로 만들 수 있습니다",
    "--history tells of a run": "학습 기록은 --history로 볼 수 있습니다",
    "a data set has a name": "데이터셋은 이름이나 경로가 있어야 합니다",
}
