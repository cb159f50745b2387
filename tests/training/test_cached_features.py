import numpy as np
import pytest
import torch
from torch import nn

from hashviewer.datasets.labelled import LabelledImages, one_hot
from hashviewer.images import Preprocessing
from hashviewer.progress import Cancelled
from hashviewer.training import cached_features as module
from hashviewer.training.cached_features import FeatureKey, cached_features

KEY = FeatureKey("means", Preprocessing(size=8, fit="squash"), mirrored=True)


class Halves(nn.Module):
    """Mean of the left and of the right half."""

    def forward(self, images):
        values = images.float().mean(dim=(1, 3))
        return torch.stack([values[:, :4].mean(1), values[:, 4:].mean(1)], dim=1)


def images(count, asked):
    def read(place):
        asked.append(place)
        pixels = np.zeros((8, 8, 3), dtype=np.uint8)
        pixels[:, :4] = place
        return pixels

    labels = one_hot(np.arange(count) % 2, 2)
    return LabelledImages("made", "f", ("a", "b"), labels, np.array([""] * count), read)


def test_features_are_computed_once_and_mirrored_in_a_second_view(tmp_path):
    asked = []
    features = cached_features(images(5, asked), Halves(), KEY, tmp_path)
    assert features.shape == (2, 5, 2)
    assert features[0].tolist() == [[n, 0] for n in range(5)]
    assert features[1].tolist() == [[0, n] for n in range(5)]
    assert sorted(asked) == [0, 1, 2, 3, 4]
    again = cached_features(images(5, asked), Halves(), KEY, tmp_path)
    assert torch.equal(features, again)
    assert len(asked) == 5


def test_a_stopped_run_keeps_its_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PART", 2)
    asked = []

    def stop(done, total=None, message=""):
        if done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        cached_features(images(6, asked), Halves(), KEY, tmp_path, progress=stop)
    asked.clear()
    assert cached_features(images(6, asked), Halves(), KEY, tmp_path)[0, :, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert sorted(asked) == [4, 5]
