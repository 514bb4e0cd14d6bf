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
    # the files of MNIST
    "the file has been changed": "파일이 바뀌었습니다",
    "the header is another one": "헤더가 다릅니다",
    "the file has another length": "파일의 길이가 다릅니다",
}
