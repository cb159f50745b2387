"""Re-ordering the first rows of an answer by what tells more than its codes."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer import search
from hashviewer.errors import SearchError
from hashviewer.search import Matches
from hashviewer.search.how import RERANKINGS
from hashviewer.workspace.query import Query

if TYPE_CHECKING:
    from hashviewer.workspace.workspace import Workspace


def why_no_reranking(workspace: "Workspace", query: Query, by: str) -> str:
    """Why the answer to a query cannot be re-ordered by something; "" if it can.

    Args:
        workspace: The library.
        query: What is asked.
        by: One of `RERANKINGS`, or the key of another code set.
    """
    if by == "outputs":
        return (
            ""
            if query.outputs is not None
            else f"the code set “{query.codes}” keeps no outputs for this query"
        )
    if by in RERANKINGS:
        return "" if query.feature is not None else f"the code set “{query.codes}” keeps no features"
    known = [info.key for info in workspace.code_sets if info.key != query.codes]
    if by not in known:
        sets = f" or one of the other code sets: {', '.join(known)}" if known else ""
        return f"“{by}” is nothing to re-rank by; choose one of {', '.join(RERANKINGS)}{sets}"
    if query.row is None and (query.path is None or not Path(query.path).is_file()):
        return f"the picture asked is not in a file that could be encoded for “{by}”"
    return ""


def check_reranking(workspace: "Workspace", query: Query, first: int, by: str) -> None:
    """Refuse to re-order by what is not known.

    Raises:
        SearchError: The text says what is missing.
    """
    reason = why_no_reranking(workspace, query, by) if first else ""
    if reason:
        raise SearchError(
            f"The first photos cannot be re-ranked: {reason}. Search without it, or choose another way."
        )


def reranked(workspace: "Workspace", query: Query, matches: Matches, *, first: int, by: str) -> Matches:
    """The answer with its first rows re-ordered.

    Args:
        workspace: The library.
        query: What was asked; `check_reranking` has let it pass.
        matches: The answer.
        first: How many rows are re-ordered; 0 for none.
        by: "cosine" or "euclidean" of the stored features, the cosine of the stored "outputs", "mutual" near neighbours
            by the features, or the Hamming distance of another code set, named by its key.

    Raises:
        SearchError: A photo has no code in that set.
    """
    if not first:
        return matches
    features = partial(workspace.library.features, query.codes)
    match by:
        case "outputs" if query.outputs is not None:
            outputs = partial(workspace.library.outputs, query.codes)
            return search.rerank(matches, query.outputs, outputs, first=first)
        case "mutual" if query.feature is not None:
            return search.rerank_mutual(matches, query.feature, features, first=first)
        case "cosine" | "euclidean" if query.feature is not None:
            return search.rerank(matches, query.feature, features, first=first, measure=by)
    codes, encoded = workspace.library.codes(by)
    if not encoded[matches.rows[:first]].all():
        raise SearchError(
            f"Some of the photos found have no code in “{by}” yet: index the library with its model, then re-rank by it."
        )
    if query.row is not None:
        own = workspace.code_of(query.row, by)
    else:
        own = workspace.query_image(Path(query.path or ""), codes=by).code
    return search.rerank_by_codes(matches, own, codes, first=first)
