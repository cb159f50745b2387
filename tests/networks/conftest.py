from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from hashviewer.images import Preprocessing
from hashviewer.networks.backbones import CLASSES
from hashviewer.networks.checkpoint import Origin
from hashviewer.networks.heads import HashHead
from hashviewer.training.threads import threads_of_torch


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threads_of_torch(1):
        yield


@pytest.fixture
def head() -> HashHead:
    g = torch.Generator().manual_seed(0)
    usual, weight = torch.randn(CLASSES, generator=g), torch.randn(CLASSES, 24, generator=g)
    return HashHead(usual, weight, torch.randn(24, generator=g), temperature=2.0)


@pytest.fixture
def origin() -> Origin:
    return Origin(
        method="a test",
        preprocessing=Preprocessing(fit="squash"),
        training="nothing",
        created="today",
        figures=(("mAP", 0.5),),
    )


@pytest.fixture
def pictures() -> np.ndarray:
    """(8, 224, 224, 3) uint8: smooth coloured noise, which is nearer to photos than white noise."""
    g = np.random.default_rng(0)
    coarse = g.integers(0, 256, (8, 14, 14, 3)).astype(np.uint8)
    return coarse.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"
