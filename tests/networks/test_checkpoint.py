import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from hashviewer import codes
from hashviewer.errors import CheckpointError
from hashviewer.images import Preprocessing, decode
from hashviewer.networks import find_model, load_network, read_card
from hashviewer.networks.backbones import BACKBONE_SHA256
from hashviewer.networks.checkpoint import load_head, save_checkpoint
from hashviewer.networks.header import read_header
from hashviewer.sample import KINDS, render_sample


def _rewrite(file, tensors=None, **changes):
    header = read_header(file)
    file.write_bytes(save(tensors or load(header.data), metadata={**header.metadata, **changes}))
    return file


def test_a_head_comes_back_as_it_was_saved(file, head, origin):
    save_checkpoint(file, head, origin)
    again = load_head(file)
    assert again.temperature == head.temperature
    for name, tensor in head.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


def test_the_same_head_gives_the_same_bytes(tmp_path, head, origin):
    first, second = (save_checkpoint(tmp_path / name, head, origin) for name in ("a", "b"))
    assert first.sha256 == second.sha256


def test_nothing_is_left_beside_the_file(file, head, origin):
    save_checkpoint(file, head, origin)
    assert list(file.parent.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_said(tmp_path, head, origin):
    (tmp_path / "taken").write_text("")
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(tmp_path / "taken" / "model.safetensors", head, origin)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.pop("bias"), "tensors"),
        (lambda t: t.update(other=torch.zeros(1)), "tensors"),
        (lambda t: t.update(bias=torch.zeros(23)), "go together"),
        (lambda t: t.update(weight=torch.zeros(1000)), "go together"),
        (lambda t: t["weight"].fill_(float("nan")), "not numbers"),
        (lambda t: t.update(weight=torch.zeros(999, 24), usual_logits=torch.zeros(999)), "does not fit"),
    ],
)
def test_tensors_that_make_no_head_are_refused(file, head, origin, change, reason):
    save_checkpoint(file, head, origin)
    tensors = load(read_header(file).data)
    change(tensors)
    with pytest.raises(CheckpointError, match=reason):
        load_head(_rewrite(file, tensors))


@pytest.mark.parametrize("temperature", ["", "0", "-1", "nan", "inf", "warm"])
def test_a_temperature_that_makes_no_sense_is_refused(file, head, origin, temperature):
    save_checkpoint(file, head, origin)
    with pytest.raises(CheckpointError, match="temperature"):
        load_head(_rewrite(file, temperature=temperature))


def test_other_backbones_and_other_weights_are_refused(file, head, origin):
    save_checkpoint(file, head, origin)
    with pytest.raises(CheckpointError, match="resnet50"):
        load_network(_rewrite(file, backbone="resnet50"))
    with pytest.raises(CheckpointError, match="others than this model"):
        load_network(_rewrite(file, backbone="tf_efficientnet_lite0", backbone_sha256="00" * 32))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """(15, 224, 224, 3) uint8: one rendered scene of each kind of the sample."""
    folder = tmp_path_factory.mktemp("scenes") / "pictures"
    render_sample(folder, count=2 * len(KINDS))
    files = [sorted(kind.iterdir())[0] for kind in sorted(folder.iterdir()) if kind.is_dir()]
    return np.stack([decode(file, Preprocessing()).pixels for file in files])


@pytest.mark.parametrize("bits", [64, 128])
def test_the_shipped_models_tell_kinds_of_scenes_apart_by_bits_that_are_not_one_sided(scenes, bits):
    path = find_model(f"photos-{bits}")
    assert path.stat().st_size < 5_000_000
    assert read_card(path).backbone_sha256 == BACKBONE_SHA256
    outputs, features = load_network(path)(torch.from_numpy(scenes))
    assert outputs.dtype == features.dtype == torch.float32
    assert outputs.shape == (len(scenes), bits)
    assert features.shape == (len(scenes), 1280)
    packed = codes.from_outputs(outputs.numpy())
    assert len(np.unique(packed, axis=0)) == len(scenes)
    assert 0.25 < codes.unpack(packed, bits).mean() < 0.75
