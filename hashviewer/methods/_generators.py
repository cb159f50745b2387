"""Networks of adversarial methods: makers of features or of images of 32 px, and trunks of critics."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

_EDGE = 32


class FeatureGenerator(nn.Module):
    """From noise (n, Z) to a backbone's scaled features (n, D)."""

    def __init__(self, noise: int, feature_dim: int, *, width: int = 512) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(noise, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, feature_dim),
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Features."""
        made: Tensor = self.layers(noise)
        return made


class ResidualGenerator(nn.Module):
    """From noise (n, Z) to images (n, 3, 32, 32) in -1…1: three up-sampling residual blocks (WGAN-GP's for CIFAR-10)."""

    def __init__(self, noise: int, *, width: int = 128) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Linear(noise, 16 * width)
        self.blocks = nn.Sequential(*(_Block(width, width, up=True, normal=True) for _ in range(3)))
        self.last = nn.Sequential(
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 3, 3, padding=1), nn.Tanh()
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Images."""
        made: Tensor = self.last(self.blocks(self.first(noise).view(-1, self.width, 4, 4)))
        return made


class TransposedGenerator(nn.Module):
    """From noise (n, Z) to images (n, 3, 32, 32) in -1…1: three transposed convolutions (DCGAN's)."""

    def __init__(self, noise: int, *, width: int = 512) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Linear(noise, 16 * width)
        layers: list[nn.Module] = [nn.BatchNorm2d(width), nn.ReLU()]
        for inputs, outputs in ((width, width // 2), (width // 2, width // 4)):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width // 4, 3, 4, 2, 1), nn.Tanh())

    def forward(self, noise: Tensor) -> Tensor:
        """Images."""
        made: Tensor = self.layers(self.first(noise).view(-1, self.width, 4, 4))
        return made


def feature_trunk(feature_dim: int, *, width: int = 512) -> nn.Module:
    """A critic's trunk: features (n, D) to (n, width), without normalisation."""
    return nn.Sequential(nn.Linear(feature_dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())


def image_trunk(*, width: int = 128) -> nn.Module:
    """A critic's trunk: images (n, 3, 32, 32) to (n, width); residual blocks without normalisation."""
    return nn.Sequential(
        _Block(3, width, down=True, early=False),
        _Block(width, width, down=True),
        _Block(width, width),
        _Block(width, width),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )


def small_images(pixels: Tensor) -> Tensor:
    """Pixels (n, S, S, 3) of 0…255 as images (n, 3, 32, 32) in -1…1."""
    images = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1
    if images.shape[-1] == _EDGE:
        return images
    return functional.interpolate(images, size=(_EDGE, _EDGE), mode="bilinear", antialias=True)


def as_pixels(images: Tensor, edge: int) -> Tensor:
    """Images (n, 3, 32, 32) in -1…1 as pixels (n, S, S, 3) of 0…255, enlarged to an edge; with gradient."""
    if images.shape[-1] != edge:
        images = functional.interpolate(images, size=(edge, edge), mode="bilinear")
    return (images.permute(0, 2, 3, 1) + 1) * 127.5


def labelled_noise(labels: Tensor, length: int) -> Tensor:
    """Normal noise (n, length) whose first C entries are the labels (n, C)."""
    noise = torch.randn(len(labels), length - labels.shape[1]).to(labels.device)
    return torch.cat([labels, noise], dim=1)


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    """Mean of (||gradient of the critic|| - 1)^2 at random places between real and made items (n, ...)."""
    shape = (len(real), *(1 for _ in real.shape[1:]))
    share = torch.rand(len(real)).to(real.device).view(shape)
    between = (share * real + (1 - share) * fake).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norms = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norms - 1).square().mean()


class _Block(nn.Module):
    """Two convolutions beside a shortcut, with the edge doubled or halved or kept.

    Not `early`: the block begins without ReLU, for pixels.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        up: bool = False,
        down: bool = False,
        normal: bool = False,
        early: bool = True,
    ) -> None:
        super().__init__()
        self.resize: nn.Module = (
            nn.Upsample(scale_factor=2) if up else nn.AvgPool2d(2) if down else nn.Identity()
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if up or inputs != outputs else nn.Identity()
        begin: list[nn.Module] = [nn.BatchNorm2d(inputs)] if normal else []
        begin += [nn.ReLU()] if early else []
        begin += [nn.Upsample(scale_factor=2)] if up else []
        middle: list[nn.Module] = [nn.BatchNorm2d(outputs)] if normal else []
        end: list[nn.Module] = [nn.AvgPool2d(2)] if down else []
        self.layers = nn.Sequential(
            *begin,
            nn.Conv2d(inputs, outputs, 3, padding=1),
            *middle,
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            *end,
        )

    def forward(self, images: Tensor) -> Tensor:
        """Maps of twice, half or the same edge."""
        made: Tensor = self.layers(images) + self.shortcut(self.resize(images))
        return made
