"""What is said of files: models, containers, pictures to be written."""

SENTENCES = {
    "the file cannot be read": "파일을 읽을 수 없습니다",
    "there is no such file": "그런 파일은 없습니다",
    "this is not a file": "파일이 아닙니다",
    "this is a folder": "폴더입니다",
    "the file cannot be written": "파일을 쓸 수 없습니다",
    "only regular files are written to": "일반 파일에만 쓸 수 있습니다",
    "a named pipe": "이름 있는 파이프",
    "a socket": "소켓",
    "a device": "장치",
    "nothing can take the place of a file that is mounted": "마운트된 파일은 다른 것으로 바꿀 수 없습니다",
    "the file's name must say its format": "파일 이름에 형식이 나타나야 합니다",
    # models
    "model": "모델",
    "file": "파일",
    "header": "헤더",
    "model file '{path}'": "모델 파일 '{path}'",
    "the model must be what pellucid.models.{name} builds": "모델은 pellucid.models.{name} 함수로 만든 것이어야 합니다",
    "other settings in its layers": "층의 설정이 다름",
    "nothing was written, since '{name}' must hold finite numbers": (
        "'{name}'의 수가 유한해야 하므로 아무것도 쓰지 않았습니다"
    ),
    "--allow-nonfinite, in Python allow_nonfinite=True, saves them": (
        "--allow-nonfinite, 파이썬에서는 allow_nonfinite=True를 주면 저장합니다"
    ),
    "pc.load_model takes allow_nonfinite=True": "pc.load_model에 allow_nonfinite=True를 주면 됩니다",
    "{count} of {size} numbers that are NaN or infinite": "{size}개 가운데 NaN이거나 무한한 수 {count}개",
    "'{key}' must hold finite numbers": "'{key}'의 수는 유한해야 합니다",
    "arrays must be all float32 or all float64": "배열은 모두 float32이거나 모두 float64여야 합니다",
    "'{key}' must be {dtype}": "'{key}'의 자료형은 다음이어야 합니다: {dtype}",
    "the arrays are not those of the model it names": "배열이 파일에 적힌 모델의 것과 다릅니다",
    "this is not a model that Pellucid wrote": "Pellucid가 쓴 모델이 아닙니다",
    "format pellucid, version {version}": "형식 'pellucid', 버전 {version}",
    "format {format}, version {version}": "형식 '{format}', 버전 {version}",
    "a file of version {version} must have a checksum": "버전 {version} 파일에는 체크섬이 있어야 합니다",
    "the edition must be a whole number": "판(edition)은 정수여야 합니다",
    "the model's description is broken": "모델의 설명이 깨졌습니다",
    "settings map names to whole numbers": "설정은 이름을 정수에 대응시켜야 합니다",
    "there is no such model": "그런 모델은 없습니다",
    "there is no such setting": "그런 설정은 없습니다",
    "a setting is a whole number ≥ 1": "설정은 1 이상의 정수여야 합니다",
    # the container
    "the {what} is too large for a {kind}": "{kind} 파일로는 너무 큽니다: {what}",
    "arrays of files are float32, float64 or int64, and have names of their own": (
        "파일의 배열은 float32, float64 또는 int64이고 저마다 이름이 있어야 합니다"
    ),
    "{dtype} for {name!r}": "{name}의 자료형 {dtype}",
    "the file is damaged: its numbers do not give its checksum": "파일이 손상되었습니다. 내용이 체크섬과 맞지 않습니다",
    "the file cannot be read as safetensors": "파일을 safetensors로 읽을 수 없습니다",
    "a header that is cut off": "잘린 헤더",
    "a file that is cut off": "잘린 파일",
    "a header that is no mapping": "사전이 아닌 헤더",
    "metadata that is no mapping of texts": "글의 사전이 아닌 메타데이터",
    "a broken header, {error}": "깨진 헤더, {error}",
    "{constant} is no number of a description": "설명에 쓸 수 없는 수 {constant}",
    "the key {key!r:.80} stands twice": "두 번 나온 키 {key}",
    "{name!r:.80} not where the array before it ends": "{name}의 자리가 앞 배열의 끝이 아님",
    "{room} bytes of numbers for arrays of {end}": "{end}바이트의 배열에 수는 {room}바이트",
    "{name!r:.80} without dtype, shape and data_offsets": "{name}에 dtype, shape, data_offsets가 없음",
    "{name!r:.80} of shape {shape!r:.80}": "{name}, 모양 {shape}",
    "{name!r:.80} at {offsets!r:.80}": "{name}, 위치 {offsets}",
    "{name!r:.80} of type {kind!r:.80}; known are {known}": "{name}, 자료형 {kind}, 아는 자료형은 {known}",
    "{name!r:.80} of {size} bytes in {room}": "{room}바이트에 담긴 {size}바이트의 {name}",
    "an archive, as np.savez and torch.save write": "np.savez나 torch.save가 쓰는 압축 파일",
    # weights
    "weights '{path}'": "가중치 파일 '{path}'",
    "weights file": "가중치",
    "weights that Pellucid wrote must have a checksum": "Pellucid가 쓴 가중치 파일에는 체크섬이 있어야 합니다",
    "class names have no room in an archive": "클래스 이름이 길어 압축 파일에 들어가지 않습니다",
    "--format safetensors": "--format safetensors",
    "'{name}' must hold real numbers": "'{name}' 배열에는 실수가 있어야 합니다",
    "weights are read from safetensors and npz files, and never from pickles": (
        "가중치는 safetensors나 npz 파일에서만 읽고, pickle은 읽지 않습니다"
    ),
    "in PyTorch, safetensors.torch.save_file(net.state_dict(), 'weights.safetensors') writes such a file": (
        "PyTorch에서 safetensors.torch.save_file(net.state_dict(), 'weights.safetensors')로 쓰면 됩니다"
    ),
    "model.load_state_dict(pc.load_weights(path)) takes plain weights, and pc.save_model keeps the model": (
        "가중치만 있는 파일은 model.load_state_dict(pc.load_weights(path))로 불러와 pc.save_model로 저장하면 됩니다"
    ),
    "weights cannot take the place of the model, which says more": (
        "모델 파일에는 가중치 말고도 담긴 것이 있으므로 가중치로 덮어쓸 수 없습니다"
    ),
    "-o weights.safetensors": "-o weights.safetensors",
    # pictures
    "picture '{path}'": "그림 '{path}'",
    "pixels must be of a type of photos": "픽셀의 자료형은 사진에 쓰는 것이어야 합니다",
    "uint8, uint16, float32 or float64": "uint8, uint16, float32 또는 float64",
    "{name} cannot hold this picture": "{name} 형식에는 이 그림을 담을 수 없습니다",
    "{bits}-bit float {kind}": "{bits}비트 실수 {kind}",
    "{bits}-bit {kind}": "{bits}비트 {kind}",
    "grey": "회색",
    "grey with alpha": "알파가 있는 회색",
    "no pixels": "픽셀 없음",
    "nothing was written, since pixels must be finite numbers": "픽셀은 유한한 수여야 하므로 아무것도 쓰지 않았습니다",
    "nothing was written, since alpha must lie between 0 and 1": (
        "알파는 0과 1 사이여야 하므로 아무것도 쓰지 않았습니다"
    ),
    # states of runs
    "run": "학습 기록",
    "run '{path}'": "학습 기록 '{path}'",
    "the file does not hold what was written": "파일의 내용이 쓴 것과 다릅니다",
    "this is not a state of a run that Pellucid wrote": "Pellucid가 쓴 학습 기록이 아닙니다",
    "a run goes on in the edition of the arithmetic that began it": (
        "학습은 시작할 때와 같은 연산 판(edition)에서 이어 가야 합니다"
    ),
    "'{name}' is broken": "'{name}'의 내용이 손상되었습니다",
    # what a model file says of classes and pictures
    "the model is built by {name}, which is not in the file": "모델을 만드는 코드가 파일에 없습니다: {name}",
    "--model my_net.py:Net, in Python load_model(path, make=Net)": (
        "--model my_net.py:Net을 쓰거나, 파이썬에서 load_model(path, make=Net)을 쓰면 됩니다"
    ),
    "a model from Python has a name": "파이썬으로 만든 모델에는 이름이 있어야 합니다",
    "class names are texts, each another one": "클래스 이름은 서로 다른 글자여야 합니다",
    "preprocessing has other settings": "전처리의 설정이 다릅니다",
    "there is no such network in the zoo": "그런 신경망은 함께 들어 있지 않습니다",
}
