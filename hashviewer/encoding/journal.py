"""Which files were being decoded when a process died."""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_SLOT = 8192  # bytes; Linux allows paths of 4096


@dataclass(frozen=True, slots=True)
class Precautions:
    """What earlier deaths of the encoding process teach the next one.

    Attributes:
        journal: Where to note the files in flight; None notes nothing.
        condemned: Files that killed a process: they become problems and are not opened.
        suspects: Files of which one may have killed a process: decoded first, one at a time.
    """

    journal: Path | None = None
    condemned: frozenset[str] = frozenset()
    suspects: frozenset[str] = frozenset()

    def after_death(self, flying: Sequence[str]) -> "Precautions":
        """What is known once a process has died with these files in flight: a file is blamed at its second death."""
        if len(flying) == 1 and flying[0] in self.suspects:  # it was alone, and it is the second time
            return replace(self, condemned=self.condemned | set(flying), suspects=frozenset())
        return replace(self, suspects=frozenset(flying))


class Journal:
    """A small file with one slot for each decoding thread; what is written survives the process, not a power cut."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._turn = threading.Lock()

    def begin(self, slot: int, path: str) -> None:
        """Note that the thread of this slot is about to decode a file."""
        name = os.fsencode(path)[: _SLOT - 4]
        self._write(slot, len(name).to_bytes(4, "little") + name)

    def end(self, slot: int) -> None:
        """Note that it has survived."""
        self._write(slot, bytes(4))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, slot: int, data: bytes) -> None:
        with self._turn:
            self._file.seek(slot * _SLOT)
            self._file.write(data)


def in_flight(path: Path) -> list[str]:
    """The files that were begun and not ended, from the journal of a process that is gone."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    found = []
    for start in range(0, len(data), _SLOT):
        length = int.from_bytes(data[start : start + 4], "little")
        if length:
            found.append(os.fsdecode(data[start + 4 : start + 4 + length]))
    return found


def write_precautions(file: Path, precautions: Precautions) -> None:
    """Write what the next process should know."""
    values = {
        "journal": None if precautions.journal is None else str(precautions.journal),
        "condemned": sorted(precautions.condemned),
        "suspects": sorted(precautions.suspects),
    }
    file.write_text(json.dumps(values), encoding="ascii")


def read_precautions(file: Path) -> Precautions:
    """Read what `write_precautions` has written."""
    values = json.loads(file.read_text(encoding="ascii"))
    return Precautions(
        journal=Path(values["journal"]) if values["journal"] else None,
        condemned=frozenset(values["condemned"]),
        suspects=frozenset(values["suspects"]),
    )
