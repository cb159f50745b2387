from torch import Tensor, nn

from hashviewer.networks.backbones import PhotoBackbone
from hashviewer.networks.heads import HashHead


class PhotoNetwork(nn.Module):
    """A backbone with a hash head on it."""

    def __init__(self, backbone: PhotoBackbone, head: HashHead) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """From uint8 images (B, S, S, 3) RGB to outputs (B, bits) and features (B, D), both float32."""
        features, logits = self.backbone(images)
        return self.head(logits), features
