from __future__ import annotations

import numpy as np
from PIL import Image

COUNT = 60


def scenes(count: int = COUNT, seed: int = 0) -> list[Image.Image]:
    """Random pictures of many colours, smooth and with detail of every size, as photographs are."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        levels = np.full((224, 288, 3), 128.0)
        for rows, strength in ((3, 60), (7, 40), (15, 25), (31, 15)):
            rough = random.normal(0, strength, (rows, rows * 9 // 7, 3)).astype(np.float32)
            layers = [Image.fromarray(rough[..., c]).resize((288, 224), 3) for c in range(3)]
            levels += np.stack([np.asarray(layer) for layer in layers], 2)
        found.append(Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)))
    return found
