import hashlib
import subprocess
import sys
from dataclasses import replace

import pytest
from safetensors.torch import load, save

from hashviewer.errors import CheckpointError
from hashviewer.images import Preprocessing
from hashviewer.networks import find_model, read_card
from hashviewer.networks.checkpoint import save_checkpoint
from hashviewer.networks.header import read_header


def _rewrite(file, **changes):
    header = read_header(file)
    said = {name: text for name, text in {**header.metadata, **changes}.items() if text is not None}
    file.write_bytes(save(load(header.data), metadata=said))
    return file


def test_the_card_says_what_was_saved(file, head, origin):
    card = save_checkpoint(file, head, origin)
    assert card == read_card(file)
    assert (card.name, card.method, card.bits, card.feature_dim) == ("model", "a test", 24, 1280)
    assert card.preprocessing == Preprocessing(fit="squash")
    assert card.figures == (("mAP", 0.5),)
    assert card.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["method", "bits", "backbone", "backbone_sha256", "preprocessing"])
def test_a_card_that_leaves_something_out_is_refused(file, head, origin, name):
    save_checkpoint(file, head, origin)
    with pytest.raises(CheckpointError, match=f"does not say its {name}"):
        read_card(_rewrite(file, **{name: None}))


@pytest.mark.parametrize("bits", ["0", "-8", "six", "1e3", "99999999999", ""])
def test_a_number_of_bits_that_makes_no_sense_is_refused(file, head, origin, bits):
    save_checkpoint(file, head, origin)
    with pytest.raises(CheckpointError, match="where a number"):
        read_card(_rewrite(file, bits=bits))


@pytest.mark.parametrize("figures", ["[1]", "{", '{"a": "b"}', '{"a": NaN}', "7"])
def test_damaged_figures_are_refused(file, head, origin, figures):
    save_checkpoint(file, head, origin)
    with pytest.raises(CheckpointError, match="figures"):
        read_card(_rewrite(file, figures=figures))


def test_a_file_of_another_program_is_named_as_such(file, head, origin):
    save_checkpoint(file, head, replace(origin, figures=()))
    with pytest.raises(CheckpointError, match="another program"):
        read_card(_rewrite(file, format="theirs"))


def test_models_are_found_by_name_and_by_path(file, head, origin):
    save_checkpoint(file, head, origin)
    assert find_model(str(file)) == file
    for bits in (64, 128):
        assert read_card(find_model(f"photos-{bits}")).bits == bits


def test_the_models_of_a_data_set_lie_in_a_folder_of_their_own(tmp_path, file, head, origin, monkeypatch):
    (tmp_path / "models" / "set").mkdir(parents=True)
    (tmp_path / "models" / "empty").mkdir()
    inner = tmp_path / "models" / "set" / "dpsh-48.safetensors"
    save_checkpoint(inner, head, origin)
    monkeypatch.setattr("hashviewer.networks.card.models_folders", lambda: (tmp_path / "models",))
    assert find_model("dpsh-48") == find_model("set/dpsh-48") == inner
    save_checkpoint(tmp_path / "models" / "dpsh-48.safetensors", head, origin)
    assert find_model("dpsh-48") == tmp_path / "models" / "dpsh-48.safetensors"
    with pytest.raises(CheckpointError, match=r"are dpsh-48, those in .*set;"):
        find_model("../set/dpsh-48")


@pytest.mark.parametrize("name", ["photos-63", "../models/photos-63", "", "/nowhere/photos-64"])
def test_an_unknown_model_lists_the_known_ones(name):
    with pytest.raises(CheckpointError, match=r"photos-128, photos-64"):
        find_model(name)


def test_reading_a_card_does_not_import_torch():
    program = (
        "import sys; from hashviewer.networks import find_model, read_card; "
        "read_card(find_model('photos-64')); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
