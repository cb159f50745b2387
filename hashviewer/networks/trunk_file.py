"""A backbone trained further, as a file: heads that were trained on it name it by its SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from hashviewer.errors import CheckpointError
from hashviewer.images.preprocessing import Preprocessing
from hashviewer.methods import TRUNK, trunk_tensors
from hashviewer.networks.card import SUFFIX, models_folders
from hashviewer.networks.header import MAX_HEADER, read_header
from hashviewer.networks.trunks import Trunk, make_trunk

FORMAT = "hashviewer-trunk-1"


def save_trunk(path: Path, trunk: Trunk, *, preprocessing: Preprocessing, training: str) -> None:
    """Write a backbone; the file appears only when it is whole.

    Args:
        path: Ends in .safetensors.
        trunk: Trained.
        preprocessing: How images became its input.
        training: What it was trained on, in words.

    Raises:
        CheckpointError: The file cannot be written.
    """
    from safetensors.torch import save

    said = {
        "format": FORMAT,
        "backbone": trunk.name,
        "preprocessing": preprocessing.to_json(),
        "training": training,
    }
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(save(trunk_tensors(trunk.network.state_dict(), half=True), metadata=said))
        part.replace(path)
    except OSError as error:
        raise CheckpointError(f"The backbone {path} cannot be written: {error.strerror or error}.") from error


def load_trunk(path: Path) -> Trunk:
    """A saved backbone in evaluation mode.

    Raises:
        CheckpointError: The file is damaged or holds something else.
    """
    header = read_header(path)
    if header.metadata.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} is no backbone of HashViewer ({FORMAT}).")
    trunk = make_trunk(header.metadata.get("backbone", ""), pretrained=False)
    put_tensors(trunk, tensors_of(path, header.data), path)
    trunk.size = Preprocessing.from_json(header.metadata.get("preprocessing", "")).size
    trunk.weights = path.name
    trunk.sha256 = hashlib.sha256(header.data).hexdigest()
    return trunk.eval()


def is_trunk(path: Path) -> bool:
    """Whether a safetensors file holds a backbone, by its header alone."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            said = json.loads(file.read(min(length, MAX_HEADER))).get("__metadata__", {})
    except (OSError, ValueError, AttributeError):
        return False
    return isinstance(said, dict) and said.get("format") == FORMAT


def open_trunk(name: str, *, pretrained: bool) -> Trunk:
    """A backbone by its name, or the one in a file (see `make_trunk`).

    Raises:
        CheckpointError: There is none.
    """
    return load_trunk(Path(name)) if name.endswith(SUFFIX) else make_trunk(name, pretrained=pretrained)


def find_trunk(name: str, sha256: str, *, beside: Path) -> Trunk:
    """The backbone that a head was trained on: ImageNet's, or a file beside the head or among the models.

    Args:
        name: Of the network, or of the file.
        sha256: Of its weights.
        beside: The head's file.

    Raises:
        CheckpointError: It is not here, or has other weights.
    """
    if not name.endswith(SUFFIX):
        trunk = make_trunk(name, pretrained=True)
        if trunk.sha256 == sha256:
            return trunk
        raise CheckpointError(
            f"The weights of {name} on this machine are others than {beside.name} was trained on "
            f"(SHA-256 {trunk.sha256[:12]}… instead of {sha256[:12]}…)."
        )
    places = [beside.parent / name, *(folder / name for folder in models_folders())]
    for place in places:
        if place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == sha256:
            return load_trunk(place)
    raise CheckpointError(
        f"{beside.name} was trained on the backbone {name} (SHA-256 {sha256[:12]}…). Put that file beside it."
    )


def tensors_of(path: Path, data: bytes) -> dict[str, Tensor]:
    """The backbone's tensors in a file's bytes, in float32.

    Raises:
        CheckpointError: The file is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        found = load(data)
    except SafetensorError as error:
        raise CheckpointError(f"{path.name} is damaged: {error}.") from error
    inside = {n.removeprefix(TRUNK): t for n, t in found.items() if n.startswith(TRUNK)}
    return {n: t.float() if t.is_floating_point() else t for n, t in inside.items()}


def put_tensors(trunk: Trunk, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Give a backbone the tensors of a file.

    Raises:
        CheckpointError: They are of another network.
    """
    try:
        trunk.network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise CheckpointError(f"The backbone in {path.name} is not {trunk.name}.") from error
