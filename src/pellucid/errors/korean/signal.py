"""What convolution as mathematics and filters say."""

SENTENCES = {
    # sequences and arrays
    "f and g must have equally many axes": "f와 g의 축의 수가 같아야 합니다",
    "f and g must not be empty": "f와 g는 비어 있을 수 없습니다",
    "f and g must have one shape": "f와 g의 모양이 같아야 합니다",
    "mode 'valid' needs one operand to be as large as the other along every axis": (
        "mode 'valid'에서는 한쪽이 모든 축에서 다른 쪽보다 작지 않아야 합니다"
    ),
    "use mode 'full' or 'same'": "mode 'full'이나 'same'을 쓰면 됩니다",
    "the sums do not fit into {dtype}": "합이 {dtype} 자료형에 들어가지 않습니다",
    "sums from {low} to {high}": "{low}부터 {high}까지의 합",
    "convert to float64": "float64로 바꾸면 됩니다",
    "there is no such element": "그런 원소는 없습니다",
    "{place} for shape {shape}": "{place}, 모양 {shape}",
    "{position} for shape {shape}": "{position}, 모양 {shape}",
    "this array is a copy and has no record of its products": "이 배열은 복사본이라 곱의 기록이 없습니다",
    "explain numbers of what convolve or correlate returned": (
        "convolve나 correlate가 돌려준 배열의 수를 설명하면 됩니다"
    ),
    # laws
    "both sides and their rounding must be finite": "양변과 반올림 오차는 유한해야 합니다",
    "use smaller numbers": "더 작은 수를 쓰면 됩니다",
    "use smaller numbers, or float64": "더 작은 수나 float64를 쓰면 됩니다",
    "at must be an index of f": "at은 f의 색인이어야 합니다",
    "at={at!r} for shape {shape}": "at={at}, 모양 {shape}",
    "the numbers must be finite": "수는 유한해야 합니다",
    "no output has a partner": "짝이 되는 출력이 없습니다",
    "shift {shifts} for output {shape}": "이동 {shifts}, 출력 {shape}",
    "g must not be larger than the padded input": "g는 패딩을 더한 입력보다 클 수 없습니다",
    # functions
    "f and g must be functions of one or two numbers": "f와 g는 수 하나나 둘의 함수여야 합니다",
    "pass dims=1 or dims=2": "dims=1이나 dims=2를 주면 됩니다",
    "x must be finite": "x는 유한해야 합니다",
    "x must hold pairs in two dimensions": "2차원에서 x는 쌍이어야 합니다",
    "a pair or an array (…,2)": "쌍 또는 (…,2) 배열",
    "breaks are for one dimension alone": "breaks는 1차원에서만 쓸 수 있습니다",
    "the integral does not converge": "적분이 수렴하지 않습니다",
    "f(z)·g(x−z) must be finite and fall off towards infinity; give f_support and g_support": (
        "f(z)·g(x−z)는 유한하고 무한대로 갈수록 작아져야 합니다. f_support와 g_support를 주면 됩니다"
    ),
    "{name} must be finite somewhere": "유한한 값을 갖는 곳이 있어야 합니다: {name}",
    "f and g must be finite somewhere": "f와 g가 유한한 값을 갖는 곳이 있어야 합니다",
    "no finite value": "유한한 값 없음",
    "{number} throughout": "모든 곳에서 {number}",
    "{name}_support must be a pair (low, high) with low < high": (
        "low < high인 쌍 (low, high)이어야 합니다: {name}_support"
    ),
    "{name}_support must hold a pair (low, high) for each of the two axes": (
        "두 축마다 쌍 (low, high)이 있어야 합니다: {name}_support"
    ),
    "{name} must take real numbers and return one": "실수를 받아 실수를 돌려주어야 합니다: {name}",
    "{found!r} is no real number": "실수가 아닌 {found}",
    "{name} must have a value wherever it is asked for one": "묻는 모든 곳에서 값이 있어야 합니다: {name}",
    "{kind}: {error} at {places}": "{places}에서 {kind}: {error}",
    "give {name}_support, or let {name} return 0 where it is not defined": (
        "{name}_support 설정을 주거나, 정의되지 않은 곳에서 0을 돌려주게 하면 됩니다"
    ),
    # layers as matrices, channels as depth
    "weight must have three to five axes": "가중치의 축은 3~5개여야 합니다",
    "(O,C/groups,…) with one to three spatial axes": "(O,C/groups,…), 공간 축 1~3개",
    "input must have three to five axes": "입력의 축은 3~5개여야 합니다",
    "{name} must have the layer's shape": "층의 모양과 같아야 합니다: {name}",
    "the matrix must not become too large": "행렬이 너무 크면 안 됩니다",
    "at most {most:,} places to fill": "채울 자리 {most}개 이하",
    "one image and its kernels are needed": "이미지 하나와 그 커널이 있어야 합니다",
    "(C,H,W) and (O,C,Kh,Kw)": "(C,H,W), (O,C,Kh,Kw)",
    "this needs SciPy, which is not installed": "SciPy가 있어야 하는데 설치되어 있지 않습니다",
    "pip install scipy": "pip install scipy 명령으로 설치하면 됩니다",
    # filters
    "this is no image": "이미지가 아닙니다",
    "image must be of 8 or 16 bits or floats": "image는 8비트, 16비트 또는 실수형이어야 합니다",
    "(H,W) or (H,W,C) with one to four channels": "(H,W), 또는 채널이 1~4개인 (H,W,C)",
    "channels come last here: image.transpose(1, 2, 0)": (
        "여기서는 채널이 마지막입니다. image.transpose(1, 2, 0)을 쓰면 됩니다"
    ),
    "there is no such kernel": "그런 커널은 없습니다",
    "a kernel of your own is an array, or text such as '0 1 0; 1 -4 1; 0 1 0'": (
        "직접 정한 커널은 배열이나 '0 1 0; 1 -4 1; 0 1 0' 같은 글로 주면 됩니다"
    ),
    "a kernel as text must have rows of equally many numbers, with ';' between rows": (
        "글로 적은 커널은 행마다 수의 개수가 같고 행 사이에 ';'이 있어야 합니다"
    ),
    "such as '0 1 0; 1 -4 1; 0 1 0'": "예를 들어 '0 1 0; 1 -4 1; 0 1 0'",
    "kernel must have rows and columns": "kernel에는 행과 열이 있어야 합니다",
    "kernel must hold finite numbers up to ±{most:g}": "kernel의 수는 ±{most} 안의 유한한 수여야 합니다",
    "size and sigma are for kernels by name": "size와 sigma는 이름으로 고른 커널에만 쓸 수 있습니다",
    "size must be an odd number of pixels, at most {most}": "size는 {most} 이하의 홀수 픽셀이어야 합니다",
    "kernel '{key}' has no such setting": "커널 '{key}'에 그런 설정은 없습니다",
}
