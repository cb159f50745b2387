from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run has done.

    Attributes:
        added: Photos that are new in the library.
        changed: Photos whose file was another one than before.
        moved: Photos found at another place.
        missing: Photos whose file has vanished since the last run.
        unchanged: Photos that are as they were.
        problems: Files that cannot be read, those of earlier runs too.
        seconds: How long it took.
        photos_per_second: Photos encoded in that time, from the first to be decoded to the last to be written.
        cancelled: Whether it was stopped before its end.
        encoded: Photos that got a code, new ones and such as were in the library.
    """

    added: int
    changed: int
    moved: int
    missing: int
    unchanged: int
    problems: int
    seconds: float
    photos_per_second: float
    cancelled: bool
    encoded: int = 0
