"""The table of docs/pictures.md and .ko.md: every kind of picture, and what the reader makes of it.

python -m tests.data.pictures.tables      writes both anew
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.data.pictures.variant import Variant
from tests.data.pictures.variants import variants
from tests.support.markdown import DOCS

from pellucid.data import read_photo
from pellucid.errors import DataError

FILES = {"en": "pictures.md", "ko": "pictures.ko.md"}
MARKS = ("<!-- table: python -m tests.data.pictures.tables -->", "<!-- end of table -->")
HEAD = {"en": ("file", "picture", "pixels, by bits a sample"), "ko": ("파일", "그림", "픽셀(채널당 비트 수)")}
KINDS = {
    "en": {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"},
    "ko": {1: "회색", 2: "회색과 알파", 3: "RGB", 4: "RGBA"},
}
FLOATS = {"en": "floats of ", "ko": "실수 "}
REFUSED = {"en": "refused", "ko": "거부"}
_BITS = re.compile(r"(\d+)( bits?|-bit floats)")
# all words that are not the same in both languages
KOREAN = {
    "black is 0": "0이 검정",
    "white is 0": "0이 흰색",
    "below 0 and above 1": "0보다 작거나 1보다 큰 값",
    "nan": "NaN",
    "inf": "∞",
    "-inf": "−∞",
    "signed": "부호 있는 정수",
    "undefined": "정의되지 않은 형식",
    "complex": "복소수",
    "signed and unsigned": "부호 있는 것과 없는 것이 섞임",
    "big-endian": "빅 엔디언",
    "planes": "채널별로 따로 저장",
    "tiles": "타일",
    "old deflate": "옛 deflate",
    "one strip": "스트립 하나",
    "one row a strip": "한 줄짜리 스트립",
    "old JPEG": "옛 JPEG",
    "not compressed": "압축 없음",
    "two pages": "두 쪽",
    "one page": "한 쪽",
    "preview": "미리보기",
    "mask of another": "다른 그림의 마스크",
    "no StripByteCounts": "StripByteCounts 없음",
    "palette": "팔레트",
    "white is 65535": "흰색이 65535",
    "white is 65280": "흰색이 65280",
    "white is 255": "흰색이 255",
    "white is 1": "흰색이 1",
    "white is 7": "흰색이 7",
    "white is 1023": "흰색이 1023",
    "palette of 16 bits": "16비트 팔레트",
    "palette of greys": "회색만 있는 팔레트",
    "palette cut off": "모자라는 팔레트",
    "other inks": "다른 잉크",
    "CMYK from 10 to 250": "10에서 250까지의 CMYK",
    "mask": "마스크",
    "linear raw": "선형 원시 데이터",
    "no PhotometricInterpretation": "PhotometricInterpretation 없음",
    "grey": "회색",
    "alpha": "알파",
    "unspecified sample": "용도를 밝히지 않은 채널",
    "multiplied by alpha": "알파를 곱해 둔 색",
    "sample that nothing is said of": "설명이 없는 채널",
    "interlaced": "인터레이스",
    "transparent colour": "투명한 색",
    "gAMA and sBIT": "gAMA와 sBIT",
    "animation": "애니메이션",
    "picture smaller than its screen": "화면보다 작은 그림",
    "scale 2": "배율 2",
    "part of a number": "소수",
    "number above white": "흰색보다 큰 수",
    "cut off": "잘린 파일",
    "5, 6 and 5 bits": "5·6·5비트",
    "5, 5 and 5 bits": "5·5·5비트",
}


def table(lang: str) -> str:
    """A row for pictures of which the same becomes, which is found by reading them."""
    results: dict[tuple[str, str], dict[str, list[str]]] = {}
    for variant in variants():
        format, *parts = variant.parts
        bits = [part for part in parts if _BITS.fullmatch(part)]
        name = ", ".join(part if lang == "en" else _korean(part) for part in parts if part not in bits)
        results.setdefault((format, name), {}).setdefault(_result(variant, lang), []).extend(bits)
    names: dict[tuple[str, str], list[str]] = {}
    for (format, name), found in results.items():
        said = "; ".join(result + _among(bits, lang) for result, bits in found.items())
        names.setdefault((format, said), []).append(name)
    lines = [
        HEAD[lang],
        ("---",) * 3,
        *((format, "; ".join(found), said) for (format, said), found in names.items()),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _korean(part: str) -> str:
    whole = KOREAN.get(part)
    return whole or ", ".join(KOREAN.get(word, word) for word in part.split(", "))


def _result(variant: Variant, lang: str) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(variant.content)
        try:
            pixels = read_photo(path).pixels
        except DataError as error:
            return f"{REFUSED[lang]}: `{error.rule}`"
    return f"`{pixels.dtype}` {KINDS[lang][pixels.shape[2] if pixels.ndim == 3 else 1]}"


def _among(bits: Sequence[str], lang: str) -> str:
    """Numbers of bits, those that follow each other as from–to, then those of floats."""
    whole = [int(one.split()[0]) for one in bits if "float" not in one]
    floats = ", ".join(one.split("-")[0] for one in bits if "float" in one)
    runs: list[list[int]] = []
    for number in whole:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    parts += [FLOATS[lang] + floats] if floats else []
    return f" ({', '.join(parts)})" if parts else ""


def parts_of(lang: str) -> tuple[str, str, str]:
    """A page before its table, the table, and the page behind."""
    before, _, rest = (DOCS / FILES[lang]).read_text(encoding="utf-8").partition(MARKS[0])
    shown, _, behind = rest.partition(MARKS[1])
    return before, shown.strip(), behind


if __name__ == "__main__":
    for lang, name in FILES.items():
        before, _, behind = parts_of(lang)
        (DOCS / name).write_text(f"{before}{MARKS[0]}\n{table(lang)}\n{MARKS[1]}{behind}", encoding="utf-8")
