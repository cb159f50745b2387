"""Pictures for the tests, all made here."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 40)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIC", "AVIF")
CARRY_EXIF = ("JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF")

# Columns: X, Y, Z of red, green and blue, adapted to D50
SRGB = np.array([[0.43607, 0.38506, 0.14308], [0.22250, 0.71688, 0.06062], [0.01393, 0.09710, 0.71417]])
ADOBE_RGB = np.array([[0.60976, 0.20524, 0.14922], [0.31112, 0.62566, 0.06322], [0.01948, 0.06089, 0.74484]])


def quadrants(width=320, height=240, colours=(RED, GREEN, BLUE, YELLOW)):
    """Four colours: upper left, upper right, lower left, lower right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    middle, centre = height // 2, width // 2
    pixels[:middle, :centre], pixels[:middle, centre:] = colours[0], colours[1]
    pixels[middle:, :centre], pixels[middle:, centre:] = colours[2], colours[3]
    return Image.fromarray(pixels)


def scene(width, height, seed=0):
    """Soft random shapes with some grain, the way photos compress."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height // 40 + 2, width // 40 + 2, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.float32)
    grain = generator.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))


def saved(image, name, **options):
    """The bytes of a file of this format."""
    target = io.BytesIO()
    if name == "HEIC":
        pillow_heif.register_heif_opener()
        if "exif" in options:  # as bytes: only then it turns the orientation into the container's own mark
            options["exif"] = options["exif"].tobytes()
        image.save(target, "HEIF", **options)
    else:
        image.save(target, name, **options)
    return target.getvalue()


def exif(orientation=1, taken="", taken_original=""):
    block = Image.Exif()
    block[0x0112] = orientation
    if taken:
        block[0x0132] = taken
    if taken_original:
        block.get_ifd(0x8769)[0x9003] = taken_original
    return block


def corner_colours(pixels):
    """Mean colours of the four quadrants' middles, as (4, 3): upper left, upper right, lower left, lower right."""
    height, width = pixels.shape[:2]
    rows, columns = (height // 8, height * 5 // 8), (width // 8, width * 5 // 8)
    return np.array(
        [
            pixels[row : row + height // 4, column : column + width // 4].reshape(-1, 3).mean(0)
            for row in rows
            for column in columns
        ]
    )


def matrix_profile(matrix, gamma, name):
    """An ICC profile of three primaries and one power curve, written byte by byte."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    tags = [
        (b"desc", description + b"\0" * (-len(description) % 4)),
        (b"cprt", b"text\0\0\0\0none\0\0\0\0"),
        (b"wtpt", xyz((0.9642, 1.0, 0.8249))),
        *((b"rgb"[i : i + 1] + b"XYZ", xyz(matrix[:, i])) for i in range(3)),
        *((b"rgb"[i : i + 1] + b"TRC", curve) for i in range(3)),
    ]
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags:
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def png_of_size(width, height):
    """A PNG whose header states a size that its few pixels do not have."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(99)))
        + chunk(b"IEND", b"")
    )


def claiming(name, width, height):
    """A small file of this format whose header claims another size."""
    if name == "PNG":
        return png_of_size(width, height)
    data = bytearray(saved(quadrants(64, 48), name))
    if name == "JPEG":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif name == "BMP":
        data[18:26] = struct.pack("<ii", width, height)
    elif name == "GIF":
        data[6:10] = struct.pack("<HH", width, height)
    elif name == "HEIC":
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", width, height)
    elif name == "TIFF":
        folder = struct.unpack_from("<I", data, 4)[0]
        for at in range(folder + 2, folder + 2 + 12 * struct.unpack_from("<H", data, folder)[0], 12):
            tag = struct.unpack_from("<H", data, at)[0]
            if tag in (256, 257):
                struct.pack_into("<HHII", data, at, tag, 4, 1, width if tag == 256 else height)
    return bytes(data)
