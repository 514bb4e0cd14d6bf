"""Element by element: activations, their gradients, sums.

Tensors are walked row by row (a row is W·C numbers side by side), since the rows of a padded tensor are apart. Every
kernel here takes n: rows in a chunk, N, D, H, length of a row, then image, depth and row stride of each tensor in the
order of p; the stride of an absent base is 0.
"""

from __future__ import annotations

from pellucid.kernels.intrinsics import rounded
from pellucid.kernels.jit import inline, kernel


@inline
def row_at(r, n, tensor):
    """Where row `r` of the tensor-th tensor begins."""
    at = 5 + 3 * tensor
    return r // (n[2] * n[3]) * n[at] + r // n[3] % n[2] * n[at + 1] + r % n[3] * n[at + 2]


@inline
def last_row(n, chunk):
    """The row after the last one of a chunk."""
    return min(n[1] * n[2] * n[3], (chunk + 1) * n[0])


@inline
def has_base(n, tensor):
    """Whether a gradient is added to an earlier one."""
    return n[5 + 3 * tensor] != 0


@inline
def add_base(p, n, r, out, base):
    """Add row `r` of the base to that of a gradient, if there is one; `out` and `base` are their places in p."""
    if has_base(n, base):
        gradient, before = p[out], p[base]
        to, at = row_at(r, n, out), row_at(r, n, base)
        for i in range(n[4]):
            gradient[to + i] += before[at + i]


@kernel
def relu(p, n, f, chunk):
    """y = 0 where x < 0, else x, so that NaN stays. p: x, y."""
    x, y = p[0], p[1]
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            y[to + i] = 0 if x[at + i] < 0 else x[at + i]


@kernel
def relu_gradient(p, n, f, chunk):
    """grad_input = base + (0 where output = 0, else grad_output). p: grad_output, output, grad_input, base."""
    g, y, out = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, values, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            if y[values + i] != 0:
                out[to + i] = g[grads + i]
            else:
                out[to + i] = 0
        add_base(p, n, r, 2, 3)


@kernel
def add(p, n, f, chunk):
    """y = a + b; then its ReLU when n, behind the strides, says so. p: a, b, y."""
    a, b, y = p[0], p[1], p[2]
    for r in range(chunk * n[0], last_row(n, chunk)):
        first, second, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        if n[14] != 0:
            for i in range(n[4]):
                total = a[first + i] + b[second + i]
                y[to + i] = 0 if total < 0 else total
        else:
            for i in range(n[4]):
                y[to + i] = a[first + i] + b[second + i]


@kernel
def leaky_relu(p, n, f, chunk):
    """y = x where x > 0, else slope·x. p: x, y. f: slope, which is a number of x's type."""
    x, y = p[0], p[1]
    slope = rounded(f[0], x)
    for r in range(chunk * n[0], last_row(n, chunk)):
        at, to = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            y[to + i] = x[at + i] if x[at + i] > 0 else slope * x[at + i]


@kernel
def leaky_relu_gradient(p, n, f, chunk):
    """grad_input = base + (grad_output where x > 0, else slope·grad_output). p: grad_output, x, grad_input, base."""
    g, x, out = p[0], p[1], p[2]
    slope = rounded(f[0], x)
    for r in range(chunk * n[0], last_row(n, chunk)):
        grads, values, to = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2)
        for i in range(n[4]):
            out[to + i] = g[grads + i] if x[values + i] > 0 else slope * g[grads + i]
        add_base(p, n, r, 2, 3)
