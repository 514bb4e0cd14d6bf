"""What readers of data sets tell beside their result."""

from pellucid.language.entry import Area, Entry

TEXTS: Area = {
    "data.skipped": Entry(
        "pictures left out, since they cannot be read: {count:,} ({names})",
        "읽을 수 없어서 뺀 그림: {count:,}개({names})",
    ),
}
