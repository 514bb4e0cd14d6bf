"""Pictures are resized as PyTorch does it with antialiasing, but for the rounding to 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from pellucid.data.preprocessing import Preprocessing


@pytest.mark.parametrize("size", [(7, 5), (31, 44), (60, 23), (13, 90)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_stretched_and_cropped(size, dtype, channels):
    height, width = 31, 44
    pixels = np.random.default_rng(3).integers(0, np.iinfo(dtype).max + 1, (height, width, 3)).astype(dtype)
    pixels = pixels if channels == 3 else pixels[..., 0]
    planes = torch.from_numpy(pixels.reshape(height, width, -1).transpose(2, 0, 1).astype(np.float64))[None]
    for fit in ("stretch", "crop"):
        part = planes
        if fit == "crop":
            across = min(width, round(height * size[1] / size[0]))
            down = min(height, round(width * size[0] / size[1]))
            top, left = (height - down) // 2, (width - across) // 2
            part = planes[..., top : top + down, left : left + across]
        expected = functional.interpolate(part, size, mode="bilinear", antialias=True)[0].numpy()
        found = Preprocessing(channels, *size, fit=fit).picture(pixels)
        assert np.abs(found - expected * (255 / np.iinfo(dtype).max)).max() < 1.01  # rounded twice at most
