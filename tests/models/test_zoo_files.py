"""The shipped heads and networks: each loads, codes what it is shown, and says of itself what its row says; with the images, it is measured again."""

import json

import pytest
import torch

from benchmarks.zoo_check import MODELS, WITHIN, all_items, shipped, small_items
from benchmarks.zoo_table import read_rows
from hashviewer.methods import all_methods, load_method, signs
from hashviewer.networks.card import models_folders, read_card
from hashviewer.networks.trunk_file import open_trunk
from hashviewer.progress import silent

SHIPPED = shipped(MODELS, read_rows(MODELS))
BACKBONE = "efficientnet-lite0.safetensors"
needs_files = pytest.mark.skipif(not SHIPPED, reason="models/cifar10 holds no trained methods yet")


@pytest.mark.parametrize(
    "path", sorted(p for f in models_folders() for p in f.rglob("*.safetensors")), ids=str
)
def test_no_file_among_the_models_is_without_a_card_or_a_row(path):
    if path.parent == MODELS:
        files = {file.name for file, _ in SHIPPED}
        assert path.name in files | {read_card(MODELS / name).backbone for name in files} | {BACKBONE}
    else:
        assert read_card(path).bits > 0


def test_the_backbone_opens_and_tells_images_apart():
    backbone = open_trunk(str(MODELS / BACKBONE), pretrained=True).eval()
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        features = backbone(torch.randint(0, 256, (2, 160, 160, 3), generator=drawn, dtype=torch.uint8))
    assert features.shape == (2, 1280)
    assert not torch.allclose(features[0], features[1])


@needs_files
def test_every_method_that_learns_from_labels_has_a_head_of_48_bits():
    there = {row["method"] for row in read_rows(MODELS) if row["bits"] == 48 and row["file"]}
    assert there >= {info.key for info in all_methods() if info.method.labelled}


@needs_files
@pytest.mark.parametrize(("path", "run"), SHIPPED, ids=[path.stem for path, _ in SHIPPED])
def test_a_head_loads_codes_made_features_and_its_card_tells_its_row(path, run):
    method, about = load_method(path)
    draw = torch.Generator().manual_seed(0)
    scaling = method.scaling  # about as far from one another as the features of images
    features = scaling.mean + 2 * scaling.scale * torch.randn(24, method.shape.feature_dim, generator=draw)
    with torch.no_grad():
        outputs = method.outputs(features)
        codes = signs(method.encode(outputs))
        distances = method.distances(outputs[:3], codes)
    assert codes.shape == (24, method.shape.bits)
    assert distances.shape == (3, 24)
    assert bool(distances.isfinite().all())
    assert len(torch.unique(codes, dim=0)) > 1
    assert run["mAP"] in json.loads(about["figures"]).values()
    assert read_card(path).bits == method.shape.bits


@pytest.fixture(scope="module")
def small(shared_data):
    """The small part of CIFAR-10 that the zoo measured, too; features are kept between runs of the tests."""
    import platformdirs

    from hashviewer.datasets import open_dataset

    cache = platformdirs.user_cache_path("hashviewer", appauthor=False) / "zoo"
    data = open_dataset(str(shared_data / "cifar10-jpeg.zip"))
    return small_items(data, all_items(data, cache).division, cache)


@needs_files
@pytest.mark.shared
@pytest.mark.parametrize(("path", "run"), SHIPPED, ids=[path.stem for path, _ in SHIPPED])
def test_a_head_measured_again_on_a_tenth_of_the_queries_gives_its_row(path, run, small):
    assert small.scores(path, progress=silent).tie_aware == pytest.approx(run["small"], abs=WITHIN)
