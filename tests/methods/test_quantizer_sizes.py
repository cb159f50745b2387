"""A head file has to stay small, books and all."""

import pytest
import torch

from hashviewer.methods import Shape, find_method, save_method

LARGEST = 700_000  # bytes
QUANTIZERS = ["dpq", "dqn", "dsq", "dtq", "dvsq", "spdaq", "subic"]


@pytest.mark.parametrize("key", QUANTIZERS)
@pytest.mark.parametrize("bits", [16, 32, 48])
def test_a_file_for_the_default_network_stays_below_its_size(key, bits, tmp_path):
    torch.manual_seed(0)
    info = find_method(key).method
    method = info()
    method.build(Shape(1280, bits, 10, info.advice.head))
    path = tmp_path / "head.safetensors"
    save_method(path, method, {}, {})
    assert path.stat().st_size < LARGEST
