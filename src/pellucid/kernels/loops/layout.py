"""Copies: into channels-last tensors from N C D H W order; copies and sums of plain memory; zeros around a tensor.

Copies of plain memory are as it is, or with its rows in the opposite order.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import bytes_at, numbers_at
from pellucid.kernels.jit import kernel


@kernel
def copy(p, n, f, chunk):
    """out = source. p: source, out. n: numbers, numbers in a chunk."""
    source, out = p[0], p[1]
    for i in range(chunk * n[1], min(n[0], (chunk + 1) * n[1])):
        out[i] = source[i]


@kernel
def reverse(p, n, f, chunk):
    """The rows in the opposite order. p: source, out. n: rows, numbers in a row. A chunk is a row."""
    source, out = chunk * n[1], (n[0] - 1 - chunk) * n[1]
    for i in range(n[1]):
        p[1][out + i] = p[0][source + i]


@kernel
def from_public(p, n, f, chunk):
    """tensor[n,d,h,w,c] = source[n,c,d,h,w].

    p: tensor. n: address of source, N, D, H, W, C, images in a chunk; strides of the tensor: image, depth, row.
    """
    out, source = p[0], numbers_at(n[0], p[0])
    width, channels = n[4], n[5]
    plane = n[2] * n[3] * width
    for r in range(chunk * n[6] * n[2] * n[3], min(n[1], (chunk + 1) * n[6]) * n[2] * n[3]):
        image, d, h = r // (n[2] * n[3]), r // n[3] % n[2], r % n[3]
        to = image * n[7] + d * n[8] + h * n[9]
        start = image * channels * plane + (d * n[3] + h) * width
        if channels <= 4:  # images: long loops along the row
            for c in range(channels):
                for w in range(width):
                    out[to + w * channels + c] = source[start + c * plane + w]
        else:
            for w in range(width):
                for c in range(channels):
                    out[to + w * channels + c] = source[start + c * plane + w]


@kernel
def add(p, n, f, chunk):
    """out = first + second. p: first, second, out. n: numbers, numbers in a chunk."""
    first, second, out = p[0], p[1], p[2]
    for i in range(chunk * n[1], min(n[0], (chunk + 1) * n[1])):
        out[i] = first[i] + second[i]


@kernel
def clear_halo(p, n, f, chunk):
    """Zeros before and behind the inner numbers of a tensor along D, H, W.

    p: tensor, of any type. n: images in a chunk, N, D, H, W, bytes of a pixel; the halo before and behind along
    D, H, W; strides of the tensor in bytes: image, depth, row, pixel.
    """
    tensor = bytes_at(p[0])
    depth, height, width = n[2], n[3], n[4] * n[5]
    before, behind = n[10] * n[15], n[11] * n[15]
    for image in range(chunk * n[0], min(n[1], (chunk + 1) * n[0])):
        for d in range(-n[6], depth + n[7]):
            for h in range(-n[8], height + n[9]):
                row = image * n[12] + d * n[13] + h * n[14]
                if 0 <= d < depth and 0 <= h < height:
                    for i in range(row - before, row):
                        tensor[i] = 0
                    for i in range(row + width, row + width + behind):
                        tensor[i] = 0
                else:
                    for i in range(row - before, row + width + behind):
                        tensor[i] = 0
