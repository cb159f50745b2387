"""Encoding of pictures from outside a library, by the same function as its photos."""

import contextlib
import logging
import queue
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashviewer import codes
from hashviewer.encoding import messages
from hashviewer.encoding.child import command, environment
from hashviewer.encoding.messages import Message
from hashviewer.errors import EncodingError

_START = 600.0  # s; a checkpoint met for the first time is exported, and torch may come from a slow disk
_ANSWER = 60.0  # s

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EncodedQuery:
    """What the network says about a picture.

    Attributes:
        code: (W,) packed.
        outputs: (bits,) float32 before the sign.
        feature: (feature_dim,) float32.
        thumbnail: JPEG.
        width: Pixels of the whole picture, upright.
        height: The same downwards.
    """

    code: NDArray[np.uint8]
    outputs: NDArray[np.float32]
    feature: NDArray[np.float32]
    thumbnail: bytes
    width: int
    height: int


class QueryEncoder:
    """A child process that encodes query pictures; callable from any thread, one picture at a time.

    Args:
        model: The checkpoint.
        engine: As recorded in the code set.
        precision: As recorded in the code set.
        device: See `open_engine`.
    """

    def __init__(self, model: Path, *, engine: str, precision: str, device: str = "auto") -> None:
        self._words = ["queries", "--model", str(model), "--engine", engine]
        self._words += ["--precision", precision, "--device", device]
        self._turn = threading.Lock()  # held while a picture is encoded
        self._guard = threading.Lock()  # guards the attributes below
        self._child: _Child | None = None
        self._closed = False

    def start(self) -> None:
        """Start the process if it does not run; returns at once, it gets ready meanwhile."""
        self._running()

    def encode(self, source: Path | bytes) -> EncodedQuery:
        """Encode a picture; blocks, a few hundredths of a second once the process is ready.

        Raises:
            ImageError: The picture cannot be read; the text is the reason.
            EncodingError: The process cannot start, does not answer, or has died twice over this picture.
            CheckpointError: The model cannot be used.
        """
        with self._turn:
            for attempt in ("first", "second"):
                child = self._running()
                try:
                    return child.encode(source)
                except _DiedError as error:
                    _log.warning("The query process died at the %s attempt: %s", attempt, error)
                    self._drop(child)
        raise EncodingError(
            "The process that encodes pictures died over this one twice. The picture is probably damaged; other "
            "pictures can be asked for."
        )

    def close(self) -> None:
        """End the process; an encoding under way fails."""
        with self._guard:
            self._closed = True
            child, self._child = self._child, None
        if child is not None:
            child.close()

    def _running(self) -> "_Child":
        with self._guard:
            if self._closed:
                raise EncodingError("The process that encodes pictures has been closed.")
            if self._child is None:
                self._child = _Child(self._words)
            return self._child

    def _drop(self, child: "_Child") -> None:
        with self._guard:
            if self._child is child:
                self._child = None
        child.close()


class _DiedError(Exception):
    """The process is gone."""


class _Child:
    def __init__(self, words: list[str]) -> None:
        try:
            self._process = subprocess.Popen(
                command(*words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
            )
        except OSError as error:
            raise EncodingError(
                f"The process that encodes pictures cannot start: {error.strerror}."
            ) from error
        self._answers: queue.Queue[Message | None] = queue.Queue()
        self._ready = False
        self._closing = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="query-encoder", daemon=True)
        self._reader.start()

    def encode(self, source: Path | bytes) -> EncodedQuery:
        if not self._ready:
            self._next(_START)
            self._ready = True
        question = (
            Message("encode", {}, (source,))
            if isinstance(source, bytes)
            else Message("encode", {"path": str(source.absolute())})
        )
        assert self._process.stdin is not None, "a pipe"
        try:
            messages.write(self._process.stdin, question)
        except (OSError, ValueError) as error:
            raise _DiedError(str(error)) from error
        answer = self._next(_ANSWER)
        outputs, feature = (np.frombuffer(part, np.float32) for part in answer.parts[:2])
        return EncodedQuery(
            code=codes.from_outputs(outputs),
            outputs=outputs,
            feature=feature,
            thumbnail=answer.parts[2],
            width=answer.fields["width"],
            height=answer.fields["height"],
        )

    def close(self) -> None:
        """End the process: its input ends, and it with it; one that does not listen is killed."""
        with self._closing:
            assert self._process.stdin is not None, "a pipe"
            assert self._process.stdout is not None, "a pipe"
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            if not self._ready:
                self._process.kill()  # it may be busy for long with getting ready
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._reader.join()
            self._process.stdout.close()

    def _next(self, seconds: float) -> Message:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            self._process.kill()
            raise EncodingError(
                f"The process that encodes pictures has not answered for {seconds:.0f} seconds and was ended. Try again."
            ) from None
        if answer is None:
            self._answers.put(None)  # whoever asks next is to know, too
            raise _DiedError(f"exit status {self._process.poll()}")
        if answer.event == "error":
            raise answer.error()
        return answer

    def _read(self) -> None:
        assert self._process.stdout is not None, "a pipe"
        with contextlib.suppress(ValueError, OSError):
            while (message := messages.read(self._process.stdout)) is not None:
                self._answers.put(message)
        self._answers.put(None)
