"""What goes into a library and what comes out of it, one photo, code set or problem at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """A photo as a writer hands it in.

    Attributes:
        path: Path relative to the library's root, as `os.fsdecode` gives it: any bytes survive.
        size: Bytes of the file.
        mtime_ns: Time of last change, ns since 1970.
        content: Hash of the file's bytes, any text.
        width: px of the upright picture, 0 = unknown.
        height: px of the upright picture, 0 = unknown.
        orientation: EXIF orientation 1…8 as found.
        taken: When the picture was taken, s since 1970; None = unknown.
        label: "" = none.
        thumbnail: JPEG or WebP bytes; empty = none.
    """

    path: str
    size: int
    mtime_ns: int
    content: str
    width: int
    height: int
    orientation: int
    taken: float | None
    label: str
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photo of the library, as it stands now: fields as in `NewPhoto`."""

    row: int
    path: str
    size: int
    mtime_ns: int
    content: str
    width: int
    height: int
    orientation: int
    taken: float | None
    label: str
    missing: bool


@dataclass(frozen=True, slots=True)
class CodeSetInfo:
    """A set of codes, all made by one model.

    Attributes:
        key: Names the set within the library, for example "photos-64".
        model: Name of the model.
        method: Hashing method, "" = unknown.
        bits: Bits of a code.
        feature_dim: Numbers of a feature, 0 = no features.
        encoded: How many rows have a code (ignored when codes are added).
        model_sha256: SHA-256 of the checkpoint file, "" = unknown.
        preprocessing: How pictures were prepared, JSON.
        engine: What ran the network.
        precision: "float32", "bfloat16", …
        model_path: Where the checkpoint was found, "" = unknown.
        query: How a query is compared with the codes: "hamming", "weighted" by `bit_weights`, by the "segments" that
            differ, or "quantizer" where they are numbers of code words.
        bit_weights: (bits,) what each bit counts by the model's own distance; empty where they count alike.
        segment: Bits of a segment, where whole segments are compared; else 0.
    """

    key: str
    model: str
    method: str
    bits: int
    feature_dim: int
    encoded: int
    model_sha256: str
    preprocessing: str
    engine: str
    precision: str
    model_path: str
    query: str = "hamming"
    bit_weights: tuple[float, ...] = ()
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be read; size and mtime_ns tell whether it has changed since."""

    path: str
    reason: str
    size: int
    mtime_ns: int
