"""The distance of a quantizer: its code books from the model's file, and what a library's codes are in their terms."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer import search
from hashviewer.errors import CheckpointError, SearchError
from hashviewer.library import CodeSetInfo
from hashviewer.search import Asked, Tables
from hashviewer.search.how import Distance, SearchHow
from hashviewer.workspace.encoders import candidate_of, file_words
from hashviewer.workspace.query import Query

if TYPE_CHECKING:
    from hashviewer.networks.quantizers import Quantizer

QUANTIZER = "quantizer"  # the query of code sets whose codes are numbers of code words


def is_quantized(info: CodeSetInfo) -> bool:
    """Whether the codes of a set are numbers of code words, whose bits mean nothing one by one."""
    return info.query == QUANTIZER


def own_distance(info: CodeSetInfo) -> Distance:
    """The distance that the codes of a set were made for."""
    if is_quantized(info):
        return "adc"
    if info.segment:
        return "segments"
    return "weighted" if info.bit_weights else "hamming"


def own_how(info: CodeSetInfo) -> SearchHow:
    """The ranking by that distance; a quantizer's still needs its look-up tables."""
    return SearchHow(distance=own_distance(info), weights=info.bit_weights or None, segment=info.segment)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Some codes as a quantizer reads them.

    Attributes:
        codes: (N, W) packed.
        numbers: (N, M) numbers of code words; None where each byte of a code is one.
        lengths: (N,) squared lengths of their sums; None where the distance needs none.
    """

    codes: NDArray[np.uint8]
    numbers: NDArray[np.uint8] | None
    lengths: NDArray[np.float32] | None

    @property
    def named(self) -> NDArray[np.uint8]:
        """(N, M) the numbers of code words."""
        return self.codes if self.numbers is None else self.numbers


@dataclass(eq=False)
class _Slot:
    """The quantizer of one code set, and the codes that were read last."""

    lock: threading.Lock = field(default_factory=threading.Lock)  # held while a file or codes are read
    quantizer: "Quantizer | None" = None
    words: Words | None = None


class Quantizers:
    """The quantizers of an open library's code sets, each read when it is first needed and kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the dictionary, never held while something slow runs
        self._slots: dict[tuple[str, str], _Slot] = {}

    def asked(self, query: Query, info: CodeSetInfo, codes: NDArray[np.uint8]) -> Asked:
        """A query with its look-up tables.

        Args:
            query: Of one photo; its feature is what the tables are made from.
            info: The code set.
            codes: (N, W) its codes; the same array as long as they do not change.

        Raises:
            SearchError: The codes are no quantizer's, the query has no feature or is not what the photo shows, or the
                model's file is not here, is another one, or does not fit.
        """
        _check(query, info)
        with self._lock:
            slot = self._slots.setdefault((info.key, info.model_sha256), _Slot())
        with slot.lock:
            if slot.quantizer is None:
                slot.quantizer = read_quantizer_of(info)
            if slot.words is None or slot.words.codes is not codes:
                slot.words = None  # gives the earlier memory back before the next are read
                slot.words = words_of(slot.quantizer, codes)
            quantizer, words = slot.quantizer, slot.words
        tables = tables_of(quantizer, query.feature, info)
        return Asked(query.code, query.outputs, tables, words.numbers, words.lengths)

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            self._slots.clear()


def read_quantizer_of(info: CodeSetInfo) -> "Quantizer":
    """The quantizer that made a code set.

    Raises:
        SearchError: Its file is not on this machine, is another model's, is damaged, or makes other codes.
    """
    from hashviewer.networks.quantizers import read_quantizer

    path, changed = candidate_of(info)
    if path is None:
        raise SearchError(
            f"The codes “{info.key}” are numbers of code words, which are in the model “{info.model}” (SHA-256 "
            f"{info.model_sha256[:12] or 'unknown'}…), and that is not on this machine.{changed} To look them up, "
            f"{file_words(info)}; or search by the Hamming distance, which finds little more than equal codes here."
        )
    try:
        quantizer = read_quantizer(path)
    except CheckpointError as error:
        raise SearchError(f"The code words of “{info.key}” cannot be looked up: {error}") from error
    if quantizer.bits != info.bits:
        raise SearchError(
            f"The codes “{info.key}” have {info.bits} bits, and the model {path} makes codes of {quantizer.bits}: they do "
            "not belong together. Encode the library again with this model."
        )
    return quantizer


def _check(query: Query, info: CodeSetInfo) -> None:
    if not is_quantized(info):
        raise SearchError(
            f"The codes “{info.key}” are no quantizer's, so there are no code words to look up (adc): search them by the "
            "Hamming, weighted or asymmetric distance."
        )
    if query.is_composed:
        raise SearchError(
            "Several codes are asked together, and a quantizer's distance is of one photo as it is: ask for one photo, not "
            "mirrored or rotated, or search by the Hamming distance."
        )
    if query.flipped:
        raise SearchError(
            "Bits of the query's code are turned over, and a quantizer's distance looks at the photo, not at its code: turn "
            "them back, or search by the Hamming distance."
        )


def words_of(quantizer: "Quantizer", codes: NDArray[np.uint8]) -> Words:
    """Codes (N, W) as a quantizer reads them.

    Raises:
        SearchError: They are not as long as its numbers.
    """
    numbers = search.word_numbers(codes, quantizer.bits, quantizer.words)
    lengths = search.squared_lengths(numbers, quantizer.books) if quantizer.kind == "sums" else None
    return Words(codes, None if numbers is codes else numbers, lengths)


def tables_of(quantizer: "Quantizer", feature: NDArray[np.floating] | None, info: CodeSetInfo) -> Tables:
    """The look-up tables of a photo's feature (D,).

    Raises:
        SearchError: There is no feature, or one of another model.
    """
    if feature is None or not np.isfinite(feature).all():
        raise SearchError(
            "Of this photo no features are kept here, from which the look-up tables of a quantizer are made: ask with a "
            "picture file, or search by the Hamming distance."
        )
    if feature.shape != (quantizer.feature_dim,):
        raise SearchError(
            f"The photo's feature has {feature.size} numbers, and the model of “{info.key}” looks at "
            f"{quantizer.feature_dim}: they come from different models. Encode the library again with this model."
        )
    point = quantizer.query(feature)
    match quantizer.kind:
        case "inner":
            return search.composite_tables(point, quantizer.books)
        case "sums":
            return search.sum_tables(point, quantizer.books)
        case "parts":
            return search.product_tables(point, quantizer.books)
        case "scores":
            return search.score_tables(point.reshape(quantizer.count, quantizer.words))
