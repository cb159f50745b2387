"""Methods that weigh the places of a map, from their training to the codes in a library."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from hashviewer import codes as packed
from hashviewer.encoding import index
from hashviewer.images import Preprocessing, decode
from hashviewer.library import Library
from hashviewer.methods import load_method, signs
from hashviewer.networks.maps import with_maps
from hashviewer.networks.method_network import load_method_network
from hashviewer.networks.trunk_file import load_trunk, save_trunk
from hashviewer.networks.trunks import make_trunk
from hashviewer.training.method_data import Place
from hashviewer.training.method_model import MethodJob, train_method
from hashviewer.training.recipe import recipe_for
from hashviewer.workspace import Workspace, own_distance, own_how

BITS, PLACES = 16, 4
CLEAR = 1e-3  # an output this far from 0 has its sign in any engine


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """24 pictures, each bright in the corner of its class: only a map tells where."""
    root = tmp_path_factory.mktemp("corners")
    draw = np.random.default_rng(0)
    for number in range(24):
        pixels = draw.integers(0, 90, (32, 32, 3)).astype(np.uint8)
        row, column = divmod(number % 4, 2)
        pixels[16 * row :, 16 * column :][:16, :16] += 140
        folder = root / f"corner {number % 4}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


def trained(pictures, folder, method, backbone):
    recipe = dataclasses.replace(recipe_for(method, bits=BITS), epochs=3, batch=12)
    job = MethodJob(
        recipe=recipe,
        data=str(pictures),
        output=folder / f"{method}.safetensors",
        place=Place(folder / "cache"),
        backbone=backbone,
        maps=PLACES,
    )
    return train_method(job).card


def colours(folder):
    """A backbone's file, which a head is trained on without changing it."""
    torch.manual_seed(0)
    path = folder / "colours.safetensors"
    preprocessing = Preprocessing(size=32, crop_fraction=1.0)
    save_trunk(
        path, make_trunk("dsh-small", pretrained=False), preprocessing=preprocessing, training="nothing"
    )
    return path


def outputs_on_maps(head, trunk, pixels):
    """What a method makes of the maps of pictures, before the sign."""
    with torch.no_grad():
        return head.encode(head.outputs(trunk.eval()(torch.from_numpy(np.stack(pixels)))))


@pytest.mark.parametrize("along", [True, False], ids=["trained along", "frozen"])
def test_the_codes_of_a_library_are_those_of_the_method_on_the_backbones_map(pictures, tmp_path, along):
    backbone = "dsh-small" if along else str(colours(tmp_path))
    card = trained(pictures, tmp_path, "dagh-attention", backbone)
    report = index(pictures, tmp_path / "lib", model=card.path, device="cpu", precision="float32")
    assert (report.encoded, report.problems) == (24, 0)
    head, _ = load_method(card.path)
    assert head.shape.positions == PLACES
    if along:
        trunk = load_method_network(card.path).trunk
    else:
        trunk = with_maps(load_trunk(tmp_path / "colours.safetensors"), PLACES)
    with Library.open(tmp_path / "lib") as library:
        pixels = [decode(library.full_path(row), card.preprocessing).pixels for row in range(24)]
        codes, _ = library.codes(card.name)
        found = packed.unpack(codes, BITS)
    outputs = outputs_on_maps(head, trunk, pixels)
    clear = (outputs.abs() > CLEAR).numpy()
    assert clear.mean() > 0.95
    wanted = (signs(outputs) > 0).numpy()
    assert np.array_equal(found.astype(bool)[clear], wanted[clear])
    assert len(np.unique(wanted, axis=0)) > 1


def test_doh_codes_pictures_through_its_file_and_a_library_counts_its_segments(pictures, tmp_path):
    card = trained(pictures, tmp_path, "doh", "dsh-small")
    head, _ = load_method(card.path)
    network = load_method_network(card.path)
    pixels = [decode(file, card.preprocessing).pixels for file in sorted(pictures.rglob("*.png"))]
    outputs = outputs_on_maps(head, network.trunk, pixels)
    found, _ = network(torch.from_numpy(np.stack(pixels)))
    assert found.shape == (24, BITS)
    assert torch.equal(signs(found), signs(outputs))
    assert len(torch.unique(signs(found), dim=0)) > 1
    segments = head.distances(head.outputs(network.trunk(torch.from_numpy(pixels[0])[None])), signs(found))
    assert float(segments[0, 0]) == 0
    assert float(segments.max()) > 0
    index(pictures, tmp_path / "lib", model=card.path)
    with Workspace.open(tmp_path / "lib") as workspace:
        info = workspace.code_sets[0]
        assert (info.query, info.segment, own_distance(info)) == ("segments", 2, "segments")
        matches = workspace.search(workspace.query_row(0, codes=info.key), k=None, how=own_how(info))
    assert 2 * matches.all_scores == pytest.approx(
        segments[0].numpy(), abs=2.1
    )  # another engine may move a symbol
