import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from encoding_fakes import make_photos, picture_bytes

from hashviewer.encoding import QueryEncoder, index_in_child
from hashviewer.encoding.child import environment
from hashviewer.errors import CheckpointError, EncodingError, ImageError
from hashviewer.library import Library


@pytest.fixture
def encoder(model):
    encoder = QueryEncoder(model, engine="openvino", precision="float32")
    yield encoder
    encoder.close()


@pytest.fixture(scope="module")
def shared_encoder(model):
    encoder = QueryEncoder(model, engine="openvino", precision="float32")
    encoder.encode(picture_bytes(0))
    yield encoder
    encoder.close()


def test_a_query_has_the_codes_that_the_index_wrote_bit_for_bit(shared_encoder, model, tmp_path):
    make_photos(tmp_path / "photos", 8)
    index_in_child(tmp_path / "photos", tmp_path / "lib", model=model)
    with Library.open(tmp_path / "lib") as library:
        (info,) = library.code_sets
        assert (info.engine, info.precision) == ("openvino", "float32")
        stored = library.codes("photos-64")[0]
        for row in range(8):
            encoded = shared_encoder.encode(library.full_path(row))
            assert encoded.code.tobytes() == stored[row].tobytes()
            half = encoded.outputs.astype(np.float16).astype(np.float32)
            assert half.tobytes() == library.outputs("photos-64", [row])[0].tobytes()
            half = encoded.feature.astype(np.float16).astype(np.float32)
            assert half.tobytes() == library.features("photos-64", [row])[0].tobytes()
            assert encoded.thumbnail == library.thumbnail(row)


def test_bytes_and_a_file_are_the_same_query(shared_encoder, tmp_path):
    (tmp_path / "a.jpg").write_bytes(picture_bytes(3))
    by_path = shared_encoder.encode(tmp_path / "a.jpg")
    by_bytes = shared_encoder.encode(picture_bytes(3))
    assert by_path.outputs.tobytes() == by_bytes.outputs.tobytes()
    assert (by_path.width, by_path.height) == (by_bytes.width, by_bytes.height) == (96, 72)
    assert by_path.code.shape == (8,)
    assert by_path.feature.shape == (1280,)


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_file_with_a_name_of_any_bytes_can_be_asked_for(shared_encoder, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff\n name.jpg")
    path.write_bytes(picture_bytes(4))
    assert shared_encoder.encode(path).width == 96


def test_a_picture_that_cannot_be_read_is_an_error_and_the_next_one_works(shared_encoder, tmp_path):
    with pytest.raises(ImageError):
        shared_encoder.encode(b"no picture")
    with pytest.raises(ImageError, match="no longer there"):
        shared_encoder.encode(tmp_path / "gone.jpg")
    assert shared_encoder.encode(picture_bytes(5)).width == 96


def test_many_threads_get_their_own_answers(shared_encoder):
    wanted = [shared_encoder.encode(picture_bytes(seed)).outputs.tobytes() for seed in range(4)]
    given = {}

    def ask(seed):
        given[seed] = shared_encoder.encode(picture_bytes(seed)).outputs.tobytes()

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [given[seed] for seed in range(4)] == wanted


def test_starting_does_not_wait_for_the_process(encoder):
    begun = time.monotonic()
    encoder.start()
    assert time.monotonic() - begun < 0.5
    assert encoder.encode(picture_bytes(1)).width == 96


def test_a_process_that_was_killed_is_started_again(encoder):
    before = encoder.encode(picture_bytes(1))
    encoder._child._process.kill()
    encoder._child._process.wait()
    assert encoder.encode(picture_bytes(1)).outputs.tobytes() == before.outputs.tobytes()


def test_a_picture_that_kills_the_process_twice_is_an_error_in_words(model, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'queries' in sys.orig_argv:\n"
        "    import hashviewer.encoding.query_server as server\n"
        "    real = server.decode\n"
        "    def decode(data, preprocessing):\n"
        "        if data == b'deadly':\n"
        "            os.kill(os.getpid(), 9)\n"
        "        return real(data, preprocessing)\n"
        "    server.decode = decode\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    encoder = QueryEncoder(model, engine="openvino", precision="float32")
    try:
        with pytest.raises(EncodingError, match="died over this one twice"):
            encoder.encode(b"deadly")
        assert encoder.encode(picture_bytes(1)).width == 96
    finally:
        encoder.close()


def test_a_model_that_is_not_there_is_an_error_each_time(tmp_path):
    encoder = QueryEncoder(tmp_path / "none.safetensors", engine="openvino", precision="float32")
    try:
        for _ in range(2):
            with pytest.raises(CheckpointError, match=r"none\.safetensors"):
                encoder.encode(picture_bytes(1))
    finally:
        encoder.close()


def test_an_encoder_that_was_closed_says_so_and_may_be_closed_again(encoder):
    encoder.start()
    encoder.close()
    encoder.close()
    with pytest.raises(EncodingError, match="closed"):
        encoder.encode(picture_bytes(1))


def test_a_library_of_another_machines_precision_can_be_asked_all_the_same(model):
    """bfloat16 where the processor has it, else float32: a few bits may differ, which beats no answer."""
    encoder = QueryEncoder(model, engine="openvino", precision="bfloat16")
    try:
        assert encoder.encode(picture_bytes(1)).code.shape == (8,)
    finally:
        encoder.close()


def test_children_find_this_package_first(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/somewhere", "/else"]))
    places = environment()["PYTHONPATH"].split(os.pathsep)
    assert places[1:] == ["/somewhere", "/else"]
    assert (Path(places[0]) / "hashviewer").is_dir()
