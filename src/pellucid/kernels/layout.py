"""Copies: into channels-last tensors from N C D H W order; copies and sums of plain memory."""

from __future__ import annotations

from pellucid.kernels.intrinsics import numbers_at
from pellucid.kernels.jit import kernel


@kernel
def copy(p, n, f, chunk):
    """out = source. p: source, out. n: numbers, numbers in a chunk."""
    source, out = p[0], p[1]
    for i in range(chunk * n[1], min(n[0], (chunk + 1) * n[1])):
        out[i] = source[i]


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
