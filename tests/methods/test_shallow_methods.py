import math

import pytest
import torch
from made_examples import built

from hashviewer.errors import MethodError
from hashviewer.methods import TrainingItems, signs


def fitted(key, features, **sizes):
    method = built(key, dim=features.shape[1], **sizes)
    with torch.no_grad():
        method.fit(TrainingItems(features, torch.zeros(len(features), 0)))
    return method


def test_lsh_differs_in_a_bit_as_often_as_the_angle_says():
    features = torch.zeros(4, 2)
    features[:2] = torch.tensor([[1.0, 0.0], [math.cos(1), math.sin(1)]])
    features[2:] = -features[:2]  # the mean is 0
    method = fitted("lsh", features, bits=4000)
    codes = signs(method.outputs(features))
    share = float((codes[0] != codes[1]).float().mean())
    assert share == pytest.approx(1 / math.pi, abs=0.03)


def test_pcah_projects_on_the_top_components_in_order():
    stretch = torch.tensor([1.0, 9.0, 3.0, 0.1])
    features = torch.randn(2000, 4) * stretch + 5
    method = fitted("pcah", features, bits=2)
    weight = method.hash_layer.weight
    assert weight.abs().argmax(1).tolist() == [1, 2]
    assert torch.allclose(weight @ weight.T, torch.eye(2), atol=1e-4)
    assert torch.allclose(method.outputs(features).mean(0), torch.zeros(2), atol=1e-3)


def test_pcah_refuses_more_bits_than_features():
    with pytest.raises(MethodError, match="at most as many bits"):
        built("pcah", dim=8, bits=16)


def test_spectral_hashing_takes_the_smoothest_waves_and_cuts_a_wide_component_several_times():
    wide, narrow = torch.linspace(0, 8, 401), torch.linspace(0, 3, 7)
    features = torch.cartesian_prod(wide, narrow)
    method = fitted("spectral-hashing", features, bits=4)
    # k / range: 1/8, 2/8, 1/3, 3/8
    assert method.waves.tolist() == pytest.approx(
        [math.pi * r for r in (1 / 8, 2 / 8, 1 / 3, 3 / 8)], rel=1e-4
    )
    assert method.places.tolist() == [0, 0, 1, 0]
    codes = signs(method.encode(method.outputs(features)))
    along = codes.reshape(401, 7, 4)[:, 0]
    changes = [int((along[1:, bit] != along[:-1, bit]).sum()) for bit in range(4)]
    assert changes == [1, 2, 0, 3]


def test_spectral_hashing_makes_more_bits_than_features():
    features = torch.randn(100, 3)
    method = fitted("spectral-hashing", features, bits=16)
    assert method.encode(method.outputs(features)).shape == (100, 16)
