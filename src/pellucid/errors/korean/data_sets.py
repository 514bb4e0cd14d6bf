"""What readers of data sets in files say."""

SENTENCES = {
    "data set '{path}'": "데이터셋 '{path}'",
    "file '{path}'": "파일 '{path}'",
    "folder '{path}'": "폴더 '{path}'",
    "there is no such data set": "그런 데이터셋은 없습니다",
    "this is no data set": "데이터셋이 아닙니다",
    "mnist, a folder or archive (zip, tar, tar.gz, tar.bz2, tar.xz) with a folder for each class, a folder of IDX "
    "files, CIFAR-10 or CIFAR-100, an .npz or a .csv file": (
        "mnist, 클래스마다 폴더가 있는 폴더나 압축 파일(zip, tar, tar.gz, tar.bz2, tar.xz), IDX 파일의 폴더, "
        "CIFAR-10이나 CIFAR-100, .npz나 .csv 파일"
    ),
    "data must be a folder, or a zip or tar archive": "데이터는 폴더이거나 zip 또는 tar 압축 파일이어야 합니다",
    "a path must be a text": "경로는 글이어야 합니다",
    "no such file or folder: '{path}'": "없는 파일이나 폴더 '{path}'",
    "{name} must be one of these": "다음 값 가운데 하나여야 합니다: {name}",
    "{name} must be a share": "비율이어야 합니다: {name}",
    "at most {most} files": "파일 {most}개 이하",
    "the file has changed since the data set was opened": "데이터셋을 연 뒤에 파일이 바뀌었습니다",
    "the folder cannot be read": "폴더를 읽을 수 없습니다",
    "a folder must not contain itself": "폴더가 자기 자신을 담고 있으면 안 됩니다",
    "names of files must be UTF-8": "파일 이름은 UTF-8이어야 합니다",
    "0 ≤ validation < 1": "0 ≤ validation < 1",
    # classes
    "there must be pictures": "그림이 있어야 합니다",
    "a folder for each class, with its pictures, and around them train and val if you like": (
        "클래스마다 폴더를 만들어 그림을 넣고, 원하면 train과 val 폴더로 나누면 됩니다"
    ),
    "each picture must lie in the folder of its class": "그림은 저마다 클래스의 폴더 안에 있어야 합니다",
    "validation must have no other classes than training": "검증용에는 학습용에 없는 클래스가 있으면 안 됩니다",
    "names of classes must differ in more than upper and lower case": (
        "클래스 이름은 대소문자만 다르면 안 됩니다"
    ),
    "there are too many classes": "클래스가 너무 많습니다",
    "each class must have a picture to train with": "클래스마다 학습할 그림이 있어야 합니다",
    # pictures
    "{bad} of {count} pictures cannot be read": "그림 {count}개 가운데 {bad}개를 읽을 수 없습니다",
    "skip_bad=True, on the command line --skip-bad, leaves them out": (
        "skip_bad=True, 명령줄에서는 --skip-bad를 주면 그것들을 빼고 읽습니다"
    ),
    "pictures of a compressed archive must fit in memory": "압축한 tar 파일의 그림은 메모리에 다 들어가야 합니다",
    "unpack it and give the folder": "압축을 풀고 그 폴더를 주면 됩니다",
    # archives
    "the archive cannot be read": "압축 파일을 읽을 수 없습니다",
    "the archive is cut off": "압축 파일이 잘렸습니다",
    "the archive holds too much": "압축 파일에 너무 많은 것이 들어 있습니다",
    "the archive must not be encrypted": "압축 파일은 암호화되어 있으면 안 됩니다",
    "a header in the archive is too long": "압축 파일의 헤더가 너무 깁니다",
    "an archive must not hold a file twice": "압축 파일에 같은 파일이 두 번 있으면 안 됩니다",
    "names in an archive must be paths below it": "압축 파일 속의 이름은 그 안의 경로여야 합니다",
    "files in an archive must be no links or devices": "압축 파일 속의 파일은 링크나 장치일 수 없습니다",
    "files in an archive must be stored or deflated": "압축 파일 속의 파일은 저장되었거나 deflate로 압축되어야 합니다",
    "files in an archive must not overlap": "압축 파일 속의 파일은 서로 겹치면 안 됩니다",
    "the file is damaged: it is not what the archive says of it": (
        "파일이 손상되었습니다. 압축 파일에 적힌 내용과 다릅니다"
    ),
    # csv
    "rows path,label, with paths below the folder of the file": (
        "행마다 path,label을 쓰고, 경로는 파일이 있는 폴더 아래로 하면 됩니다"
    ),
    "{where}, row {number}": "{where}, {number}행",
    "a row must be a path and a label": "행은 경로와 레이블이어야 합니다",
    "paths must lie below the folder of the file": "경로는 파일이 있는 폴더 아래여야 합니다",
    "a list must name each picture once": "목록에는 그림이 한 번씩만 나와야 합니다",
    "the file must be UTF-8": "파일은 UTF-8이어야 합니다",
    # arrays
    "an image": "이미지 하나",
    "the images": "이미지",
    "there must be images, grey or of three colours": "회색이나 세 가지 색의 이미지가 있어야 합니다",
    "(N,H,W), (N,C,H,W) or (N,H,W,C), C=1 or C=3": "(N,H,W), (N,C,H,W) 또는 (N,H,W,C), C는 1 또는 3",
    "images must be of 8 or 16 bits or floating": "이미지는 8비트, 16비트 또는 실수형이어야 합니다",
    "images of both parts must have one shape and type": "두 부분의 이미지는 모양과 자료형이 같아야 합니다",
    "labels must be numbers of classes": "레이블은 클래스의 번호여야 합니다",
    # IDX
    "idx takes a folder, or a file of images and one of labels": (
        "idx에는 폴더 하나, 또는 이미지 파일과 레이블 파일을 주어야 합니다"
    ),
    "there must be one data set in the folder": "폴더에는 데이터셋이 하나만 있어야 합니다",
    "name the files: idx(images=…, labels=…)": "idx(images=…, labels=…)로 파일을 정하면 됩니다",
    "files are missing": "없는 파일이 있습니다",
    "no {names}": "없는 것 {names}",
    "this is no IDX file": "IDX 파일이 아닙니다",
    "two zeros, a type, 1 to 4 axes": "0 두 개, 자료형, 축 1~4개",
    "nothing": "아무것도 없음",
    "the header is cut off": "헤더가 잘렸습니다",
    "the file": "파일",
    "{count} bytes for {shape}": "{shape}에 필요한 {count}바이트",
    # CIFAR
    "there are no such labels": "그런 레이블은 없습니다",
    "with .bin or without, as in the official archives": "공식 압축 파일처럼 .bin이 있거나 없는 이름이면 됩니다",
    "there must be one file of a name": "같은 이름의 파일은 하나여야 합니다",
    "a multiple of {count} bytes": "{count}바이트의 배수",
    "'{key}' must be there": "'{key}' 항목이 있어야 합니다",
    "an array of bytes (N,{count})": "바이트 배열 (N,{count})",
    "a list of {count} whole numbers": "정수 {count}개의 목록",
    "{count} names": "이름 {count}개",
    "a pickle must hold nothing but arrays, numbers, texts, lists and dicts": (
        "피클에는 배열, 수, 글, 리스트와 딕셔너리만 있어야 합니다"
    ),
    "the pickle is broken": "피클이 깨졌습니다",
    "more than {count} steps": "{count}단계 초과",
    # npz
    "{where}, array '{name}'": "{where}, 배열 '{name}'",
    "this is no archive of arrays as np.savez writes": "np.savez가 쓰는 것과 같은 배열의 압축 파일이 아닙니다",
    "arrays are missing": "없는 배열이 있습니다",
    "names of classes must be texts (N,)": "클래스 이름은 글의 배열 (N,)이어야 합니다",
    "the array must be of a version that is read here": "배열의 버전은 읽을 수 있는 것이어야 합니다",
    "the array must hold numbers or texts": "배열에는 수나 글이 있어야 합니다",
    "the file is cut off": "파일이 잘렸습니다",
}
