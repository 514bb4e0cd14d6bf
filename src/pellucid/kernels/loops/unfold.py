"""The windows of an image as columns, and columns added up to an image: copies that change the order of numbers.

A column is a window's numbers side by side, channel by channel: (c,k) is number c·K + k.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import int64_at, rounded
from pellucid.kernels.jit import inline, kernel


@inline
def last_of(chunk, size, total):
    """The one after the last of a chunk."""
    return min(total, (chunk + 1) * size)


@kernel
def unfold(p, n, f, chunk):
    """columns[y][c·K + k] = image[window y's first position + tap k][c], on top of the base.

    p: image, columns, base. n: columns in a chunk, N, L, C, K; strides from image to image of all three, 0 for no base;
    addresses of the windows and of the taps: how far they lie from the image's first element, from a window's first.
    """
    image, columns, base = p[0], p[1], p[2]
    length, channels, taps = n[2], n[3], n[4]
    windows, places = int64_at(n[8]), int64_at(n[9])
    for r in range(chunk * n[0], last_of(chunk, n[0], n[1] * length)):
        number, y = r // length, r % length
        at, row = number * n[5] + windows[y], y * channels * taps
        to = number * n[6] + row
        for c in range(channels):
            for k in range(taps):
                columns[to + c * taps + k] = image[at + places[k] + c]
        if n[7] != 0:
            start = number * n[7] + row
            for i in range(channels * taps):
                columns[to + i] += base[start + i]


@kernel
def fold(p, n, f, chunk):
    """image[i][c] = base + Σ columns[y][c·K + k] over the (y,k) at position i, k ascending.

    p: columns, image, base. n: rows in a chunk, N, H, W, C, K; strides from image to image and from row to row of the
    image, the same of the base, 0 for none, and from image to image of the columns; for H and for W the addresses of
    where each position's list begins and of the lists: how far (y,k) lies from the first column's first number.
    """
    columns, image, base = p[0], p[1], p[2]
    height, width, channels, taps, zero = n[2], n[3], n[4], n[5], rounded(0.0, image)
    grows = n[8] != 0
    high, lines, wide, pixels = int64_at(n[11]), int64_at(n[12]), int64_at(n[13]), int64_at(n[14])
    for r in range(chunk * n[0], last_of(chunk, n[0], n[1] * height)):
        number, h = r // height, r % height
        for w in range(width):
            to = number * n[6] + h * n[7] + w * channels
            start = number * n[8] + h * n[9] + w * channels
            for c in range(0, channels - 3, 4):  # four sums at a time, which do not wait for each other
                s = number * n[10] + c * taps
                x0 = base[start + c] if grows else zero
                x1 = base[start + c + 1] if grows else zero
                x2 = base[start + c + 2] if grows else zero
                x3 = base[start + c + 3] if grows else zero
                for a in range(high[h], high[h + 1]):
                    for b in range(wide[w], wide[w + 1]):
                        at = s + lines[a] + pixels[b]
                        x0 += columns[at]
                        x1 += columns[at + taps]
                        x2 += columns[at + 2 * taps]
                        x3 += columns[at + 3 * taps]
                image[to + c], image[to + c + 1], image[to + c + 2], image[to + c + 3] = x0, x1, x2, x3
            for c in range(channels // 4 * 4, channels):
                s = number * n[10] + c * taps
                x0 = base[start + c] if grows else zero
                for a in range(high[h], high[h + 1]):
                    for b in range(wide[w], wide[w + 1]):
                        x0 += columns[s + lines[a] + pixels[b]]
                image[to + c] = x0
