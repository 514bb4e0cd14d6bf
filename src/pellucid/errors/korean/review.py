"""What scores, mistakes, saliency and the report say."""

SENTENCES = {
    # scores and mistakes
    "there must be a predicted class for each label": "레이블마다 예측한 클래스가 하나씩 있어야 합니다",
    "labels {labels} and predicted {predicted}": "labels {labels}, predicted {predicted}",
    "the matrix": "행렬",
    "{name} must be whole numbers": "정수여야 합니다: {name}",
    "a confusion matrix is (K,K)": "혼동 행렬의 모양은 (K,K)여야 합니다",
    "a confusion matrix holds counts": "혼동 행렬에는 개수가 들어 있어야 합니다",
    "whole numbers ≥ 0": "0 이상의 정수",
    "there must be labels to judge by": "판단할 기준이 되는 레이블이 있어야 합니다",
    "targets": "수로 된 정답",
    "there must be probabilities (N, classes) for each label": "레이블마다 확률 (N, 클래스)가 있어야 합니다",
    "{shape} for labels {labels}": "{shape}(레이블 {labels})",
    "probabilities must be finite": "확률은 유한한 수여야 합니다",
    "mistakes are images with one label each": "오답을 찾으려면 이미지마다 레이블이 하나여야 합니다",
    "labels {shape}": "레이블 {shape}",
    # pictures of them
    "each class has a name": "클래스마다 이름이 하나씩 있어야 합니다",
    "so many classes cannot be read in a picture": "클래스가 너무 많아 그림에서 읽을 수 없습니다",
    "a sheet shows some mistakes": "그림 한 장에 보일 오답의 개수가 맞지 않습니다",
    "1 to {last}": "1부터 {last}까지",
    "mistakes are of this data": "오답은 이 데이터의 것이어야 합니다",
    # saliency and Grad-CAM
    "class_ is a class, or one for each image": "class_는 클래스 하나이거나 이미지마다 하나여야 합니다",
    "a whole number, or {count} of them, or None": "정수 하나나 {count}개, 또는 None",
    "class_ must be a class of the network": "class_는 신경망의 클래스여야 합니다",
    "the layer's output must have the input's spatial axes": "층의 출력에는 입력과 같은 공간 축이 있어야 합니다",
    "input {input} and {other}": "입력 {input}, 출력 {other}",
    "no layer's output has more than one pixel": "출력의 픽셀이 둘 이상인 층이 없습니다",
    "saliency needs no layer": "saliency를 쓰면 층이 없어도 됩니다",
    "no such layer leads to the output": "출력으로 이어지는 층 가운데 그런 것은 없습니다",
    "a path such as {names}": "다음과 같은 경로: {names}",
    "the layer's output must have spatial axes": "층의 출력에 공간 축이 있어야 합니다",
    # the report
    "history must be what fit returns": "history는 fit이 돌려준 것이어야 합니다",
    "a History": "History",
    "recipe must map names to settings": "recipe는 이름마다 설정을 적은 사전이어야 합니다",
    "doubts must be a list of sentences": "doubts는 문장의 리스트여야 합니다",
    "there must be one label for each image": "이미지마다 레이블이 하나씩 있어야 합니다",
}
