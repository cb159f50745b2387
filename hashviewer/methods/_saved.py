"""Methods as files: the tensors that encoding and ranking need, and in the metadata how to build the method."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from hashviewer.codes import pack, unpack
from hashviewer.errors import CheckpointError, HashViewerError
from hashviewer.methods._base import Method, Shape
from hashviewer.methods._settings import Value
from hashviewer.methods.registry import find_method

FORMAT = "hashviewer-method-1"
TRUNK = "trunk."  # beginning of the names of a backbone's tensors in the same file


def save_method(
    path: Path,
    method: Method,
    settings: dict[str, Value],
    about: dict[str, str],
    *,
    half: bool = True,
    trunk: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a trained method; the file appears only when it is whole.

    Args:
        path: Ends in .safetensors.
        method: Trained.
        settings: What its constructor was given.
        about: Further texts for the metadata: backbone, backbone_sha256, preprocessing, training …
        half: Whether numbers are stored in 16 bits.
        trunk: The backbone's tensors, where it was trained along; its statistics keep their 32 bits.

    Raises:
        CheckpointError: The file cannot be written.
    """
    from safetensors.torch import save

    tensors = {
        name: tensor.detach().cpu().clone().contiguous() for name, tensor in method.kept_tensors().items()
    }
    packed = {name: tensor.shape[1] for name, tensor in tensors.items() if _holds_codes(tensor)}
    for name in packed:
        tensors[name] = torch.from_numpy(pack(tensors[name].numpy() > 0))
    if half:
        tensors = {n: t.half() if t.dtype == torch.float32 else t for n, t in tensors.items()}
    tensors |= trunk_tensors(trunk or {}, half=half)
    said = {"settings": json.dumps(settings), "packed": json.dumps(packed)}
    metadata = {**about, **_described(method), **said}
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(save(tensors, metadata=metadata))
        part.replace(path)
    except OSError as error:
        raise CheckpointError(f"The model {path} cannot be written: {error.strerror or error}.") from error


def _described(method: Method) -> dict[str, str]:
    """What the metadata tell of a method whatever it was trained on."""
    shape = method.shape
    return {
        "format": FORMAT,
        "method": method.key,
        "title": find_method(method.key).title,
        "query": _query(method),
        "bit_weights": json.dumps([round(float(weight), 6) for weight in method.worth_of_bits()]),
        "segment": str(method.segment),
        "bits": str(shape.bits),
        "feature_dim": str(shape.feature_dim // shape.positions),  # pooled over the places of a map
        "shape": json.dumps(asdict(shape)),
    }


def load_method(path: Path) -> tuple[Method, dict[str, str]]:
    """A saved method in evaluation mode, float32, and the texts of its file.

    Raises:
        CheckpointError: The file cannot be used.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.") from error
    if metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} is not a trained method of HashViewer ({FORMAT}).")
    try:
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith(TRUNK)}
        made: Method = find_method(metadata["method"]).method(**json.loads(metadata["settings"]))
        made.build(Shape(**json.loads(metadata["shape"])))
        for name, bits in json.loads(metadata["packed"]).items():
            tensors[name] = torch.from_numpy(unpack(tensors[name].numpy(), bits)).float() * 2 - 1
        made.load_tensors({n: t.float() if t.dtype == torch.float16 else t for n, t in tensors.items()})
    except (KeyError, TypeError, ValueError, HashViewerError) as error:
        raise CheckpointError(f"{path.name} does not hold what its metadata says: {error}") from error
    return made.eval().requires_grad_(requires_grad=False), metadata


def trunk_tensors(trunk: Mapping[str, Tensor], *, half: bool) -> dict[str, Tensor]:
    """A backbone's tensors as a file holds them; vectors keep their 32 bits, since statistics may overflow 16."""
    stored = {TRUNK + name: tensor.detach().cpu().clone().contiguous() for name, tensor in trunk.items()}
    narrow = {n: t.half() for n, t in stored.items() if half and t.dtype == torch.float32 and t.ndim > 1}
    return {**stored, **narrow}


def is_plain_hamming(method: type[Method]) -> bool:
    """Whether the Hamming distance of its codes is the method's own ranking."""
    return method.distances is Method.distances and method.encode_queries is Method.encode_queries


def _query(method: Method) -> str:
    """What a query of a trained method needs; see `Card.query`."""
    if len(method.worth_of_bits()):
        return "weighted"
    return "hamming" if is_plain_hamming(type(method)) else find_method(method.key).query


def _holds_codes(tensor: Tensor) -> bool:
    """Whether a matrix holds nothing but -1 and +1, so that each number fits in a bit."""
    return (
        tensor.ndim == 2
        and tensor.is_floating_point()
        and len(tensor) > 0
        and bool((tensor.abs() == 1).all())
    )
