import pytest
import torch

from hashviewer.errors import CheckpointError
from hashviewer.networks.trunks import make_trunk


@pytest.mark.parametrize(
    ("name", "width"),
    [("dsh-small", 500), ("cifar-full", 1024), ("resnet18", 512), ("timm:mobilenetv3_small_050", 1024)],
)
def test_a_backbone_gives_one_feature_vector_an_image_and_can_be_trained(name, width):
    torch.manual_seed(0)
    trunk = make_trunk(name, pretrained=False)
    assert trunk.weights == "random"
    assert trunk.feature_dim == width
    images = torch.randint(256, (2, trunk.size, trunk.size, 3), dtype=torch.uint8)
    features = trunk.train()(images)
    assert features.shape == (2, width)
    features.sum().backward()
    assert next(trunk.parameters()).grad is not None


def test_an_unknown_backbone_gets_the_nearest_names():
    with pytest.raises(CheckpointError, match="resnet50"):
        make_trunk("resnet52", pretrained=False)
    with pytest.raises(CheckpointError, match="timm has no model"):
        make_trunk("timm:mobilenetv9", pretrained=False)


def test_absent_weights_are_said_with_the_place_where_they_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(CheckpointError, match=r"alexnet-owt-.*\.pth.*checkpoints"):
        make_trunk("alexnet", pretrained=True)
    with pytest.raises(CheckpointError, match="no ImageNet weights"):
        make_trunk("dsh-small", pretrained=True)


def test_the_default_backbone_has_its_imagenet_weights():
    trunk = make_trunk("efficientnet-lite0", pretrained=True)
    assert trunk.feature_dim == 1280
    assert trunk.weights.startswith("ImageNet")
