import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import load

from hashviewer.errors import CheckpointError
from hashviewer.networks.card import read_card
from hashviewer.networks.checkpoint import load_head, save_checkpoint
from hashviewer.networks.header import compose, read_header


def _write(path, header, numbers=b""):
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


def test_reads_the_texts_of_a_whole_file(file):
    tensor = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    _write(file, {"__metadata__": {"a": "b"}, "x": tensor}, bytes(24))
    assert read_header(file).metadata == {"a": "b"}


def test_a_header_as_long_as_a_pickle_mark_is_no_pickle(file):
    header = {"__metadata__": {"a": ""}}
    missing = 0x280 - len(json.dumps(header))
    header["__metadata__"]["a"] = "x" * missing
    _write(file, header)
    assert file.read_bytes()[:2] == b"\x80\x02"
    assert len(read_header(file).metadata["a"]) == missing


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 9, 100, 1000, -4, -1])
def test_a_file_cut_short_anywhere_is_refused_in_words(file, head, origin, keep):
    save_checkpoint(file, head, origin)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"cut short|damaged"):
        read_card(file)
    with pytest.raises(CheckpointError):
        load_head(file)


def test_more_bytes_than_described_are_refused(file, head, origin):
    save_checkpoint(file, head, origin)
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(CheckpointError, match="damaged"):
        read_card(file)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_and_never_run(file, protocol):
    file.write_bytes(pickle.dumps({"weight": list(range(100))}, protocol=protocol))
    with pytest.raises(CheckpointError, match="pickled"):
        read_header(file)


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "1", "data_offsets": None},
        {"dtype": "F32"},
        7,
    ],
)
def test_a_tensor_described_wrongly_is_refused(file, tensor):
    with pytest.raises(CheckpointError, match="damaged"):
        read_header(_write(file, {"x": tensor}, bytes(4)))


@pytest.mark.parametrize("header", [[], 3, {"__metadata__": []}, {"__metadata__": {"bits": 64}}])
def test_a_header_of_another_shape_is_refused(file, header):
    with pytest.raises(CheckpointError):
        read_header(_write(file, header, b"    "))


def test_a_file_that_is_not_there_is_named(file):
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        read_header(file)


def test_what_is_composed_is_read_by_the_library_of_that_name(file):
    tensors = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array([-1.5], np.float32)}
    file.write_bytes(compose(tensors, {"z": "ä", "a": ""}))
    again = load(file.read_bytes())
    assert read_header(file).metadata == {"z": "ä", "a": ""}
    assert sorted(again) == ["a", "b"]
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(again[name], tensor)
