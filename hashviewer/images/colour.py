"""Embedded colour profiles to sRGB.

Most profiles are sRGB under one of many names. Names lie, so a profile is tried once on a lattice of colours: if
nothing moves by more than two levels it counts as sRGB and costs nothing afterwards.
"""

import threading
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_TOLERANCE = 2  # levels of 255; the sRGB profiles in circulation differ by rounding only
_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
_building = threading.Lock()  # so that many threads with the same new profile build its table once


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Mode "RGB" in sRGB, from mode "L", "RGB" or "CMYK" and its ICC profile (b"" or unusable: none).

    Without a profile L and RGB count as sRGB; CMYK is mixed as plain inks: R = (1 - C)(1 - K).
    """
    if profile:
        with _building:
            transform = _transform(profile, image.mode)
            if transform is None and image.mode == "L":  # grey pixels often carry their camera's RGB profile
                transform = _transform(profile, "RGB")
                image = image if transform is None else image.convert("RGB")
        if transform is not None:
            return transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def is_srgb(profile: bytes, mode: str) -> bool:
    """Whether pixels with this profile can be shown as they are."""
    if not profile:
        return mode != "CMYK"
    with _building:
        return mode != "CMYK" and _transform(profile, mode) is None and _transform(profile, "RGB") is None


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from a profile to sRGB; None where there is nothing to do or the profile does not fit the pixels."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[mode]:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if _changes_nothing(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode == "CMYK":
        return False
    steps = np.arange(0, 256, 15, dtype=np.uint8)  # 0 … 255, 18 steps
    if mode == "L":
        lattice = Image.fromarray(steps[None, :])
    else:
        lattice = Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(18, -1, 3))
    before = np.asarray(lattice.convert("RGB")).astype(np.int16)
    after = np.asarray(transform.apply(lattice)).astype(np.int16)
    return int(np.abs(after - before).max()) <= _TOLERANCE
