"""Where a number comes from and where it goes: paths, uses, fields, and the regions of arrays that they name.

In Korean no particle follows a placeholder whose form would depend on the value.
"""

from pellucid.language.entry import Area, Entry

PATHS: Area = {
    "path.number": Entry("{address} = {value}, exact {exact}", "{address} = {value}, 정확한 값 {exact}"),
    "path.not_certified": Entry("{number}, NOT certified", "{number}, 인증되지 않음"),
    "path.again": Entry("{address} = {value}, as above", "{address} = {value}, 위와 같음"),
    "path.start": Entry("{term}, the start", "{term}, 시작값"),
    "path.rest": Entry("… {count:,} more terms, together {sum}", "… 나머지 항 {count:,}개의 합 {sum}"),
    "path.rest_of_one": Entry("… 1 more term, {sum}", "… 나머지 항 1개 {sum}"),
    "path.not_chosen": Entry("… {count:,} more, not chosen", "… 선택되지 않은 후보 {count:,}개"),
    "path.beyond": Entry(
        "what the formula has beyond them, {sum}", "이 항들 말고 식에 들어 있는 나머지 값 {sum}"
    ),
}

USES: Area = {
    "uses.none": Entry("{address} feeds no other number", "{address}: 이 수를 읽는 수가 없습니다"),
    "uses.one": Entry("{address} feeds 1 number", "{address}: 수 1개가 이 수를 읽습니다"),
    "uses.several": Entry(
        "{address} feeds {count:,} numbers", "{address}: 수 {count:,}개가 이 수를 읽습니다"
    ),
    "uses.forward": Entry("forward", "순전파"),
    "uses.backward": Entry("backward", "역전파"),
    "uses.update": Entry("update", "갱신"),
    "uses.as": Entry("{region}, as {arguments}", "{region}, 역할: {arguments}"),
}

REGIONS: Area = {
    "region.empty": Entry("{place}: none of {size:,}", "{place}: {size:,}개 중 없음"),
    "region.full": Entry("{place}: {count:,} of {size:,}", "{place}: {size:,}개 중 {count:,}개"),
    "region.scattered": Entry(
        "{place}: {count:,} of {size:,}, not all of the box's {box:,}",
        "{place}: {size:,}개 중 {count:,}개, 상자 안 {box:,}개의 일부",
    ),
}

FIELDS: Area = {
    "field.receptive": Entry("receptive field: depends on", "수용 영역: 이 수가 의존하는 곳"),
    "field.projective": Entry("projective field: reaches", "투영 영역: 이 수가 영향을 주는 곳"),
    "field.statistics": Entry(
        "with the statistics of {names} held", "다음 층의 통계는 고정된 것으로 봅니다: {names}"
    ),
    "field.statistics_of_more": Entry(
        "with the statistics of {names} and {count} more held",
        "다음 층과 그 밖의 층 {count}개의 통계는 고정된 것으로 봅니다: {names}",
    ),
}
