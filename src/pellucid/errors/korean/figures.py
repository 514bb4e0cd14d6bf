"""What pictures and films of convolution say."""

SENTENCES = {
    "{name} must be a function of one number": "수 하나의 함수여야 합니다: {name}",
    "f and g must both be sequences or both functions": "f와 g는 둘 다 수열이거나 둘 다 함수여야 합니다",
    "only functions have a support": "support는 함수에만 줄 수 있습니다",
    "there is no such frame": "그런 프레임은 없습니다",
    "leave the frame out, or write .png or .svg": "프레임을 빼거나 .png나 .svg로 쓰면 됩니다",
    "a GIF holds all frames": "GIF에는 모든 프레임이 들어갑니다",
    "frame {frame}": "프레임 {frame}",
    "this is no photo": "사진이 아닙니다",
    "(H,W) or (H,W,1 to 4) of uint8 or uint16": "uint8이나 uint16의 (H,W) 또는 (H,W,1~4)",
    "{shape} of {dtype}": "{dtype}의 {shape}",
    "where white is 1, use np.rint(255 * photo.clip(0, 1)).astype(np.uint8)": (
        "흰색이 1이면 np.rint(255 * photo.clip(0, 1)).astype(np.uint8)을 쓰면 됩니다"
    ),
    "where white is 255, use np.uint8(photo)": "흰색이 255이면 np.uint8(photo)를 쓰면 됩니다",
    "no font on this machine can show Hangul": "이 컴퓨터에 한글을 보일 수 있는 글꼴이 없습니다",
    "install one, such as Noto Sans CJK KR or NanumGothic, or use lang='en' (--lang en)": (
        "Noto Sans CJK KR나 NanumGothic 같은 글꼴을 설치하거나 lang='en'(--lang en)을 쓰면 됩니다"
    ),
    "{name}_support must be two finite numbers, the smaller one first": (
        "유한한 수 둘이어야 하고 작은 수가 먼저 와야 합니다: {name}_support"
    ),
    "{name} must be finite to be shown": "그리려면 값이 유한해야 합니다: {name}",
    "give {name}_support, or another value there": "다음을 주거나 그 자리의 값을 바꾸면 됩니다: {name}_support",
    "{name} must not be zero everywhere": "모든 곳에서 0이면 안 됩니다: {name}",
    "{name} zero from {low} to {high}": "{low}부터 {high}까지 0: {name}",
    "give {name}_support": "다음을 주면 됩니다: {name}_support",
    "a sequence": "수열",
    "a matrix": "행렬",
    "{name} must be {form} of at least one number": "수가 하나 이상 있어야 합니다: {name}({form})",
    "{name} must hold finite numbers up to ±1e100": "±1e100 안의 유한한 수여야 합니다: {name}",
    "so many numbers cannot be read in a picture": "수가 너무 많아 그림에서 읽을 수 없습니다",
    "at most {most} along each axis, padding included": "패딩을 포함해 축마다 {most}개 이하",
    "input {padded}, kernel {kernel}, output {output}": "입력 {padded}, 커널 {kernel}, 출력 {output}",
    "pictures need matplotlib, which is not installed": "그림에는 matplotlib가 있어야 하는데 설치되어 있지 않습니다",
    "pip install matplotlib": "pip install matplotlib 명령으로 설치하면 됩니다",
}
