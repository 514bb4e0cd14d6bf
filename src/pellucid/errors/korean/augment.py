"""What augmentation says."""

SENTENCES = {
    "an image has one crop": "이미지를 자르는 방법은 하나여야 합니다",
    "{name} has nothing to act on": "다음 설정이 작용할 대상이 없습니다: {name}",
    "{name} must be a whole number of pixels": "픽셀 수는 정수여야 합니다: {name}",
    "{name} must be two numbers, the least and the most": "최솟값과 최댓값, 두 수여야 합니다: {name}",
    "an augmentation is a text": "데이터 증강은 글로 적어야 합니다",
    "there is no such augmentation": "그런 데이터 증강은 없습니다",
    "a setting is given once": "설정은 한 번만 줄 수 있습니다",
    "{word} has another value": "다음 설정의 값은 그렇게 적을 수 없습니다: {word}",
    "two numbers after it": "뒤에 오는 수 두 개",
    "a number after it": "뒤에 오는 수 하나",
    "images must be a dataset's arrays (N,C,H,W) of 8 or 16 bits or floating": (
        "images는 8비트, 16비트 또는 실수형의 (N,C,H,W) 데이터셋 배열이어야 합니다"
    ),
    "images {shape}": "images {shape}",
    "images must be larger than {name}": "이미지는 다음 설정보다 커야 합니다: {name}",
    "height and width above {size:g}": "{size}보다 큰 높이와 너비",
    "images must have something to reflect": "이미지에는 반사할 픽셀이 있어야 합니다",
    "two rows and two columns or more": "2행 2열 이상",
    "images must have a grey for contrast and saturation": (
        "대비와 채도를 바꾸려면 이미지에 회색 값이 있어야 합니다"
    ),
    "indices must be whole numbers (n,)": "indices는 정수 (n,)이어야 합니다",
    "indices must say which images of the dataset": "indices는 데이터셋의 어느 이미지인지 나타내야 합니다",
    "{name} must be a number, or one for each channel": "수 하나이거나 채널마다 하나여야 합니다: {name}",
    "{channels} numbers": "수 {channels}개",
    "{name} must be finite": "유한한 수여야 합니다: {name}",
    "out must be memory for the batch": "out은 배치를 담을 메모리여야 합니다",
    "float32 {shape} in one piece": "한 덩어리로 이어진 float32 {shape}",
    "whole numbers (N,), 0 ≤ label < {classes}": "정수 (N,), 0 ≤ label < {classes}",
    "labels from {low} to {high}": "{low}부터 {high}까지의 레이블",
    "labels must be one class per image": "labels에는 이미지마다 클래스가 하나씩 있어야 합니다",
    "a pixel is named by index and at": "픽셀은 index와 at으로 나타내야 합니다",
    "the image has no such pixel": "이미지에 그런 픽셀이 없습니다",
    "places inside {shape}": "{shape} 안의 위치",
}
