"""What a search needs of a quantizer's checkpoint, read without torch: code words, and how a feature asks for them.

Each method's own distance (see `hashviewer.methods`) is a sum over the numbers of a code, one look-up for each code book,
so it is told here by the books and by what the query is: the same formulas on arrays.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import CheckpointError
from hashviewer.networks.card import QUANTIZER, read_card
from hashviewer.networks.header import read_header

Kind = Literal["inner", "sums", "parts", "scores"]
Numbers = NDArray[np.float64]

_WORDS = 256
_MOST_WORDS = 256  # a number of a word takes a byte
_LEAST_LENGTH = 1e-12  # of what is brought to length 1, as torch has it


@dataclass(frozen=True, slots=True, eq=False)
class HashLayer:
    """A hash layer as arrays: features are shifted and scaled, then mapped once, or twice with a ReLU between.

    Attributes:
        mean: (D,) of the features.
        scale: By which they are divided.
        maps: Weights (out, in) and biases (out,) in their order.
    """

    mean: Numbers
    scale: float
    maps: tuple[tuple[Numbers, Numbers], ...]

    def __call__(self, feature: NDArray[np.floating]) -> Numbers:
        """The outputs (W,) of a feature (D,)."""
        values: Numbers = (feature.astype(np.float64) - self.mean) / self.scale
        for place, (weight, bias) in enumerate(self.maps):
            values = weight @ (np.maximum(values, 0) if place else values) + bias
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Quantizer:
    """How codes that are numbers of code words are compared with a query. A code has M numbers, bits / M bits each.

    Attributes:
        method: Key of the method.
        bits: Length of the codes.
        count: M.
        words: K, words of each book, at most 256.
        kind: By what the distance of the query to a code is told: "inner", less the inner product with the sum of its
            words; "sums", the squared distance to that sum; "parts", the sum of the squared distances of the query's M
            parts to the word of each; "scores", less the sum of the scores that the query itself gives to its words.
        books: (M, K, D) the words; (M, K, 0) for "scores".
        layer: From features to outputs.
        asking: From outputs to the query: (D,) for "inner" and "sums", (M D,) for "parts", (M K,) for "scores".
    """

    method: str
    bits: int
    count: int
    words: int
    kind: Kind
    books: Numbers
    layer: HashLayer
    asking: Callable[[Numbers], Numbers]

    @property
    def feature_dim(self) -> int:
        """Length of the features."""
        return len(self.layer.mean)

    def query(self, feature: NDArray[np.floating]) -> Numbers:
        """What is looked up for a photo's feature (D,)."""
        return self.asking(self.layer(feature))


def read_quantizer(path: Path) -> Quantizer:
    """The quantizer of a trained method's checkpoint.

    Raises:
        CheckpointError: The file is damaged, another kind of model, or its words cannot be looked up by bytes.
    """
    card = read_card(path)
    said = read_header(path).metadata
    key = said["method"]
    if card.query != QUANTIZER or key not in _READERS:
        raise CheckpointError(
            f"{path.name} is {card.method}, whose codes are not looked up in code books that this version knows."
        )
    try:
        tensors = _tensors(path)
        made = _READERS[key](key, card.bits, json.loads(said.get("settings", "{}")), tensors)
        _check(made)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"The code books of {path.name} are damaged or not those of {card.method} for {card.bits} bits. Fetch or "
            "train the model again."
        ) from error
    return made


def _tensors(path: Path) -> dict[str, Numbers]:
    """The tensors that encoding and ranking need, without those of a backbone in the same file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = [name for name in file.keys() if not name.startswith("trunk.")]  # noqa: SIM118 - no mapping
            return {name: file.get_tensor(name).astype(np.float64) for name in names}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.") from error


def _check(made: Quantizer) -> None:
    """Raises ValueError where shapes do not go together or a value is not a number."""
    if made.words > _MOST_WORDS:
        raise CheckpointError(
            f"The code books have {made.words} words each, and up to {_MOST_WORDS} can be looked up: train the method with "
            "fewer words."
        )
    values = [made.books, made.layer.mean, np.array(made.layer.scale), *itertools.chain(*made.layer.maps)]
    if not made.layer.scale > 0 or not all(np.isfinite(some).all() for some in values):
        raise ValueError("not numbers")
    if made.count * (made.words - 1).bit_length() != made.bits or made.books.shape[:2] != (
        made.count,
        made.words,
    ):
        raise ValueError("books and bits")
    asked = made.query(np.zeros(made.feature_dim))
    length = made.books.shape[2]
    wanted = {
        "inner": length,
        "sums": length,
        "parts": made.count * length,
        "scores": made.count * made.words,
    }
    if asked.shape != (wanted[made.kind],) or not np.isfinite(asked).all():
        raise ValueError("books and outputs")


def _layer(tensors: Mapping[str, Numbers]) -> HashLayer:
    """The hash layer: of one linear map, or of two ("0" and "3", a ReLU and dropout between)."""
    names = ("hash_layer",) if "hash_layer.weight" in tensors else ("hash_layer.0", "hash_layer.3")
    maps = tuple((tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in names)
    return HashLayer(tensors["scaling.mean"], float(tensors["scaling.scale"]), maps)


def _composite(key: str, bits: int, settings: dict[str, Any], tensors: Mapping[str, Numbers]) -> Quantizer:
    """Sums of words against tanh(u): DVSQ, DTQ, SPDAQ and the release's form of DQN."""
    books = tensors["books"]
    return Quantizer(key, bits, len(books), _WORDS, "inner", books, _layer(tensors), np.tanh)


