"""How a child process and its parent talk: a line of JSON, and where it says so, bytes after it."""

import json
import os
import sys
from dataclasses import dataclass
from typing import IO, Any

from hashviewer import errors
from hashviewer.errors import EncodingError, HashViewerError


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        event: What it is, for example "progress".
        fields: Its values by name.
        parts: Bytes that come with it.
    """

    event: str
    fields: dict[str, Any]
    parts: tuple[bytes, ...] = ()

    def error(self) -> HashViewerError:
        """The error that an "error" message tells of."""
        kind = getattr(errors, str(self.fields.get("kind")), None)
        text = str(self.fields.get("text"))
        if isinstance(kind, type) and issubclass(kind, HashViewerError):
            return kind(text)
        return EncodingError(text)


def error_message(error: Exception) -> Message:
    """What a child says about an exception."""
    if isinstance(error, HashViewerError):
        return Message("error", {"kind": type(error).__name__, "text": str(error)})
    text = f"The encoder failed: {type(error).__name__}: {error}. The log has the details."
    return Message("error", {"kind": "EncodingError", "text": text})


def write(stream: IO[bytes], message: Message) -> None:
    """Send a message at once."""
    head: dict[str, Any] = {"event": message.event, **message.fields}
    if message.parts:
        head["parts"] = [len(part) for part in message.parts]
    stream.write(b"".join((json.dumps(head).encode("ascii"), b"\n", *message.parts)))
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """The next message; None when the other side has gone."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    fields = json.loads(line)
    parts = [stream.read(length) for length in fields.pop("parts", ())]
    return Message(str(fields.pop("event")), fields, tuple(parts))


def own_output() -> IO[bytes]:
    """Standard output for messages alone: what libraries print goes to standard error from now on."""
    stream = os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    os.dup2(2, 1)
    return stream
