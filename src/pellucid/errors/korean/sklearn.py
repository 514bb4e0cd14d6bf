"""What estimators of scikit-learn say."""

SENTENCES = {
    "this needs scikit-learn, which is not installed": "scikit-learn이 설치되어 있지 않습니다",
    "images must have the shape of those that the network has learned": (
        "이미지의 모양은 신경망이 학습한 이미지와 같아야 합니다"
    ),
    "image_shape must be three sizes": "image_shape는 크기 세 개여야 합니다",
    "X must hold images of image_shape": "X의 이미지는 image_shape 모양이어야 합니다",
    "pip install 'pellucid[sklearn]'": "pip install 'pellucid[sklearn]' 명령으로 설치하면 됩니다",
    "{count} features": "특성 {count}개",
    "random_state must be a whole number or None": "random_state는 정수이거나 None이어야 합니다",
    "model must be a network's name, a line, or a function that makes a network": (
        "model은 신경망의 이름, 한 줄로 적은 신경망, 또는 신경망을 만드는 함수여야 합니다"
    ),
    "image_shape=(C,H,W) says how rows of X are images, such as (1, 28, 28)": (
        "image_shape=(C,H,W)로 X의 행이 어떤 이미지인지 정하면 됩니다. 예: (1, 28, 28)"
    ),
    "the network must have an output for each class": "신경망의 출력은 클래스마다 하나씩 있어야 합니다",
}
