"""Element by element: activations, their gradients, sums.

Tensors are walked row by row (a row is W·C numbers side by side), since the rows of a padded tensor are apart. Every
kernel here takes n: rows in a chunk, N, D, H, length of a row, then image, depth and row stride of each tensor in the
order of p; the stride of an absent base is 0.
"""

from __future__ import annotations

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


@kernel
def relu(p, n, f, chunk):
    """y = 0 where x < 0, else x, so that NaN stays. p: x, y."""
    for r in range(chunk * n[0], last_row(n, chunk)):
        x, y = row_at(r, n, 0), row_at(r, n, 1)
        for i in range(n[4]):
            if p[0][x + i] < 0:
                p[1][y + i] = 0
            else:
                p[1][y + i] = p[0][x + i]


@kernel
def relu_gradient(p, n, f, chunk):
    """grad_input = base + (grad_output where output > 0, else 0). p: grad_output, output, grad_input, base."""
    for r in range(chunk * n[0], last_row(n, chunk)):
        g, y, out, base = row_at(r, n, 0), row_at(r, n, 1), row_at(r, n, 2), row_at(r, n, 3)
        for i in range(n[4]):
            if p[1][y + i] > 0:
                p[2][out + i] = p[0][g + i]
            else:
                p[2][out + i] = 0
        if has_base(n, 3):
            for i in range(n[4]):
                p[2][out + i] += p[3][base + i]
