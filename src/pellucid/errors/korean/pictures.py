"""What the readers of picture files say."""

SENTENCES = {
    "image '{path}'": "이미지 '{path}'",
    "the picture": "그림",
    "the file is too large": "파일이 너무 큽니다",
    "this is no image, or of an unknown kind": "이미지가 아니거나 모르는 종류입니다",
    "the image cannot be read": "이미지를 읽을 수 없습니다",
    "the image is too large": "이미지가 너무 큽니다",
    "at most {most} pixels": "{most}픽셀 이하",
    "the file must hold one picture, not an animation or pages": (
        "파일에는 그림이 하나만 있어야 하고, 애니메이션이나 여러 쪽은 안 됩니다"
    ),
    "{count} pictures": "그림 {count}개",
    "pixels must be of 8 bits": "픽셀은 8비트여야 합니다",
    "Pillow's mode {mode}": "Pillow의 모드 {mode}",
    "pixels must be numbers of the palette": "픽셀은 팔레트에 있는 번호여야 합니다",
    "a palette": "팔레트",
    "at most {last}": "{last} 이하",
    "pixels must be finite numbers": "픽셀은 유한한 수여야 합니다",
    "the file ends before its picture does": "그림이 끝나기 전에 파일이 끝납니다",
    # PNG
    "a PNG file must begin with its header IHDR": "PNG 파일은 헤더 IHDR로 시작해야 합니다",
    "a profile, or a text that may say how the picture is turned, must not be too long": (
        "프로파일이나 그림의 방향을 담을 수 있는 글이 너무 길면 안 됩니다"
    ),
    # PNM and PFM
    "the header must hold the picture's size": "헤더에 그림의 크기가 있어야 합니다",
    "the header must hold the picture's size and its scale": "헤더에 그림의 크기와 비율이 있어야 합니다",
    "the header must hold the picture's size and its white": "헤더에 그림의 크기와 흰색의 값이 있어야 합니다",
    "the picture must have pixels": "그림에 픽셀이 있어야 합니다",
    "no number may be larger than white": "흰색보다 큰 수가 있으면 안 됩니다",
    "the scale of floats must say their byte order alone": "실수의 비율은 바이트 순서만 나타내야 합니다",
    "white must be a number from 1 to 65535": "흰색의 값은 1부터 65535까지여야 합니다",
    "another one behind the first": "첫 그림 뒤에 또 하나의 그림",
    "nothing but another picture may be behind the picture": "그림 뒤에는 다른 그림만 올 수 있습니다",
    "the bits of a plain bitmap must be 0 or 1": "텍스트 비트맵의 비트는 0 또는 1이어야 합니다",
    "the numbers of a plain picture must be whole": "텍스트 그림의 수는 정수여야 합니다",
    "a plain bitmap must not have more bits than the picture": "텍스트 비트맵의 비트가 그림보다 많으면 안 됩니다",
    # TIFF: colours
    "colours must be of a kind that is read here": "색의 종류는 읽을 수 있는 것이어야 합니다",
    "grey, RGB, a palette, CMYK or YCbCr": "회색, RGB, 팔레트, CMYK 또는 YCbCr",
    "a transparency mask": "투명 마스크",
    "a colour filter array": "색 필터 배열",
    "linear raw": "선형 RAW",
    "it must be known which number is white": "어떤 수가 흰색인지 알 수 있어야 합니다",
    "unsigned whole numbers or floats": "부호 없는 정수 또는 실수",
    "signed whole numbers, which have no agreed white": "흰색의 값이 정해져 있지 않은 부호 있는 정수",
    "undefined numbers": "정의되지 않은 수",
    "complex whole numbers": "복소 정수",
    "complex floats": "복소 실수형",
    "numbers must be of bits that are read here": "수의 비트 수는 읽을 수 있는 것이어야 합니다",
    "whole numbers of 1 to 16 or 32 bits, or floats of 16, 32 or 64": (
        "1~16비트나 32비트의 정수, 또는 16, 32, 64비트의 실수"
    ),
    "whole numbers of {bits} bits": "{bits}비트 정수",
    "floats of {bits} bits": "{bits}비트 실수",
    "{bits} bits": "{bits}비트",
    "a palette's picture must be whole numbers without alpha": "팔레트 그림은 알파 없는 정수여야 합니다",
    "YCbCr must be three whole numbers of 8 bits": "YCbCr는 8비트 정수 세 개여야 합니다",
    "colours multiplied by alpha must be grey or RGB, with black 0": (
        "알파를 곱한 색은 검정이 0인 회색이나 RGB여야 합니다"
    ),
    "all samples of a pixel must be of one kind": "한 픽셀의 표본은 모두 같은 종류여야 합니다",
    "tag {name}: {names}, of {samples} samples": "태그 {name}: {names}, 표본 {samples}개",
    "it must be known what each sample of a pixel is": "픽셀의 표본이 저마다 무엇인지 알 수 있어야 합니다",
    "{count} for colours, and ExtraSamples for up to {most} others": (
        "색에 {count}개, 그 밖에 {most}개까지의 ExtraSamples"
    ),
    "{samples} samples, ExtraSamples {extra}": "표본 {samples}개, ExtraSamples {extra}",
    "missing": "없음",
    "a palette must have a colour for each number": "팔레트에는 번호마다 색이 있어야 합니다",
    "inks must be CMYK": "잉크는 CMYK여야 합니다",
    "ink must go from none to the largest number": "잉크의 값은 0(없음)부터 가장 큰 수까지여야 합니다",
    "floats that are {name} must lie between none and all": "다음을 나타내는 실수는 0과 1 사이여야 합니다: {name}",
    "ink": "잉크",
    "alpha": "알파",
    "0 to 1": "0~1",
    # TIFF: where the numbers lie
    "the picture and its strips or tiles must have sizes": "그림과 그 스트립이나 타일의 크기가 있어야 합니다",
    "{width}×{height} in blocks of {block_width}×{block_height}": (
        "{width}×{height}, 블록 {block_width}×{block_height}"
    ),
    "the compression must be one that is read here": "압축 방식은 읽을 수 있는 것이어야 합니다",
    "none, CCITT, LZW, deflate, PackBits, JPEG, LZMA or Zstandard": (
        "없음, CCITT, LZW, deflate, PackBits, JPEG, LZMA 또는 Zstandard"
    ),
    "old JPEG": "옛 JPEG",
    "samples must lie side by side or apart": "표본은 나란히 있거나 따로 있어야 합니다",
    "bits must have an order": "비트의 순서가 정해져 있어야 합니다",
    "differences must be of a kind that the compression has": "차분은 압축 방식에 있는 종류여야 합니다",
    "Predictor {predictor}, Compression {compression}, {bits} bits": (
        "Predictor {predictor}, Compression {compression}, {bits}비트"
    ),
    "CCITT must compress single bits": "CCITT는 1비트씩 압축해야 합니다",
    "JPEG and YCbCr must have colours of 8 bits": "JPEG와 YCbCr의 색은 8비트여야 합니다",
    "{samples} samples of {bits} bits": "{bits}비트 표본 {samples}개",
    "there must be a place and a size for each strip or tile": "스트립이나 타일마다 위치와 크기가 있어야 합니다",
    "{count} places and {size_count} sizes": "위치 {count}개, 크기 {size_count}개",
    "strips and tiles must not overlap": "스트립이나 타일은 겹치면 안 됩니다",
    "a strip or tile must hold all its numbers": "스트립이나 타일에 수가 모두 들어 있어야 합니다",
    "the first picture must not be a preview or the mask of another": (
        "첫 그림은 다른 그림의 미리 보기나 마스크일 수 없습니다"
    ),
    "tag {tag} must hold whole numbers": "태그 {tag}의 값은 정수여야 합니다",
    "tag {tag} must hold one number": "태그 {tag}의 값은 수 하나여야 합니다",
    "tag {tag} must hold fractions": "태그 {tag}의 값은 분수여야 합니다",
    "{count} of type {kind}": "형식 {kind}의 값 {count}개",
    "there are too many tags": "태그가 너무 많습니다",
}
