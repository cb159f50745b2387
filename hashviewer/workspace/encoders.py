"""The query encoders of code sets: find the model that made the codes and keep its process alive."""

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer.errors import CheckpointError, EncodingError, SearchError
from hashviewer.library import CodeSetInfo

if TYPE_CHECKING:
    from hashviewer.encoding import EncodedQuery, QueryEncoder


class CodeSetEncoder:
    """Encodes pictures from outside exactly as the photos of a code set were: same model, engine and precision."""

    def __init__(self, info: CodeSetInfo) -> None:
        self._info = info
        self._lock = threading.Lock()  # guards the attributes below
        self._encoder: QueryEncoder | None = None
        self._closed = False

    def start(self) -> None:
        """Start the process; does not wait until it is ready.

        Raises:
            SearchError: The model is not on this machine.
        """
        self._started().start()

    def encode(self, source: Path | bytes) -> "EncodedQuery":
        """Encode one picture; blocks. One at a time, others wait."""
        return self._started().encode(source)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            encoder, self._encoder = self._encoder, None
            self._closed = True
        if encoder is not None:
            encoder.close()

    def _started(self) -> "QueryEncoder":
        from hashviewer.encoding import QueryEncoder

        with self._lock:
            if self._closed:
                raise EncodingError("The library has been closed meanwhile: open it and ask again.")
            if self._encoder is None:
                self._encoder = QueryEncoder(
                    find_model_of(self._info), engine=self._info.engine, precision=self._info.precision
                )
            return self._encoder


class Encoders:
    """The encoders of a library's code sets, each made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the dictionary, never held while something slow runs
        self._encoders: dict[str, CodeSetEncoder] = {}

    def of(self, info: CodeSetInfo) -> CodeSetEncoder:
        """The one encoder of a code set."""
        with self._lock:
            known = self._encoders.get(info.key)
            if known is None:
                known = self._encoders[info.key] = CodeSetEncoder(info)
            return known

    def encode(self, info: CodeSetInfo, source: Path | bytes) -> "EncodedQuery":
        """Encode one picture; blocks. After a failure the next picture has a new process.

        Raises:
            SearchError: The model is not on this machine.
            EncodingError: The process failed.
        """
        encoder = self.of(info)
        try:
            return encoder.encode(source)
        except EncodingError:
            with self._lock:
                if self._encoders.get(info.key) is encoder:
                    del self._encoders[info.key]
            encoder.close()
            raise

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            encoders = list(self._encoders.values())
            self._encoders.clear()
        for encoder in encoders:
            encoder.close()


def has_model(info: CodeSetInfo) -> bool:
    """Whether the checkpoint that made a code set is on this machine."""
    try:
        find_model_of(info)
    except SearchError:
        return False
    return True


def find_model_of(info: CodeSetInfo) -> Path:
    """The checkpoint that made a code set: where it was then, or among the models installed here.

    Raises:
        SearchError: It is not on this machine, or the file of that name is another one by its SHA-256.
    """
    if not info.model_sha256:
        raise SearchError(
            f"The codes “{info.key}” came without a model that could encode a picture. Ask the rows of the library."
        )
    found, changed = candidate_of(info)
    if found is not None:
        return found
    raise SearchError(
        f"A picture cannot be encoded here: the model “{info.model}” (SHA-256 {info.model_sha256[:12]}…) that made "
        f"these codes is not on this machine.{changed} Photos of the library can still be asked by their row; "
        f"for pictures, {file_words(info)} or encode the library with a model that is here."
    )


def file_words(info: CodeSetInfo) -> str:
    """What to do about a model's file that is not there."""
    return f"put the model file back{' at ' + info.model_path if info.model_path else ''}"


def candidate_of(info: CodeSetInfo) -> tuple[Path | None, str]:
    """The checkpoint of a code set by its SHA-256, or None and a sentence about a file that is another one by its name."""
    from hashviewer.networks import find_model, read_card

    candidates = [Path(info.model_path)] if info.model_path else []
    with contextlib.suppress(CheckpointError):  # the sentence below tells what to do
        candidates.append(find_model(info.model))
    changed = ""
    for candidate in candidates:
        try:
            if read_card(candidate).sha256 == info.model_sha256:
                return candidate, ""
        except (CheckpointError, OSError):
            continue
        changed = f" {candidate} is another model of that name."
    return None, changed
