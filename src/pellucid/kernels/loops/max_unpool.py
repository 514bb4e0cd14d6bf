"""Max pooling's choices as numbers of positions, and max unpooling, which puts elements back there.

Tensors are given by tables: how far each position of an image, row-major, lies from the image's first element.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import bytes_at, int32_at, int64_at
from pellucid.kernels.jit import kernel


@kernel
def indices(p, n, f, chunk):
    """indices = the number of the position that a route leads to, from its window's first position.

    p: routes (bytes or int32, without halo), indices (int64). n: outputs in a chunk, N, outputs of an image, C, bytes
    of a route; stride of the indices from image to image; addresses of the outputs' places in the indices, of the
    number of each window's first position and of what each kernel position adds.
    """
    routes, wide, out = bytes_at(p[0]), int32_at(p[0]), int64_at(p[1])
    outputs, channels = n[2], n[3]
    places, first, further = int64_at(n[6]), int64_at(n[7]), int64_at(n[8])
    for r in range(chunk * n[0], min(n[1] * outputs, (chunk + 1) * n[0])):
        y = r % outputs
        to, at = r // outputs * n[5] + places[y], r * channels
        for c in range(channels):
            route = routes[at + c] if n[4] == 1 else wide[at + c]
            out[to + c] = first[y] + further[route]


@kernel
def max_unpool(p, n, f, chunk):
    """output = 0, then output[index] = input for one element after the other, so that the last one stays.

    p: input, indices (int64), output. n: channels in a chunk, chunks of an image, C; for all three the stride from
    image to image, the address of the places and how many there are.
    """
    values, numbers, out = p[0], int64_at(p[1]), p[2]
    image, first = chunk // n[1], chunk % n[1] * n[0]
    last = min(n[2], first + n[0])
    here, where, there, to = int64_at(n[4]), int64_at(n[7]), int64_at(n[10]), image * n[9]
    for i in range(n[11]):
        for c in range(first, last):
            out[to + there[i] + c] = 0
    for y in range(n[5]):
        at, number = image * n[3] + here[y], image * n[6] + where[y]
        for c in range(first, last):
            out[to + there[numbers[number + c]] + c] = values[at + c]


@kernel
def max_unpool_gradient(p, n, f, chunk):
    """grad_input = base + (grad_output[index] where the element stays, else 0).

    p: grad_input, indices (int64), grad_output, base, room for the number of the element that stays at each position
    (int64). n: as of `max_unpool`, with grad_input for the input and grad_output for the output; then the base's stride
    from image to image, 0 for none, and the address of its places; the room's stride, 0 where no two elements meet.
    """
    out, numbers, grad, base, stays = p[0], int64_at(p[1]), p[2], p[3], int64_at(p[4])
    image, first = chunk // n[1], chunk % n[1] * n[0]
    last = min(n[2], first + n[0])
    here, where, there, before = int64_at(n[4]), int64_at(n[7]), int64_at(n[10]), int64_at(n[13])
    if n[14] != 0:
        for y in range(n[5]):
            number = image * n[6] + where[y]
            for c in range(first, last):
                stays[image * n[14] + numbers[number + c] * n[2] + c] = y
    for y in range(n[5]):
        at, number = image * n[3] + here[y], image * n[6] + where[y]
        for c in range(first, last):
            index = numbers[number + c]
            if n[14] == 0 or stays[image * n[14] + index * n[2] + c] == y:
                out[at + c] = grad[image * n[9] + there[index] + c]
            else:
                out[at + c] = 0
        if n[12] != 0:
            start = image * n[12] + before[y]
            for c in range(first, last):
                out[at + c] += base[start + c]
