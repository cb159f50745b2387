"""Safetensors files without any library: read and checked, and written so that equal content gives equal bytes.

The file is eight bytes with the length of a JSON header, the header, then the numbers it describes. (The library of
that name writes the texts of the header in a random order.)
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashviewer.errors import CheckpointError

MAX_HEADER = 10_000_000  # bytes; a longer header is damage, not a checkpoint
_ITEM_BYTES = {
    "F64": 8,
    "I64": 8,
    "F32": 4,
    "I32": 4,
    "F16": 2,
    "BF16": 2,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@dataclass(frozen=True, slots=True)
class Header:
    """The texts in the header of a complete file, and the file's bytes."""

    metadata: dict[str, str]
    data: bytes


def read_header(path: Path) -> Header:
    """Read a safetensors file and check that it is whole.

    Raises:
        CheckpointError: It cannot be read, is of another kind, is cut short, or its header is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"The model {path} cannot be read: {error.strerror or error}.") from error
    if data.startswith(_PICKLES) and data[8:9] != b"{":  # a header's length may begin like a pickle
        raise CheckpointError(
            f"{path.name} is a pickled PyTorch file. HashViewer runs no code from model files: "
            "convert it to safetensors first."
        )
    length = int.from_bytes(data[:8], "little")
    if len(data) < 10 or not 2 <= length <= min(MAX_HEADER, len(data) - 8):
        raise CheckpointError(f"{path.name} is not a safetensors file, or it is cut short.")
    header = _parse(path, data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _damaged(path)
    if _described_bytes(path, header) != len(data) - 8 - length:
        raise CheckpointError(f"{path.name} is cut short or damaged. Fetch or train the model again.")
    return Header(metadata, data)


def compose(tensors: dict[str, NDArray[np.float32]], metadata: dict[str, str]) -> bytes:
    """The bytes of a safetensors file; the numbers begin at a multiple of 8."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    numbers = b""
    for name, tensor in sorted(tensors.items()):
        data = np.ascontiguousarray(tensor, dtype="<f4").tobytes()
        place = [len(numbers), len(numbers) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": place}
        numbers += data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + numbers


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(header, dict):
        raise _damaged(path)
    return header


def _described_bytes(path: Path, tensors: dict[str, Any]) -> int:
    end = 0
    try:
        for tensor in tensors.values():
            size = _ITEM_BYTES[tensor["dtype"]]
            for edge in tensor["shape"]:
                size *= int(edge)
            first, last = tensor["data_offsets"]
            if last - first != size:
                raise _damaged(path)
            end = max(end, int(last))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    return end


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(f"{path.name} is not a safetensors file, or its header is damaged.")
