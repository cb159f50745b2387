"""Where a result set comes from, in enough detail to get the same set again."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from hashviewer import __version__
from hashviewer import codes as packed
from hashviewer.export.source import Asked, Source
from hashviewer.library import CodeSetInfo
from hashviewer.library.versions import VERSION
from hashviewer.search import Matches, SearchHow
from hashviewer.search.how import Distance
from hashviewer.search.results import EXACT

BIT_ORDER = "bit 0 is the most significant bit of byte 0 (numpy.packbits, bitorder 'big'); a bit is 1 where the output is >= 0"
DISTANCE = "Hamming distance of the packed codes, in bits"
TIE_RULE = "equal distances in ascending order of the row"
NEAREST = "Hamming distance of the packed codes to the nearest of the codes asked, in bits"
ORDER = "by Hamming distance"
BY_MEAN = "by the mean Hamming distance to the photos asked, less half the mean distance to the unwanted ones"
ORDERS: dict[Distance, str] = {
    "hamming": ORDER,
    "weighted": "by weighted Hamming distance, the sum of the weights of the bits that differ",
    "asymmetric": "by asymmetric distance, the sum of |output| of the query over the bits that differ",
    "segments": "by the number of segments of the code that differ",
    "adc": "by the distance to the quantizer's code words",
}
RERANKED = "{order}, then the first {first} re-ordered by {by}; equal ones keep their order"
RERANKED_BY = {
    "cosine": "descending cosine of the stored features",
    "euclidean": "Euclidean distance of the stored features",
    "outputs": "descending cosine of the stored outputs",
    "mutual": "mutual nearest neighbours by the stored features (k-reciprocal, Zhong et al. 2017)",
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a set of codes depends on.

    Attributes:
        library: What the user calls the library.
        photos: Photos with a code in it.
        codes: The code set and with it the model.
        created: When the export was made, UTC.
        search: What was asked and how; None where everything is exported.
    """

    library: str
    photos: int
    codes: CodeSetInfo
    created: datetime
    search: "SearchProvenance | None" = None

    def document(self) -> dict[str, object]:
        """As a JSON object, in the order in which a reader asks."""
        info = self.codes
        return {
            "hashviewer": __version__,
            "created": self.created.isoformat(timespec="seconds"),
            "library": {"name": self.library, "version": VERSION, "photos": self.photos},
            "model": {
                "name": info.model,
                "sha256": info.model_sha256,
                "method": info.method,
                "bits": info.bits,
                "engine": info.engine,
                "precision": info.precision,
            },
            "codes": info.key,
            "preprocessing": _parsed(info.preprocessing),
            "bit_order": BIT_ORDER,
            **({} if self.search is None else self.search.document()),
        }

    def to_json(self) -> str:
        """As JSON text, ASCII only: any bytes of a path survive as escapes."""
        return json.dumps(self.document(), indent=2)


@dataclass(frozen=True, slots=True)
class SearchProvenance:
    """What was asked and how it was answered.

    Attributes:
        title: The query's name.
        row: The query's row; None for a picture from outside.
        path: Where the picture is.
        content: Hash of the query photo's bytes as the library has it; "" for a picture from outside.
        code: The query's code in hexadecimal digits.
        k: How many neighbours were asked for; None = no limit.
        radius: The largest distance allowed, in bits; None = no limit.
        reranked: How many of the first were re-ordered by their features.
        searched: Photos compared; fewer than the library has where a filter was on.
        results: Photos in the answer.
        how: By which distance it was searched, and through which tables.
        exact: Whether the answer is the very one that comparing every code gives.
        flipped: Bits of the query's code that the user had turned over.
        others: Further codes asked together with `code`, in hexadecimal digits.
        unwanted: Codes whose like was left out.
        by_mean: Whether the mean distance to all that are asked counted, not the least.
    """

    title: str
    row: int | None
    path: str | None
    content: str
    code: str
    k: int | None
    radius: int | None
    reranked: int
    searched: int
    results: int
    how: SearchHow = EXACT
    exact: bool = True
    flipped: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    by_mean: bool = False

    @property
    def order(self) -> str:
        """By what the photos stand."""
        order = BY_MEAN if self.by_mean and self.others else ORDERS[self.how.distance]
        if not self.reranked:
            return order
        by = RERANKED_BY.get(self.how.rerank_by, f"Hamming distance of the codes “{self.how.rerank_by}”")
        return RERANKED.format(order=order, first=self.reranked, by=by)

    def document(self) -> dict[str, object]:
        """As a JSON object."""
        return {
            "query": {
                "title": self.title,
                "row": self.row,
                "path": self.path,
                "content": self.content or None,
                "code": self.code,
                **self._composed(),
            },
            "k": self.k,
            "radius": self.radius,
            "distance": NEAREST if self.others else DISTANCE,
            "tie_rule": TIE_RULE,
            "rerank": self.reranked,
            "order": self.order,
            "search": self._search(),
            "exact": self.exact,
            "searched": self.searched,
            "results": self.results,
        }

    def _composed(self) -> dict[str, object]:
        """What belongs to a query that is not one photo's code."""
        parts = {"flipped": self.flipped, "others": self.others, "unwanted": self.unwanted}
        return {name: list(part) for name, part in parts.items() if part}

    def _search(self) -> dict[str, object]:
        """How it was searched; no more than that mode and distance know of."""
        how = self.how
        return {
            "mode": how.mode,
            **({"tables": how.tables, "probe": how.probe} if how.mode == "multi" else {}),
            **({"probe": how.reach, "order": how.order} if how.mode == "lookup" else {}),
            **({"weights": list(how.weights or ())} if how.distance == "weighted" else {}),
            **({} if how.prefix is None else {"prefix": how.prefix}),
            **({"segment": how.segment} if how.distance == "segments" else {}),
        }


def of_codes(source: Source, codes: str) -> Provenance:
    """The provenance of a whole code set."""
    _, encoded = source.library.codes(codes)
    alive = source.library.alive[: len(encoded)]
    return Provenance(
        library=source.name,
        photos=int(np.count_nonzero(encoded[: len(alive)] & alive)),
        codes=source.code_set(codes),
        created=datetime.now(UTC),
    )


def of_matches(
    source: Source, query: Asked, matches: Matches, *, k: int | None, radius: int | None
) -> Provenance:
    """The provenance of the answer to a query."""
    search = SearchProvenance(
        title=query.title,
        row=query.row,
        path=query.path,
        content="" if query.row is None else source.library.photo(query.row).content,
        code=packed.to_hex(query.code),
        k=k,
        radius=radius,
        reranked=matches.reranked,
        searched=matches.total,
        results=len(matches.rows),
        how=matches.how,
        exact=matches.exact,
        flipped=query.flipped,
        others=tuple(packed.to_hex(code) for code in query.wanted_codes[1:]),
        unwanted=tuple(packed.to_hex(code) for code in query.unwanted_codes),
        by_mean=query.by_mean,
    )
    return replace(of_codes(source, query.codes), search=search)


def _parsed(preprocessing: str) -> object:
    try:
        return json.loads(preprocessing)
    except ValueError:
        return preprocessing
