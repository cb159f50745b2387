"""From pictures to a method's checkpoint, and what opens it."""

import dataclasses

import numpy as np
import pytest
import torch
from made_pictures import coloured
from PIL import Image

from hashviewer.errors import CheckpointError, TrainingError
from hashviewer.images import Preprocessing
from hashviewer.networks import load_network, read_card, why_not_searchable
from hashviewer.networks.trunk_file import load_trunk, save_trunk
from hashviewer.networks.trunks import make_trunk
from hashviewer.progress import Cancelled
from hashviewer.training.crew import Crew
from hashviewer.training.loop import train
from hashviewer.training.method_data import Place, chosen, image_examples
from hashviewer.training.method_model import MethodJob, prepare, train_method
from hashviewer.training.recipe import recipe_for
from hashviewer.training.resume import RunState, load_state, save_state
from hashviewer.training.threads import threads_of_torch


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """36 pictures of three colours in folders."""
    return coloured(tmp_path_factory.mktemp("pictures"), 12)


def job(pictures, folder, *, method="dsh", bits=8, epochs=2, **changes):
    recipe = dataclasses.replace(recipe_for(method, bits=bits), epochs=epochs, batch=12)
    named = {"backbone": "dsh-small", **changes}
    return MethodJob(
        recipe=recipe,
        data=str(pictures),
        output=folder / "m.safetensors",
        place=Place(folder / "cache"),
        **named,
    )


def some_pixels(pictures):
    image = np.array(Image.open(pictures / "red" / "0.png").convert("RGB"))
    return torch.from_numpy(image)[None]


def test_a_small_net_is_trained_along_and_its_file_opens_as_a_network(pictures, tmp_path):
    report = train_method(job(pictures, tmp_path))
    assert (report.images, report.classes) == (36, 3)
    network = load_network(report.card.path)
    outputs, features = network(some_pixels(pictures))
    assert outputs.shape == (1, 8)
    assert features.shape == (1, 500)
    assert report.card.preprocessing.size == 32
    assert why_not_searchable(report.card) == ""


def test_a_run_that_was_stopped_goes_on_to_the_same_file_and_other_data_are_refused(pictures, tmp_path):
    (tmp_path / "whole").mkdir()
    train_method(job(pictures, tmp_path / "whole"))

    def stop(done, total=None, message=""):
        if message.startswith("epoch 2"):
            raise Cancelled

    with pytest.raises(Cancelled):
        train_method(job(pictures, tmp_path), progress=stop)
    assert (tmp_path / "m.run").exists()
    with pytest.raises(TrainingError, match="other settings"):
        train_method(job(pictures, tmp_path, size=32, backbone="cifar-full"))
    train_method(job(pictures, tmp_path))
    assert not (tmp_path / "m.run").exists()
    stopped, whole = (
        load_network(folder / "m.safetensors")(some_pixels(pictures))[0]
        for folder in (tmp_path, tmp_path / "whole")
    )
    assert torch.equal(stopped, whole)


def test_a_head_names_the_backbone_file_it_was_trained_on_and_needs_it(pictures, tmp_path):
    trunk = make_trunk("dsh-small", pretrained=False)
    colours = tmp_path / "colours.safetensors"
    preprocessing = read_card(train_method(job(pictures, tmp_path)).card.path).preprocessing
    save_trunk(colours, trunk, preprocessing=preprocessing, training="nothing")
    report = train_method(job(pictures, tmp_path, backbone=str(colours)))
    assert report.card.backbone == "colours.safetensors"
    pixels = some_pixels(pictures)
    _, features = load_network(report.card.path)(pixels)
    assert torch.equal(features, load_trunk(colours)(pixels))
    assert report.card.path.stat().st_size < 400_000
    colours.unlink()
    with pytest.raises(CheckpointError, match=r"colours\.safetensors .* beside it"):
        load_network(report.card.path)


def test_a_backbone_with_random_weights_cannot_be_frozen(pictures, tmp_path):
    with pytest.raises(TrainingError, match="--finetune"):
        train_method(job(pictures, tmp_path, frozen=True))
    with pytest.raises(CheckpointError, match="cannot take images of 20 px"):
        train_method(job(pictures, tmp_path, size=20))


def test_a_method_with_a_distance_of_its_own_is_refused_as_a_network(pictures, tmp_path):
    report = train_method(job(pictures, tmp_path, method="daph"))
    assert report.card.query == "asymmetric"
    with pytest.raises(CheckpointError, match="codes the query otherwise than the database"):
        load_network(report.card.path)


def test_a_part_of_a_data_set_has_a_fingerprint_of_its_own(pictures):
    from hashviewer.datasets import open_dataset

    whole = open_dataset(str(pictures))
    part = chosen(whole, np.array([20, 3]))
    assert len({whole.fingerprint, part.fingerprint, chosen(whole, np.array([3, 20])).fingerprint}) == 3
    assert part.labels.tolist() == whole.labels[[20, 3]].tolist()
    assert part.read(0) == whole.read(20)


