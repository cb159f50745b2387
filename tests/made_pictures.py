"""Small pictures that a tiny network can learn to tell apart within seconds."""

import numpy as np
from PIL import Image

COLOURS = {"blue": (20, 40, 200), "green": (30, 180, 40), "red": (210, 30, 30)}


def coloured(root, each):
    """So many pictures of each of three colours, 32 px and noisy, in a folder for each; gives the root back."""
    draw = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (root / name).mkdir()
        for number in range(each):
            pixels = np.array(colour) + draw.integers(-20, 20, (32, 32, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / name / f"{number}.png")
    return root
