"""What `--help` says of the options with which pictures are made."""

from pellucid.language.entry import Area, Entry

PICTURES: Area = {
    "picture.photo": Entry(
        "PNG, JPEG, WebP, TIFF, BMP, PPM or GIF.", "PNG, JPEG, WebP, TIFF, BMP, PPM, GIF 파일"
    ),
    "picture.filtered": Entry(
        "Where to: .png, .jpg, .tif, .webp or .bmp.", "저장할 파일(.png, .jpg, .tif, .webp, .bmp)"
    ),
    "picture.filter": Entry(
        "identity, box, gaussian, motion, sharpen, unsharp, emboss, outline, laplacian, ridge, or sobel, "
        'prewitt or scharr, alone or with -x or -y; or rows of numbers: "0 1 0; 1 -4 1; 0 1 0".',
        "identity, box, gaussian, motion, sharpen, unsharp, emboss, outline, laplacian, ridge 가운데 하나, 또는 "
        "sobel, prewitt, scharr(뒤에 -x나 -y를 붙일 수 있음), 또는 수를 적은 행: "
        '"0 1 0; 1 -4 1; 0 1 0"',
    ),
    "picture.size": Entry(
        "Of box, gaussian, unsharp and motion: pixels, odd.",
        "box, gaussian, unsharp, motion의 크기: 픽셀 단위의 홀수",
    ),
    "picture.sigma": Entry("Of gaussian and unsharp, in pixels.", "gaussian과 unsharp의 표준편차: 픽셀 단위"),
    "picture.strength": Entry(
        "How much of it: 0 keeps the photo (edges: black), 1 is the kernel.",
        "적용하는 세기: 0은 원래 사진(윤곽선 커널은 검정), 1은 커널 그대로입니다.",
    ),
    "picture.border": Entry(
        "What lies around the photo: reflect (c b a | a b c), replicate (a a a | a b c), zero or wrap "
        "(a b c | a b c).",
        "사진 바깥에 놓인 값: reflect (c b a | a b c), replicate (a a a | a b c), zero, wrap (a b c | a b c)",
    ),
    "picture.flip": Entry(
        "Turn the kernel by 180°: true convolution.", "커널을 180° 돌려 진짜 합성곱을 계산합니다."
    ),
    "picture.raw": Entry(
        "Slide over colours as they lie in the file, also where nothing is seen of them.",
        "보이지 않는 색까지, 파일에 있는 색 그대로 계산합니다.",
    ),
    "picture.sheet": Entry(
        "Draw one labelled sheet of all kernels instead, of up to 16 bits a channel: .png, .svg or .gif.",
        "대신 모든 커널의 결과를 이름과 함께 한 장(.png, .svg, .gif)에 그립니다. 사진은 채널당 16비트까지 됩니다.",
    ),
    "picture.film": Entry(
        "Where to: a .gif of all frames, a .png or .svg of one.",
        "저장할 파일: 모든 장면은 .gif, 한 장면은 .png나 .svg",
    ),
    "picture.frame": Entry(
        "Which frame, from 0; for .png and .svg.", "장면 번호: 0부터 세며 .png와 .svg에 씁니다."
    ),
    "picture.matrix": Entry(
        'Rows with semicolons between: "0 1 2; 3 4 5".', '행 사이에 쌍반점을 넣은 행렬, 예: "0 1 2; 3 4 5"'
    ),
    "picture.weight": Entry('Such as "0 1; 2 3".', '같은 형식의 커널, 예: "0 1; 2 3"'),
    "picture.stride": Entry(
        "The kernel's steps: one number, or one per axis as 2,1.",
        "커널의 걸음(스트라이드): 수 하나, 또는 2,1처럼 축마다 하나",
    ),
    "picture.padding": Entry(
        "Zeros around the input: one number, or one per axis as 2,1; or same.",
        "입력 둘레의 0(패딩): 수 하나, 또는 2,1처럼 축마다 하나, 또는 same",
    ),
    "picture.dilation": Entry(
        "From one weight to the next: one number, or one per axis as 2,1.",
        "이웃한 가중치 사이의 거리(팽창): 수 하나, 또는 2,1처럼 축마다 하나",
    ),
    "picture.transposed": Entry("A transposed convolution.", "전치 합성곱으로 계산합니다."),
    "picture.signal": Entry(
        'Numbers, as "1 2 3", or box, triangle, ramp, decay or gaussian.',
        '"1 2 3"처럼 적은 수, 또는 box, triangle, ramp, decay, gaussian 가운데 하나',
    ),
    "picture.same": Entry("The same.", "신호와 같은 형식"),
}
