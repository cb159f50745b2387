"""How large a picture may be, decided once.

250 megapixels hold every camera there is (200-megapixel phones, 150-megapixel backs) and cost 1 GB while one is
decoded in full; a picture of 60,000 × 60,000 pixels would take 14 GB.
"""

import threading

from hashviewer.errors import ImageError

MAX_PIXELS = 250_000_000
"""A picture of more pixels is refused from its header, before anything is allocated."""

MAX_BYTES = 2_000_000_000
"""A file of more bytes is refused: no picture within `MAX_PIXELS` is larger."""

LARGE_PIXELS = 40_000_000
"""Above this, full decodes take turns, so that several threads do not fill the memory together."""

one_at_a_time = threading.Lock()


def check_size(width: int, height: int) -> None:
    """Refuse a picture by the size that its header states.

    Raises:
        ImageError: It has no pixels, or more than `MAX_PIXELS`.
    """
    if width <= 0 or height <= 0:
        raise ImageError("This file is damaged: its header states a picture without pixels.")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"This picture is too large: {width:,} × {height:,} pixels are more than the"
            f" {MAX_PIXELS // 1_000_000} megapixels that are read."
        )
