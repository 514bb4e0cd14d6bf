"""What the table of a recording's certificates says."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "certificates.array": Entry("array", "배열"),
    "certificates.kind": Entry("kind", "종류"),
    "certificates.numbers": Entry("numbers", "수"),
    "certificates.checked": Entry("checked", "검사"),
    "certificates.ulps": Entry("ulps", "ulp 차이"),
    "certificates.share": Entry("gap/bound", "오차/한계"),
    "certificates.replay": Entry("replay ≠", "재계산 ≠"),
    "certificates.failures": Entry("failures", "실패"),
    "certificates.all_certified": Entry(
        "{checked:,} numbers checked, all certified", "수 {checked:,}개를 검사하여 모두 인증했습니다"
    ),
    "certificates.not_finite": Entry(
        "{count:,} of them are NaN or infinite, first in {name}: certified is how they were made, "
        "not that they are of use",
        "그중 {count:,}개는 NaN이거나 무한대입니다(처음 나온 배열: {name}). 인증은 수가 어떻게 만들어졌는지를 보일 뿐, "
        "쓸모가 있음을 뜻하지 않습니다",
    ),
    "certificates.not_certified": Entry(
        "{checked:,} numbers checked, {failures:,} NOT certified",
        "수 {checked:,}개를 검사했습니다. 그중 {failures:,}개는 인증되지 않았습니다",
    ),
}
