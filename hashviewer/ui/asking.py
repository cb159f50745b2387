"""What the user asks, in a form that can be asked again of another code set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hashviewer.progress import Progress, silent
from hashviewer.workspace import Query, Workspace, composed, with_flipped

MOST_PARTS = 64  # photos asked together: each is a pass over the library


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture.

    Attributes:
        picture: The file, or its bytes.
        area: Left, top, right and bottom as shares 0…1 of its width and height.
    """

    picture: Path | bytes
    area: tuple[float, float, float, float]


Source = int | Path | bytes | Crop  # a row, or a picture from outside


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One photo of a question; equal only to itself."""

    source: Source
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Photos whose like is wanted, or not wanted.

    Attributes:
        wanted: At least one.
        unwanted: Photos whose like is not wanted.
        flipped: Bits of the first one's code that are turned over, ascending.
    """

    wanted: tuple[Part, ...]
    unwanted: tuple[Part, ...] = ()
    flipped: tuple[int, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All photos, the wanted ones first."""
        return self.wanted + self.unwanted

    @property
    def encodes(self) -> bool:
        """Whether a picture from outside is among them, which takes a moment."""
        return any(not isinstance(part.source, int) for part in self.parts)

    def with_bit_turned(self, bit: int) -> "Question":
        """The question with one bit turned over, or back."""
        return replace(self, flipped=tuple(sorted(set(self.flipped) ^ {bit})))

    def without(self, index: int) -> "Question | None":
        """The question without one of its `parts`; None when nothing wanted is left."""
        part = self.parts[index]
        wanted = tuple(known for known in self.wanted if known is not part)
        flipped = self.flipped if wanted[:1] == self.wanted[:1] else ()
        unwanted = tuple(known for known in self.unwanted if known is not part)
        return Question(wanted, unwanted, flipped) if wanted else None


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One question on the trail.

    Attributes:
        question: What was asked.
        query: What it became.
        made: The query of each part alone, so that none is encoded twice.
    """

    question: Question
    query: Query
    made: Mapping[Part, Query]


def make(
    workspace: Workspace,
    codes: str,
    question: Question,
    known: Mapping[Part, Query],
    *,
    turned: bool,
    progress: Progress = silent,
) -> Step:
    """Read or encode what is asked; for a worker.

    Args:
        workspace: Where the code set is.
        codes: The code set.
        question: What is asked.
        known: Queries of the same code set that have been made before.
        turned: Whether the pictures count mirrored and rotated, too.
        progress: Asked before each picture whether to stop.
    """
    made: dict[Part, Query] = {}
    for number, part in enumerate(question.parts):
        progress(number, len(question.parts), "")
        made[part] = _fitting(known.get(part), codes) or _query(workspace, codes, part)
        if turned and part in question.wanted and not question.flipped:
            made[part] = _turned(workspace, codes, part, made[part], progress)
    wanted = [made[part] for part in question.wanted]
    if not turned or question.flipped:
        wanted = [part if part.turned is None else replace(part, turned=None) for part in wanted]
    if question.flipped:
        wanted[0] = with_flipped(wanted[0], question.flipped, bits=workspace.code_set(codes).bits)
    query = composed(wanted, [made[part] for part in question.unwanted])
    return Step(question, query, made)


def _fitting(query: Query | None, codes: str) -> Query | None:
    return query if query is not None and query.codes == codes else None


def _query(workspace: Workspace, codes: str, part: Part) -> Query:
    source = part.source
    if isinstance(source, int):
        return workspace.query_row(source, codes=codes)
    if isinstance(source, Crop):
        from hashviewer.images import cut_out

        return workspace.query_image(cut_out(source.picture, source.area), codes=codes, title=part.title)
    return workspace.query_image(source, codes=codes, title=part.title)


def _turned(workspace: Workspace, codes: str, part: Part, query: Query, progress: Progress) -> Query:
    """The query with the codes of its picture mirrored and rotated."""
    if query.turned is not None:
        return query
    from hashviewer.images import turnings

    found = []
    for picture in turnings(_picture(workspace, part)):
        progress(0, None, "Mirroring and rotating")
        found.append(workspace.query_image(picture, codes=codes).code)
    return replace(query, turned=np.array(found))


def _picture(workspace: Workspace, part: Part) -> Path | bytes:
    """The picture of a part; the thumbnail of a photo whose file is not there."""
    source = part.source
    if isinstance(source, Crop):
        from hashviewer.images import cut_out

        return cut_out(source.picture, source.area)
    if not isinstance(source, int):
        return source
    file = workspace.library.full_path(source)
    return file if file is not None and file.is_file() else workspace.library.thumbnail(source)
