"""The draws of `pellucid/philox.py` in compiled loops: the same words, many blocks at a time.

Words are 64-bit numbers of which the lower half counts: so LLVM makes vector code of the products.
"""

from __future__ import annotations

import numpy as np

from pellucid.kernels.jit import inline
from pellucid.philox import KEY_STEPS, MULTIPLIERS, ROUNDS

_HALF, _HIGH, _LOW = np.uint64(32), np.uint64(16), np.uint64(2**32 - 1)
_M0, _M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_W0, _W1 = np.uint64(KEY_STEPS[0]), np.uint64(KEY_STEPS[1])


@inline
def block_words(block, seed, at, last):
    """The four words of a block; `last` is c₃."""
    block, seed, at = np.uint64(block), np.uint64(seed), np.uint64(at)
    c0, c1, c2, c3 = block, at, (at >> _HALF << _HIGH) | (block >> _HALF), np.uint64(last)
    k0, k1 = seed, seed >> _HALF
    for _ in range(ROUNDS):
        first, second = (c0 & _LOW) * _M0, (c2 & _LOW) * _M1
        c0, c1, c2, c3 = (second >> _HALF) ^ c1 ^ k0, second, (first >> _HALF) ^ c3 ^ k1, first
        k0, k1 = k0 + _W0, k1 + _W1
    return np.uint32(c0), np.uint32(c1), np.uint32(c2), np.uint32(c3)
