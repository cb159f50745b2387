"""Checkpoints: a hash head as a safetensors file whose metadata is its card.

The file holds the head only; the backbone's weights are named by their SHA-256 and come with their own package.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hashviewer.errors import CheckpointError
from hashviewer.images.preprocessing import Preprocessing
from hashviewer.networks.card import FORMAT, METHOD_FORMAT, Card, check_searchable, read_card
from hashviewer.networks.header import compose, read_header

if TYPE_CHECKING:
    from torch import nn

    from hashviewer.networks.heads import HashHead

_LICENSE = "Apache-2.0 (head and backbone weights)"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a new checkpoint says about its making; the fields are those of `Card`."""

    method: str
    preprocessing: Preprocessing
    training: str
    created: str
    figures: Sequence[tuple[str, float]] = ()
    license: str = _LICENSE


def save_checkpoint(path: Path, head: "HashHead", origin: Origin) -> Card:
    """Write a head and its card; the file appears only when it is whole.

    The same head and origin give the same bytes.

    Raises:
        CheckpointError: The file cannot be written.
    """
    from hashviewer.networks.backbones import BACKBONE, BACKBONE_SHA256, FEATURE_DIM

    said = {
        "format": FORMAT,
        "method": origin.method,
        "bits": str(len(head.bias)),
        "temperature": repr(head.temperature),
        "backbone": BACKBONE,
        "backbone_sha256": BACKBONE_SHA256,
        "preprocessing": origin.preprocessing.to_json(),
        "feature_dim": str(FEATURE_DIM),
        "training": origin.training,
        "figures": json.dumps(dict(origin.figures)),
        "license": origin.license,
        "created": origin.created,
    }
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(compose({name: tensor.numpy() for name, tensor in head.state_dict().items()}, said))
        part.replace(path)
    except OSError as error:
        raise CheckpointError(f"The model {path} cannot be written: {error.strerror or error}.") from error
    return read_card(path)


def load_head(path: Path) -> "HashHead":
    """The head of a checkpoint, in float32.

    Raises:
        CheckpointError: The file is damaged, foreign, or not what its card says.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from hashviewer.networks.backbones import CLASSES, FEATURE_DIM
    from hashviewer.networks.heads import HashHead

    card = read_card(path)
    header = read_header(path)
    try:
        tensors = load(header.data)
    except SafetensorError as error:
        raise CheckpointError(f"{path.name} is damaged: {error}.") from error
    head = HashHead.from_tensors(tensors, temperature=_temperature(path, header.metadata))
    if head.weight.shape != (CLASSES, card.bits) or card.feature_dim != FEATURE_DIM:
        raise CheckpointError(f"The hash head in {path.name} does not fit its card or its backbone.")
    return head


def load_network(path: Path) -> "nn.Module":
    """The whole network of a checkpoint, in evaluation mode.

    Its forward takes uint8 images (B, S, S, 3) RGB and gives the outputs (B, bits) and the features
    (B, feature_dim), both float32; pixels are normalised inside.

    Raises:
        CheckpointError: The file cannot be used, the backbone's weights are absent or other ones, or a library cannot be
            searched by the query of a trained method.
    """
    from hashviewer.networks.backbones import BACKBONE, load_backbone
    from hashviewer.networks.photo_network import PhotoNetwork

    card = read_card(path)
    if read_header(path).metadata["format"] == METHOD_FORMAT:
        from hashviewer.networks.method_network import load_method_network

        check_searchable(card)
        return load_method_network(path)
    if card.backbone != BACKBONE:
        raise CheckpointError(
            f"{path.name} needs the network “{card.backbone}”, which this version does not have."
        )
    head = load_head(path)
    backbone = load_backbone(card.preprocessing, sha256=card.backbone_sha256)
    return PhotoNetwork(backbone, head).eval().requires_grad_(requires_grad=False)


def _temperature(path: Path, metadata: dict[str, str]) -> float:
    try:
        temperature = float(metadata.get("temperature", ""))
    except ValueError:
        temperature = math.nan
    if not 0 < temperature < math.inf:
        raise CheckpointError(f"The card of {path.name} does not say the temperature of its head.")
    return temperature
