from PIL import Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The picture upright, for an EXIF orientation of 1 to 8; the same object for 1."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def swaps_edges(orientation: int) -> bool:
    """Whether width and height change places when the picture is turned upright."""
    return orientation >= 5
