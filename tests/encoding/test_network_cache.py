import os
import subprocess
import sys
import time

import pytest

from hashviewer import networks
from hashviewer.encoding import openvino_export, openvino_runtime
from hashviewer.encoding.child import environment
from hashviewer.errors import EncodingError


def folder(path, *, age=0.0):
    path.mkdir(parents=True)
    (path / "network.bin").write_bytes(b"x")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_a_new_export_replaces_those_of_other_versions_and_clears_what_kills_have_left(tmp_path):
    kept = folder(tmp_path / "aaaa-openvino-2-2")
    older = folder(tmp_path / "aaaa-openvino-1-2")
    other = folder(tmp_path / "bbbb-openvino-1-2")
    under_way = folder(tmp_path / "export-1.part")
    abandoned = folder(tmp_path / "export-2.part", age=2 * 24 * 3600)
    openvino_runtime.forget_others(kept, made_from="aaaa")
    assert {entry.name for entry in tmp_path.iterdir()} == {kept.name, other.name, under_way.name}
    assert not older.exists()
    assert not abandoned.exists()


def test_of_two_exports_at_the_same_time_the_first_stays(tmp_path):
    first, second = folder(tmp_path / "a.part"), folder(tmp_path / "b.part")
    (first / "network.bin").write_bytes(b"first")
    openvino_runtime.put_folder(tmp_path / "done", first)
    openvino_runtime.put_folder(tmp_path / "done", second)
    assert (tmp_path / "done" / "network.bin").read_bytes() == b"first"
    assert not second.exists()


def test_a_cache_file_is_there_whole_or_not_at_all_and_no_room_for_it_is_no_error(tmp_path, monkeypatch):
    openvino_runtime.put_file(tmp_path / "sub" / "a", b"abc")
    assert (tmp_path / "sub" / "a").read_bytes() == b"abc"

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    openvino_runtime.put_file(tmp_path / "sub" / "b", b"abc")
    assert [entry.name for entry in (tmp_path / "sub").iterdir()] == ["a"]


def test_an_export_is_made_anew_when_the_code_of_the_networks_changes(tmp_path, monkeypatch):
    (tmp_path / "heads.py").write_text("scale = 1")
    monkeypatch.setattr(networks, "__file__", str(tmp_path / "__init__.py"))
    before = openvino_export.code_digest()
    assert openvino_export.code_digest() == before
    (tmp_path / "heads.py").write_text("scale = 2")
    assert openvino_export.code_digest() != before


def test_an_export_that_fails_is_an_error_with_its_reason_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(openvino_runtime, "networks_folder", lambda: tmp_path / "networks")
    with pytest.raises(EncodingError, match=r"could not be prepared for OpenVINO: .*none\.safetensors"):
        openvino_export.exported_network(tmp_path / "none.safetensors", "0" * 64)
    assert list((tmp_path / "networks").iterdir()) == []


def test_an_export_ends_when_the_one_who_wanted_it_is_gone(tmp_path, model):
    words = [sys.executable, "-m", "hashviewer.encoding.openvino_export", str(model), str(tmp_path)]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert list(tmp_path.iterdir()) == []
