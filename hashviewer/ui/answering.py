"""From a question to its answer, in a worker."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashviewer.progress import Progress, silent
from hashviewer.search import Matches, SearchHow
from hashviewer.search.how import Distance
from hashviewer.statistics import Buckets
from hashviewer.ui.asking import Step
from hashviewer.ui.explorer import Explorer, Options, RowFilter, Weights
from hashviewer.ui.quantized import why_no_tables
from hashviewer.ui.suggesting import suggestion
from hashviewer.workspace import Query, Workspace, is_quantized, why_no_reranking

FEW = 20_000  # photos whose buckets are counted in a few milliseconds


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What is searched, and how.

    Attributes:
        workspace: The library.
        options: As the user has chosen.
        weights: Of the bits; None where all count alike.
        exact: Whether every code is compared, whatever the options say.
        row_filter: What narrows the search.
        radius: To count buckets to, in bits; None suggests one.
    """

    workspace: Workspace
    options: Options
    weights: Weights | None
    exact: bool
    row_filter: RowFilter | None
    radius: int | None

    @classmethod
    def of(cls, explorer: Explorer, workspace: Workspace, *, suggesting: bool) -> "Setting":
        """The present setting of the window."""
        radius = None if suggesting else explorer.radius
        return cls(workspace, explorer.options, explorer.weights, explorer.exact, explorer.row_filter, radius)

    def is_of(self, explorer: Explorer) -> bool:
        """Whether nothing of it has changed meanwhile."""
        return (self.workspace, self.options, self.weights, self.exact, self.row_filter) == (
            explorer.workspace,
            explorer.options,
            explorer.weights,
            explorer.exact,
            explorer.row_filter,
        )

    def rows(self) -> NDArray[np.bool_] | None:
        """(N,) True for the rows to search; None for all."""
        if self.row_filter is None or not self.row_filter.search:
            return None
        mask = np.zeros(len(self.workspace.library), dtype=np.bool_)
        mask[self.row_filter.rows] = True
        return mask

    def how(self, query: Query) -> SearchHow:
        """How this query is searched: as the options say, as far as its code set allows."""
        info = self.workspace.code_set(query.codes)
        wanted = self.options
        if query.outputs is None:
            distance: Distance = "hamming" if wanted.distance == "asymmetric" else wanted.distance
            wanted = replace(wanted, distance=distance, probing="distance")
        impossible = "asymmetric" if is_quantized(info) else "adc"
        if wanted.distance == impossible or (wanted.distance == "segments" and not info.segment):
            wanted = replace(wanted, distance="hamming")
        if wanted.distance == "adc" and why_no_tables(query):
            wanted = replace(wanted, distance="hamming")
        if self.exact:
            wanted = replace(wanted, mode="rank")
        of_these = self.weights is not None and self.weights.codes == query.codes
        if not wanted.rerank or why_no_reranking(self.workspace, query, wanted.rerank_by):
            wanted = replace(wanted, rerank_by="cosine")
        weights = self.weights.values if self.weights is not None and of_these else info.bit_weights
        return wanted.how(info.bits, weights, segment=info.segment)


def answer(
    make: Callable[..., Step], setting: Setting, *, progress: Progress = silent
) -> tuple[Step, Matches, Buckets | None]:
    """The question's query, its answer and the buckets around it, which the views show as one change."""
    step = make(progress=progress)
    matches = find(step.query, setting, progress=progress)
    radius = suggestion(matches, step.query).radius if setting.radius is None else setting.radius
    radius = min(radius, matches.bits)
    if matches.within(radius) > FEW:
        return step, matches, None
    distances = matches.all_distances
    return step, matches, setting.workspace.buckets(step.query, radius=radius, distances=distances)


def find(query: Query, setting: Setting, *, progress: Progress = silent) -> Matches:
    """The answer to a query."""
    options, how = setting.options, setting.how(query)
    possible = not why_no_reranking(setting.workspace, query, how.rerank_by)
    return setting.workspace.search(
        replace(query, by_mean=options.by_mean),
        k=options.k,
        rerank=options.rerank if possible else 0,
        rows=setting.rows(),
        how=how,
        progress=progress,
    )
