"""A trained method on its backbone: from pixels to the outputs whose signs are the code."""

from pathlib import Path

from torch import Tensor, nn

from hashviewer.methods import Method, load_method
from hashviewer.networks.header import read_header
from hashviewer.networks.maps import pooled, with_maps
from hashviewer.networks.trunk_file import find_trunk, put_tensors, tensors_of
from hashviewer.networks.trunks import Trunk, make_trunk


class MethodNetwork(nn.Module):
    """A backbone with a trained method's hash layer on it."""

    def __init__(self, trunk: Trunk, method: Method) -> None:
        super().__init__()
        self.trunk = trunk
        self.method = method

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """From uint8 images (B, S, S, 3) RGB to outputs (B, bits) and pooled features (B, D), both float32."""
        features = self.trunk(images)
        outputs = self.method.encode(self.method.outputs(features)).float()
        return outputs, pooled(features, self.trunk.positions)


def load_method_network(path: Path) -> MethodNetwork:
    """The network of a method's checkpoint, in evaluation mode.

    The backbone is in the file itself where it was trained along; else it is found by its name and SHA-256.

    Raises:
        CheckpointError: The file cannot be used, or its backbone is not here.
    """
    method, said = load_method(path)
    inside = tensors_of(path, read_header(path).data)
    if inside:
        trunk = make_trunk(said["backbone"], pretrained=False)
        put_tensors(trunk, inside, path)
    else:
        trunk = find_trunk(said["backbone"], said["backbone_sha256"], beside=path)
    network = MethodNetwork(with_maps(trunk, method.shape.positions), method)
    return network.eval().requires_grad_(requires_grad=False)