def _dqn(key: str, bits: int, settings: dict[str, Any], tensors: Mapping[str, Numbers]) -> Quantizer:
    """A product quantizer of tanh(u), whose blocks may differ by one column; or `_composite`."""
    if not settings.get("product", True):
        return _composite(key, bits, settings, tensors)
    side_by_side = tensors["books"]  # (K, D)
    count, dimensions = bits // 8, side_by_side.shape[1]
    edges = [round(m * dimensions / count) for m in range(count + 1)]
    blocks = [slice(first, last) for first, last in itertools.pairwise(edges)]
    longest = max(block.stop - block.start for block in blocks)

    def cut(values: Numbers) -> Numbers:
        """Values (…, D) as (…, M, longest); zeros behind what is shorter add nothing to a distance."""
        if values.shape[-1] != dimensions:
            raise ValueError("columns")
        pieces = np.zeros((*values.shape[:-1], count, longest))
        for m, block in enumerate(blocks):
            pieces[..., m, : block.stop - block.start] = values[..., block]
        return pieces

    books = np.moveaxis(cut(side_by_side), 0, 1)
    return Quantizer(
        key, bits, count, _WORDS, "parts", books, _layer(tensors), lambda u: cut(np.tanh(u)).reshape(-1)
    )


def _dsq(key: str, bits: int, settings: dict[str, Any], tensors: Mapping[str, Numbers]) -> Quantizer:
    """Sums of words against u / ||u||, by the inner product or the squared distance."""
    books = tensors["books"]
    kind: Kind = "inner" if settings.get("compare", "inner") == "inner" else "sums"
    return Quantizer(key, bits, len(books), _WORDS, kind, books, _layer(tensors), _normalized)


def _dpq(key: str, bits: int, settings: dict[str, Any], tensors: Mapping[str, Numbers]) -> Quantizer:
    """Words mixed by a softmax in each slice, against single words."""
    choosing, offsets, books = tensors["choosing"], tensors["offsets"], tensors["books"]
    normalize = bool(settings.get("normalize", False))

    if offsets.shape != books.shape[:2] or choosing.shape[::2] != offsets.shape:
        raise ValueError("words and their choice")

    def mixed(outputs: Numbers) -> Numbers:
        slices = outputs.reshape(choosing.shape[:2])  # (M, F)
        logits = np.einsum("mf,mfk->mk", slices, choosing) + offsets
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        soft = np.einsum("mk,mkd->md", shares / shares.sum(axis=1, keepdims=True), books)
        return (_normalized(soft) if normalize else soft).reshape(-1)

    words = _normalized(books) if normalize else books
    return Quantizer(key, bits, len(books), _WORDS, "parts", words, _layer(tensors), mixed)


def _subic(key: str, bits: int, settings: dict[str, Any], tensors: Mapping[str, Numbers]) -> Quantizer:
    """The query's own values, ReLU(u), at the units that a code names."""
    words = settings.get("words") or (_WORDS if bits % 6 else 64)
    count = bits // (int(words) - 1).bit_length()
    return Quantizer(
        key, bits, count, int(words), "scores", np.zeros((count, int(words), 0)), _layer(tensors), _positive
    )


def _normalized(values: Numbers) -> Numbers:
    """Brought to length 1 along the last axis."""
    lengths = np.sqrt(np.square(values).sum(axis=-1, keepdims=True))
    divided: Numbers = values / np.maximum(lengths, _LEAST_LENGTH)
    return divided


def _positive(outputs: Numbers) -> Numbers:
    positive: Numbers = np.maximum(outputs, 0)
    return positive


_Reader = Callable[[str, int, dict[str, Any], Mapping[str, Numbers]], Quantizer]
_READERS: dict[str, _Reader] = {
    "dpq": _dpq,
    "dqn": _dqn,
    "dsq": _dsq,
    "dtq": _composite,
    "dvsq": _composite,
    "spdaq": _composite,
    "subic": _subic,
}
METHODS = tuple(_READERS)
