"""What a checkpoint says about itself, read without torch."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path

from hashviewer.errors import CheckpointError
from hashviewer.images.preprocessing import Preprocessing
from hashviewer.networks.header import read_header

FORMAT = "hashviewer-checkpoint-1"
METHOD_FORMAT = "hashviewer-method-1"  # a trained method, see `hashviewer.methods`
SUFFIX = ".safetensors"
FEATURES = "features"  # the backbone of a method that was trained on ready features
QUANTIZER = "quantizer"  # the query of models whose codes are numbers of code words
SEGMENTS = "segments"  # the query of models that count segments that differ
SEARCHED = ("hamming", QUANTIZER)  # queries that a library answers whatever else the card says
_REQUIRED = ("method", "bits", "backbone", "backbone_sha256", "preprocessing", "feature_dim")


@dataclass(frozen=True, slots=True)
class Card:
    """A checkpoint's description of itself.

    Attributes:
        path: The file.
        name: Its name without the suffix.
        method: How the hash head was learned, in a few words.
        bits: Length of the codes.
        backbone: Name of the network below the head.
        backbone_sha256: SHA-256 of the file with the backbone's weights.
        preprocessing: How a picture becomes the network's input.
        feature_dim: Length of the features that re-ranking compares.
        training: What the head was trained on.
        figures: Measured values by name, as written when the model was trained.
        sha256: SHA-256 of the checkpoint file.
        license: Terms of use.
        created: The version of the code and the seed that made it.
        query: What a query needs: "hamming" for the Hamming distance of codes, "quantizer" for look-up tables of code
            words (see `networks.quantizers`), else a distance of the method's own.
        bit_weights: (bits,) what each bit counts in the "weighted" distance, where that is the sum of the weights of
            the bits that differ; else empty.
        segment: Bits of a segment, where the distance counts the "segments" that differ; else 0.
    """

    path: Path
    name: str
    method: str
    bits: int
    backbone: str
    backbone_sha256: str
    preprocessing: Preprocessing
    feature_dim: int
    training: str
    figures: tuple[tuple[str, float], ...]
    sha256: str
    license: str
    created: str
    query: str = "hamming"
    bit_weights: tuple[float, ...] = ()
    segment: int = 0


_NEEDS = {
    "weighted": "weighs every bit for itself",
    "asymmetric": "codes the query otherwise than the database",
    "segments": "counts the segments of the code that agree",
    "radius": "looks at every code within its radius",
}


def why_not_searchable(card: Card) -> str:
    """Why a library cannot be encoded and searched with a model; "" if it can.

    A quantizer can, and a model whose bits have weights, or whose codes have segments: each by its own distance.
    """
    if card.backbone == FEATURES:
        return (
            f"{card.name} was trained on features: no network goes with it that could look at pictures. "
            "Train the method on images."
        )
    if card.query not in SEARCHED and not card.bit_weights and not card.segment:
        return (
            f"{card.name} is {card.method}, whose query {_NEEDS.get(card.query, 'is a distance of its own')}; a library "
            "is searched by the plain or weighted Hamming distance of codes, by segments that differ, or by a quantizer's "
            "look-up tables. “hashviewer methods” says "
            "which methods have these queries."
        )
    return ""


def check_searchable(card: Card) -> None:
    """Refuse a model that a library cannot be encoded and searched with.

    Raises:
        CheckpointError: The text says what its query needs.
    """
    reason = why_not_searchable(card)
    if reason:
        raise CheckpointError(reason)


def read_card(path: Path) -> Card:
    """Read the card of a checkpoint.

    Raises:
        CheckpointError: The file cannot be read, is damaged, or is no checkpoint of HashViewer.
    """
    header = read_header(path)
    said = header.metadata
    if said.get("format") not in {FORMAT, METHOD_FORMAT}:
        raise CheckpointError(
            f"{path.name} is a safetensors file of another program or version "
            f"(its format is “{said.get('format', 'not stated')}”, not “{FORMAT}”)."
        )
    for name in _REQUIRED:
        if name not in said:
            raise CheckpointError(f"The card of {path.name} does not say its {name}.")
    return Card(
        path=path,
        name=path.name.removesuffix(SUFFIX),
        method=said.get("title", said["method"]),
        bits=_whole(path, said["bits"], at_most=4096),
        backbone=said["backbone"],
        backbone_sha256=said["backbone_sha256"],
        preprocessing=Preprocessing.from_json(said["preprocessing"]),
        feature_dim=_whole(path, said["feature_dim"], at_most=65536),
        training=said.get("training", ""),
        figures=_figures(path, said.get("figures", "{}")),
        sha256=hashlib.sha256(header.data).hexdigest(),
        license=said.get("license", ""),
        created=said.get("created", ""),
        query=said.get("query", "hamming"),
        bit_weights=_weights(path, said),
        segment=_segment(path, said),
    )


def find_model(name_or_path: str) -> Path:
    """The file of a model that is named ("photos-64", "dpsh-48" or "cifar10/dpsh-48") or pointed at.

    Raises:
        CheckpointError: There is no such file; the text lists the models there are.
    """
    given = Path(name_or_path).expanduser()
    if given.is_file():
        return given
    folders = models_folders()
    if not given.is_absolute() and ".." not in given.parts:
        for folder in (*folders, *(inner for outer in folders for inner in _folders_in(outer))):
            named = folder / f"{name_or_path.removesuffix(SUFFIX)}{SUFFIX}"
            if named.is_file():
                return named
    known = sorted({path.stem for folder in folders for path in folder.glob(f"*{SUFFIX}")})
    known += sorted({f"those in {inner}" for folder in folders for inner in _folders_in(folder)})
    have = f"The models here are {', '.join(known)}" if known else "No model is installed"
    raise CheckpointError(f"There is no model “{name_or_path}”. {have}; a path to a {SUFFIX} file works too.")


def _folders_in(folder: Path) -> list[Path]:
    """Its folders with models, such as those of a data set."""
    return sorted(inner for inner in folder.iterdir() if inner.is_dir() and any(inner.glob(f"*{SUFFIX}")))


def models_folders() -> tuple[Path, ...]:
    """Where models lie: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    return tuple(folder for folder in (package.parent / "models", package / "_models") if folder.is_dir())


