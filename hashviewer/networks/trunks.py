"""Backbones by name for training: from pixels to one feature vector, with ImageNet weights where they can be found.

Nothing is fetched: weights are looked for where torchvision and timm keep what they fetched before.
"""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from hashviewer.errors import CheckpointError
from hashviewer.networks.backbones import file_sha256
from hashviewer.networks.small_nets import CnnF, cifar_full, dsh_small

SMALL: dict[str, Callable[[], nn.Module]] = {"dsh-small": dsh_small, "cifar-full": cifar_full, "cnn-f": CnnF}
TORCHVISION = ("alexnet", "resnet101", "resnet18", "resnet34", "resnet50", "vgg11", "vgg16")
LITE0 = "efficientnet-lite0"
TIMM = "timm:"
NAMES = tuple(sorted((*SMALL, *TORCHVISION, LITE0)))
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)


class Trunk(nn.Module):
    """A backbone from uint8 images (B, S, S, 3) RGB to features (B, D) float32; normalises inside.

    Attributes:
        name: As asked for.
        weights: Where its weights come from, for the card; "random" if they are not trained.
        sha256: Of the file with these weights; "" if they are random.
        feature_dim: D.
        positions: Places of a map in the features; 1 for pooled ones (see `maps`).
        size: Edge S of the images it is made for, px.
    """

    mean: Tensor
    deviation: Tensor
    positions = 1

    def __init__(
        self, name: str, network: nn.Module, *, weights: str, size: int, file: Path | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self.network = network
        self.weights = weights
        self.sha256 = "" if file is None else file_sha256(file, file.stat().st_mtime_ns)
        self.size = size
        lite = name == LITE0
        mean = [127 / 255] * 3 if lite else _MEAN
        deviation = [128 / 255] * 3 if lite else _DEVIATION
        self.register_buffer("mean", torch.tensor(mean)[:, None, None] * 255)
        self.register_buffer("deviation", torch.tensor(deviation)[:, None, None] * 255)
        with torch.no_grad():
            empty = torch.zeros(1, size, size, 3, dtype=torch.uint8)
            self.feature_dim = self.eval()(empty).shape[1]

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - torch's own signature
        """As torch's, but batch normalization keeps the statistics that came with trained weights.

        Those of other images could be far from them: on small ones, enlarged and thus blurred, statistics of their own
        blow up the channels that see fine detail. A classifier on such features of CIFAR-10 got .49 of held-out images
        right at 128 px, with ImageNet's statistics .71.
        """
        super().train(mode)
        if self.weights != "random":
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, D)."""
        features: Tensor = self.network(self.normalised(images))
        return features.float()

    def normalised(self, images: Tensor) -> Tensor:
        """Pixels (B, 3, S, S) as the network expects them."""
        return (images.permute(0, 3, 1, 2).float() - self.mean) / self.deviation


def make_trunk(name: str, *, pretrained: bool) -> Trunk:
    """A backbone by name: one of `NAMES`, or "timm:" and the name of any model of timm.

    Args:
        name: In any case.
        pretrained: Whether ImageNet weights are wanted.

    Raises:
        CheckpointError: There is no such backbone (the nearest names are said), or its weights are not here (the
            text says where they are looked for).
    """
    asked = name.lower()
    if asked == LITE0:
        return _lite0(pretrained=pretrained)
    if asked in SMALL:
        if pretrained:
            raise CheckpointError(
                f"There are no ImageNet weights for {asked}; it is trained from random ones."
            )
        return Trunk(asked, SMALL[asked](), weights="random", size=224 if asked == "cnn-f" else 32)
    if asked in TORCHVISION:
        return _torchvision(asked, pretrained=pretrained)
    if asked.startswith(TIMM):
        return _timm(asked, pretrained=pretrained)
    near = difflib.get_close_matches(asked, NAMES, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(NAMES)}, and {TIMM}NAME."
    raise CheckpointError(f"There is no backbone “{name}”. {hint}")


def _lite0(*, pretrained: bool) -> Trunk:
    import timm

    from hashviewer.networks.backbones import BACKBONE, in_order, weights_file

    network = timm.create_model(BACKBONE)
    file = weights_file() if pretrained else None
    if file is not None:
        network.load_state_dict(in_order(_load(file), network.state_dict()))
    network.reset_classifier(0)
    weights = f"ImageNet, {file.name}" if file is not None else "random"
    return Trunk(LITE0, network, weights=weights, size=224, file=file)


def why_no_weights(name: str) -> str:
    """Why a backbone of `NAMES` cannot have ImageNet weights here; "" if they are here, or if there never were any."""
    if name in TORCHVISION and not (file := _torchvision_file(name)).is_file():
        return (
            f"The ImageNet weights of {name} are not on this machine. Put {file.name}, as torchvision publishes it, "
            f"into {file.parent}, or train {name} from random weights."
        )
    if name == LITE0:
        from hashviewer.networks.backbones import weights_file

        try:
            weights_file()
        except CheckpointError as error:
            return str(error)
    return ""


def _torchvision_file(name: str) -> Path:
    """Where torchvision keeps a network's ImageNet weights."""
    from torchvision import models

    file: str = models.get_model_weights(name).IMAGENET1K_V1.url.rsplit("/", 1)[-1]
    return Path(torch.hub.get_dir()) / "checkpoints" / file


def _torchvision(name: str, *, pretrained: bool) -> Trunk:
    from torchvision import models

    network = models.get_model(name)
    path, said = None, "random"
    if pretrained:
        if reason := why_no_weights(name):
            raise CheckpointError(reason)
        path = _torchvision_file(name)
        network.load_state_dict(_load(path))
        said = f"ImageNet, {path.name}"
    if name.startswith("resnet"):
        network.fc = nn.Identity()
    else:
        network.classifier = network.classifier[:-1]
    return Trunk(name, network, weights=said, size=224, file=path)


def _timm(name: str, *, pretrained: bool) -> Trunk:
    import timm

    model = name.removeprefix(TIMM)
    if model not in timm.list_models():
        near = difflib.get_close_matches(model, timm.list_models(), n=3)
        raise CheckpointError(
            f"timm has no model “{model}”. {'Did you mean ' + ' or '.join(near) + '?' if near else ''}"
        )
    network = timm.create_model(model, num_classes=0)
    path = None
    if pretrained:
        path = Path(torch.hub.get_dir()) / "checkpoints" / f"{model}.safetensors"
        if not path.is_file():
            raise CheckpointError(
                f"The ImageNet weights of {model} are not on this machine. Put them as {path.name} into {path.parent}."
            )
        from safetensors.torch import load_file

        network.load_state_dict(load_file(path), strict=False)
    size = int(network.default_cfg["input_size"][-1])
    said = f"ImageNet, {model}" if pretrained else "random"
    return Trunk(name, network, weights=said, size=size, file=path)


def _load(path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = torch.load(path, weights_only=True)
    return tensors