def test_a_head_is_trained_with_one_thread_and_a_backbone_with_all(pictures, tmp_path):
    np.savez(tmp_path / "a.npz", features=np.eye(3, 8)[np.arange(30) % 3], labels=np.arange(30) % 3)
    seen = []

    def look(record):
        seen.append(torch.get_num_threads())

    with threads_of_torch(2):
        train_method(job(tmp_path / "a.npz", tmp_path, epochs=1, backbone=""), on_epoch=look)
        train_method(job(pictures, tmp_path, epochs=1), on_epoch=look)
        seen.append(torch.get_num_threads())
    assert seen == [1, 2, 2]


def test_an_attention_method_sees_the_backbones_map_and_its_file_opens_with_it(pictures, tmp_path):
    report = train_method(job(pictures, tmp_path, method="dagh-attention", maps=4))
    network = load_network(report.card.path)
    assert network.method.shape.positions == 4
    assert network.method.shape.feature_dim == 4 * 64
    pixels = some_pixels(pictures)
    outputs, features = network(pixels)
    assert outputs.shape == (1, 8)
    assert features.shape == (1, report.card.feature_dim) == (1, 64)  # pooled, for re-ranking
    maps = network.trunk(pixels)
    assert torch.equal(outputs, network.method.encode(network.method.outputs(maps)))


def test_maps_are_cached_apart_from_pooled_features(pictures, tmp_path):
    trunk = make_trunk("dsh-small", pretrained=False)
    colours = tmp_path / "colours.safetensors"
    save_trunk(colours, trunk, preprocessing=Preprocessing(size=32, crop_fraction=1.0), training="nothing")
    cache = set()
    for maps in (1, 4, 9):
        train_method(job(pictures, tmp_path, method="doh", backbone=str(colours), maps=maps, epochs=1))
        assert len(set((tmp_path / "cache").iterdir()) - cache) == 1
        cache = set((tmp_path / "cache").iterdir())


def test_maps_are_for_methods_that_attend_to_them(pictures, tmp_path):
    with pytest.raises(TrainingError, match=r"maps are for DAgH and DOH"):
        train_method(job(pictures, tmp_path, maps=4))
    with pytest.raises(CheckpointError, match="4, 9, 16 places"):
        train_method(job(pictures, tmp_path, method="doh", maps=7))


def test_a_backbone_on_the_cpu_is_trained_in_channels_last_and_resumed_to_the_same_bits(pictures, tmp_path):
    def states():
        ready = prepare(wanted)
        place = Place(tmp_path / "cache")
        return image_examples(ready.data, ready.trunk, ready.preprocessing, place), ready.recipe

    def stop(done, total=None, message=""):
        if message.startswith("epoch 3"):
            raise Cancelled

    wanted = job(pictures, tmp_path, epochs=3)
    whole, recipe = states()
    train(recipe, whole)
    with pytest.raises(Cancelled):
        train(recipe, states()[0], state=tmp_path / "run.safetensors", progress=stop)
    resumed, _ = states()
    train(recipe, resumed, state=tmp_path / "run.safetensors")
    pairs = list(zip(whole.trunk().parameters(), resumed.trunk().parameters(), strict=True))
    assert all(torch.equal(one, other) for one, other in pairs)
    convolutions = [other for _, other in pairs if other.ndim == 4]
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in convolutions)


def test_what_an_optimizer_kept_comes_back_in_the_format_of_its_weight(tmp_path):
    def net():
        torch.manual_seed(0)
        return torch.nn.Conv2d(4, 6, 3).to(memory_format=torch.channels_last)

    def state(module, optimizer):
        return RunState("a", [], {"net": module}, {"main": optimizer}, torch.get_rng_state())

    first, second = net(), net()
    one, other = (torch.optim.AdamW(module.parameters()) for module in (first, second))
    first(torch.ones(2, 4, 8, 8)).sum().backward()
    one.step()
    save_state(tmp_path / "s", state(first, one))
    load_state(tmp_path / "s", "a").put_into(state(second, other))
    for key in ("exp_avg", "exp_avg_sq"):
        kept, back = one.state[first.weight][key], other.state[second.weight][key]
        assert torch.equal(kept, back)
        assert kept.stride() == back.stride() == first.weight.stride()


def test_varied_views_are_another_run_and_of_no_use_to_a_frozen_backbone(pictures, tmp_path):
    plain = prepare(job(pictures, tmp_path)).recipe.data
    varied = job(pictures, tmp_path, varied=True)
    assert prepare(varied).recipe.data != plain
    train_method(varied)
    with pytest.raises(TrainingError, match="leave out --varied"):
        train_method(job(pictures, tmp_path, varied=True, backbone="efficientnet-lite0"))


def test_several_processes_are_refused_for_a_head_on_features(pictures, tmp_path):
    np.savez(tmp_path / "a.npz", features=np.eye(3, 8)[np.arange(30) % 3], labels=np.arange(30) % 3)
    wanted = job(tmp_path / "a.npz", tmp_path, backbone="")
    with pytest.raises(TrainingError, match="without torchrun"):
        train_method(dataclasses.replace(wanted, place=Place(tmp_path, crew=Crew(0, 2))))
