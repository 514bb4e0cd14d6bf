"""What datasets and images as a network's input say."""

SENTENCES = {
    "images must be arrays (N,C,…) of 8 or 16 bits or floating": (
        "images는 8비트, 16비트 또는 실수형의 (N,C,…) 배열이어야 합니다"
    ),
    "labels must be one whole number per image": "labels에는 이미지마다 정수가 하나씩 있어야 합니다",
    "whole numbers ({count},)": "정수 ({count},)",
    "use {name}.argmax(axis=1) for one-hot rows": "원-핫 행에는 다음을 쓰면 됩니다: {name}.argmax(axis=1)",
    "a part of the data is taken with a slice": "데이터의 일부는 슬라이스로 골라야 합니다",
    "such as data[:100]": "예를 들어 data[:100]",
    "one image is data.images[i], its class data.labels[i]": (
        "이미지 하나는 data.images[i], 그 클래스는 data.labels[i]로 얻으면 됩니다"
    ),
    "a batch as float32": "float32로 바꾼 배치",
    "data must be a Dataset or a pair (images, labels)": "data는 Dataset이거나 쌍 (images, labels)여야 합니다",
    "shape must be (C,H,W)": "shape는 (C,H,W)여야 합니다",
    "C=1 or C=3, sizes ≥ 1": "C는 1 또는 3, 크기는 1 이상",
    "floats must lie between 0, black, and 1, white": "실수 값은 0(검정)과 1(흰색) 사이여야 합니다",
    "divide them by what is white": "흰색의 값으로 나누면 됩니다",
    "images have labels or targets, not both": "이미지에는 labels나 targets 가운데 하나만 있어야 합니다",
    "targets must be numbers for each image": "targets에는 이미지마다 수가 있어야 합니다",
    "there is no such size": "그런 크기는 없습니다",
    "1 or 3 channels, sides from 1 to {most}": "채널 1개 또는 3개, 변의 길이 1부터 {most}까지",
    "there is no such way to fit": "그런 맞춤 방식은 없습니다",
    "mean and std belong together": "mean과 std는 함께 주어야 합니다",
    "{name} must be a finite number for each channel": "{name}에는 채널마다 유한한 수가 하나씩 있어야 합니다",
    "std > 0": "std > 0",
    "images must be finite numbers": "images는 유한한 수여야 합니다",
    # the files of MNIST
    "the file has been changed": "파일이 바뀌었습니다",
    "the header is another one": "헤더가 다릅니다",
    "the file has another length": "파일의 길이가 다릅니다",
}