def _whole(path: Path, text: str, *, at_most: int) -> int:
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:9]) <= at_most:
        raise CheckpointError(
            f"The card of {path.name} has “{text[:40]}” where a number up to {at_most} belongs."
        )
    return int(text)


def _figures(path: Path, text: str) -> tuple[tuple[str, float], ...]:
    try:
        values = json.loads(text)
        figures = tuple((str(name), float(value)) for name, value in values.items())
    except (ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"The figures in the card of {path.name} are damaged.") from error
    if not all(math.isfinite(value) for _, value in figures):
        raise CheckpointError(f"The figures in the card of {path.name} are not all numbers.")
    return figures


def _weights(path: Path, said: dict[str, str]) -> tuple[float, ...]:
    """The weights of the bits, none or one for each."""
    try:
        weights = tuple(float(weight) for weight in json.loads(said.get("bit_weights", "[]")))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"The weights of the bits in the card of {path.name} are damaged.") from error
    if weights and len(weights) != int(said["bits"]):
        raise CheckpointError(
            f"The card of {path.name} has {len(weights)} weights for the bits of codes of {said['bits']}."
        )
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        raise CheckpointError(f"The weights of the bits in the card of {path.name} are not all 0 or more.")
    return weights


def _segment(path: Path, said: dict[str, str]) -> int:
    """Bits of a segment; 0 where the distance knows none."""
    try:
        segment = int(said.get("segment", "0"))
    except ValueError:
        segment = -1
    if segment < 0 or (segment and int(said["bits"]) % segment):
        raise CheckpointError(f"The length of the segments in the card of {path.name} is damaged.")
    return segment
