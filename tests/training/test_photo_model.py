from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashviewer.errors import CheckpointError
from hashviewer.networks import load_network, read_card
from hashviewer.progress import Cancelled
from hashviewer.training import train_photo_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Four classes of six pictures: noise of one coarseness and colour each; one broken file."""
    root = tmp_path_factory.mktemp("photos")
    g = np.random.default_rng(0)
    for number, name in enumerate(("blue", "green", "grey", "red")):
        (root / name).mkdir()
        for picture in range(6):
            colour = 60 * np.eye(4)[number, :3] + 80
            coarse = g.normal(colour, 40, (3 + number, 4 + number, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(coarse).resize((96, 72)).save(root / name / f"{picture}.jpg")
    (root / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    return root


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    return train_photo_model(folder, tmp_path_factory.mktemp("model") / "small.safetensors", bits=8, seed=3)


def test_the_report_counts_photos_classes_and_the_unreadable(report):
    assert (report.photos, report.classes, report.unreadable) == (24, 4, 1)
    assert len(report.runs) == 4


def test_the_card_says_on_what_and_how_well(report):
    card = read_card(report.card.path)
    assert card == report.card
    assert card.bits == 8
    assert "24 photos of 4 classes" in card.training
    assert card.created.endswith("seed 3")
    relative = np.mean([run.relative for run in report.runs])
    assert abs(dict(card.figures)["mAP relative to cosine"] - relative) < 1e-4


def test_the_file_loads_as_a_network(report):
    import torch

    outputs, features = load_network(report.card.path)(torch.zeros(1, 224, 224, 3, dtype=torch.uint8))
    assert outputs.shape == (1, 8)
    assert features.shape == (1, 1280)


def test_the_same_seed_gives_the_same_file(folder, report, tmp_path):
    again = train_photo_model(folder, tmp_path / "again.safetensors", bits=8, seed=3)
    assert again.card.sha256 == report.card.sha256


def test_a_class_held_out_is_not_learned_from(folder, tmp_path):
    report = train_photo_model(folder, tmp_path / "less.safetensors", bits=8, holdout=("red",))
    assert (report.photos, report.classes, report.unreadable) == (18, 3, 0)
    assert report.runs == ()  # three classes are too few to hold half of them out


def test_what_cannot_work_is_refused_in_words(folder, tmp_path):
    with pytest.raises(CheckpointError, match="no class “pink”"):
        train_photo_model(folder, tmp_path / "x.safetensors", bits=8, holdout=("pink",))
    with pytest.raises(CheckpointError, match="64 bits need at least 64 photos"):
        train_photo_model(folder, tmp_path / "x.safetensors", bits=64)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_leaves_no_file(folder, tmp_path):
    def stop(done, total=None, message=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        train_photo_model(folder, tmp_path / "x.safetensors", bits=8, progress=stop)
    assert list(tmp_path.iterdir()) == []
