"""The commands on a made library: JSON shapes, words, exit codes."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from made_library import BITS, KEY, SHA, make_library
from typer.testing import CliRunner

from hashviewer import codes as packed
from hashviewer.cli.app import app
from hashviewer.library import Library
from hashviewer.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="module")
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def document(*arguments):
    """The one JSON document that a command prints, with nothing around it."""
    result = run(*arguments, "--json")
    assert result.stderr == ""
    assert result.stdout.isascii()
    return json.loads(result.stdout)


def test_query_answers_in_the_documented_shape(made, workspace):
    answer = document("query", made.path, 5, "-k", 7)
    matches = workspace.search(workspace.query_row(5, codes=KEY), k=7)
    assert answer["bits"] == BITS
    assert answer["model"] == "tiny"
    assert answer["seconds"] > 0
    assert answer["histogram"] == matches.histogram.tolist()
    assert len(answer["histogram"]) == BITS + 1
    assert [result["row"] for result in answer["results"]] == matches.rows.tolist()
    own = workspace.code_of(5, KEY)
    for result in answer["results"]:
        assert {"row", "path", "distance", "differing_bits", "label"} <= set(result)
        assert result["path"] == str(workspace.library.full_path(result["row"]))
        assert result["label"] == workspace.library.photo(result["row"]).label
        differing = packed.unpack(own ^ workspace.code_of(result["row"], KEY), BITS)
        assert result["differing_bits"] == np.flatnonzero(differing).tolist()
        assert result["distance"] == len(result["differing_bits"])
    assert answer["results"][0] == {
        "row": 5,
        "path": str(made.root / "wood" / "photo-05.jpg"),
        "distance": 0,
        "differing_bits": [],
        "label": "=forest",
    }


def test_query_gives_fifty_unless_told_otherwise_and_all_within_a_radius(made, workspace):
    everything = workspace.search(workspace.query_row(5, codes=KEY), k=None)
    assert len(document("query", made.path, 5)["results"]) == min(50, everything.total)
    within = document("query", made.path, 5, "--radius", 14)["results"]
    assert len(within) == everything.within(14)
    assert len(document("query", made.path, 5, "--radius", 14, "-k", 2)["results"]) == 2


def test_query_reranks_by_features(made, workspace):
    found = document("query", made.path, 5, "-k", 6, "--rerank", 30)
    expected = workspace.search(workspace.query_row(5, codes=KEY), k=6, rerank=30)
    assert [result["row"] for result in found["results"]] == expected.rows.tolist()
    assert found["reranked"] == 30


def test_query_in_words_lists_rank_distance_and_path(made):
    lines = run("query", made.path, 5, "-k", 3).stdout.splitlines()
    assert lines[0].split() == ["rank", "distance", "row", "label", "path"]
    assert lines[1].split() == ["1", "0", "5", "=forest", str(made.root / "wood" / "photo-05.jpg")]
    assert "3 of 47 photos" in lines[-1]


def test_digits_are_a_row_unless_a_file_has_that_name(made, tmp_path, monkeypatch):
    seen = []

    def query_image(self, source, *, codes, title=""):
        seen.append(str(source))
        return self.query_row(9, codes=codes)

    monkeypatch.setattr(Workspace, "query_image", query_image)
    monkeypatch.chdir(tmp_path)
    assert document("query", made.path, "5")["results"][0]["row"] == 5
    (tmp_path / "5").write_bytes(b"a picture")
    assert document("query", made.path, "5")["results"][0]["row"] == 9
    assert seen == ["5"]


def test_paths_with_any_bytes_come_back_through_json_and_break_no_terminal(made, workspace):
    answer = document("query", made.path, 5)
    paths = [result["path"].encode(errors="surrogateescape") for result in answer["results"]]
    assert str(made.root).encode() + b"/bytes-\xff\xfe.jpg" in paths
    assert "bytes-\\udcff\\udcfe.jpg" in run("query", made.path, 5).stdout


def test_buckets_answer_in_the_documented_shape(made, workspace):
    answer = document("buckets", made.path, 5, "--radius", 14)
    matches = workspace.search(workspace.query_row(5, codes=KEY), k=None, radius=14)
    assert (answer["bits"], answer["radius"], answer["model"]) == (BITS, 14, "tiny")
    assert [ring["radius"] for ring in answer["rings"]] == list(range(15))
    assert [ring["photos"] for ring in answer["rings"]] == matches.histogram[:15].tolist()
    assert sum(ring["buckets"] for ring in answer["rings"]) == len(answer["buckets"])
    for bucket in answer["buckets"]:
        assert bucket["photos"] == len(bucket["rows"])
        for row in bucket["rows"]:
            assert bucket["code"] == packed.to_hex(workspace.code_of(row, KEY))
            assert bucket["distance"] == matches.all_distances[row]


def test_buckets_in_words_count_rings_and_list_buckets(made):
    text = run("buckets", made.path, 5).stdout
    assert text.splitlines()[0].split() == ["radius", "buckets", "photos", "codes", "within"]
    assert text.splitlines()[1].split() == ["0", "1", "1", "1"]


def test_bits_answer_in_the_documented_shape(made, workspace):
    answer = document("bits", made.path)
    found = workspace.bit_statistics(KEY)
    assert (answer["bits"], answer["count"], answer["dead"]) == (BITS, 47, [])
    assert answer["balance"] == pytest.approx(found.balance)
    assert answer["entropy"] == pytest.approx(found.entropy)
    pairs = [abs(float(found.correlation[i, j])) for i in range(BITS) for j in range(BITS) if i != j]
    assert answer["correlation"]["mean_abs"] == pytest.approx(sum(pairs) / len(pairs), rel=1e-4)
    assert answer["correlation"]["max_abs"] == pytest.approx(max(pairs))
    assert len(run("bits", made.path).stdout.splitlines()) == BITS + 3


def test_info_counts_photos_problems_missing_and_codes(made):
    answer = document("info", made.path)
    assert (answer["photos"], answer["problems"], answer["missing"]) == (48, 1, 1)
    (codes,) = answer["code_sets"]
    assert {name: codes[name] for name in ("model", "method", "bits", "encoded")} == {
        "model": "tiny",
        "method": "random projection",
        "bits": BITS,
        "encoded": 47,
    }
    assert codes["model_sha256"] == SHA
    assert "problem_list" not in answer


def test_info_lists_problems_with_their_reasons(made):
    answer = document("info", made.path, "--problems")
    assert [(each["path"], each["reason"]) for each in answer["problem_list"]] == [
        ("broken.jpg", "The file is cut short.")
    ]
    assert "The file is cut short." in run("info", made.path, "--problems").stdout


def test_info_says_so_where_there_are_no_problems(tmp_path):
    Library.create(tmp_path / "library", root=tmp_path).close()
    assert "No problems." in run("info", tmp_path / "library", "--problems").stdout.splitlines()


def test_info_shows_the_card_of_a_model_by_name_and_by_file():
    from hashviewer.networks import find_model

    file = find_model("photos-64")
    by_name, by_file = document("info", "photos-64"), document("info", file)
    assert by_name == by_file
    assert by_name["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (by_name["bits"], by_name["feature_dim"], by_name["preprocessing"]["size"]) == (64, 1280, 224)
    assert "photos-64" in run("info", "photos-64").stdout
    assert "neither a library nor a model “photos-63”" in run("info", "photos-63", code=1).stderr


def test_pack_makes_a_file_that_answers_as_the_folder_does(made, tmp_path):
    report = document("pack", made.path, "-o", tmp_path / "made.h5")
    assert report["bytes"] == (tmp_path / "made.h5").stat().st_size
    folder, file = (document("query", place, 5, "-k", 20) for place in (made.path, tmp_path / "made.h5"))
    assert [each["row"] for each in file["results"]] == [each["row"] for each in folder["results"]]
    assert file["histogram"] == folder["histogram"]
    assert document("info", tmp_path / "made.h5")["packed"] is True


def test_pack_replaces_nothing_unasked_and_only_libraries_when_asked(made, tmp_path):
    place = tmp_path / "made.h5"
    run("pack", made.path, "-o", place)
    assert "exists already" in run("pack", made.path, "-o", place, code=1).stderr
    run("pack", made.path, "-o", place, "--force")
    place.write_text("a letter")
    assert "not a packed library" in run("pack", made.path, "-o", place, "--force", code=1).stderr
    assert place.read_text() == "a letter"
    assert ".h5" in run("pack", made.path, "-o", tmp_path / "made.zip", code=1).stderr


def test_pack_leaves_the_library_itself_alone(made):
    inside = made.path / "photos" / "0000000500-0000000600.h5"
    assert "within the library itself" in run("pack", made.path, "-o", inside, code=1).stderr
    assert not inside.exists()


@pytest.mark.parametrize("format", ["csv", "json", "folder", "zip", "html"])
def test_export_writes_every_format(made, tmp_path, format):
    place = tmp_path / f"near.{format}"
    report = document("export", made.path, "--query", 5, "-k", 4, "--format", format, "-o", place)
    assert (report["output"], report["photos"]) == (str(place), 4)
    assert place.exists()
    again = run("export", made.path, "--query", 5, "-k", 4, "--format", format, "-o", place, code=1)
    assert "exists already" in again.stderr


def test_export_takes_the_format_from_the_suffix_and_notes_k_and_radius(made, tmp_path):
    run("export", made.path, "--query", 5, "--radius", 14, "-o", tmp_path / "near.json")
    origin = json.loads((tmp_path / "near.json").read_text())["provenance"]
    assert (origin["k"], origin["radius"]) == (None, 14)


def test_export_of_all_codes_needs_npz(made, tmp_path):
    report = document("export", made.path, "--all", "--format", "npz", "-o", tmp_path / "all.npz")
    assert report["photos"] == 47
    with np.load(tmp_path / "all.npz", allow_pickle=False) as arrays:
        assert len(arrays["codes"]) == 47
    assert "npz" in run("export", made.path, "--all", "--format", "csv", "-o", tmp_path / "a", code=1).stderr
    both = run("export", made.path, "--all", "--query", 5, "-o", tmp_path / "all2.npz", code=1)
    assert "--query IMAGE|ROW" in both.stderr
    assert "--all" in run("export", made.path, "--query", 5, "-o", tmp_path / "b.npz", code=1).stderr


def test_export_of_the_neighbours_of_every_photo(made, tmp_path):
    report = document("export", made.path, "--neighbours", 3, "-o", tmp_path / "near.npz")
    assert report["photos"] == 47
    with np.load(tmp_path / "near.npz", allow_pickle=False) as arrays:
        assert arrays["neighbours"].shape == (47, 3)
    again = ("export", made.path, "--neighbours", 3, "-o", tmp_path / "near.npz")
    assert "exists already" in run(*again, code=1).stderr
    run(*again, "--force")
    gone = run("export", made.path, "--neighbours", 3, "--device", "cuda:9", "-o", tmp_path / "b.npz", code=1)
    assert "on “cpu” they always can" in gone.stderr
    assert "npz" in run("export", made.path, "--neighbours", 3, "-o", tmp_path / "b.csv", code=1).stderr
    assert "--neighbours K" in run("export", made.path, "-o", tmp_path / "b.npz", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("query", "{library}", "9999"), "There is no photo 9999"),
        (("query", "{library}", "lost.jpg"), "There is no picture lost.jpg"),
        (("query", "{library}", "5", "--codes", "photos-512"), "no code set “photos-512”; it has tiny-36"),
        (("query", "{library}", "5", "--radius", "500"), "The radius is 500"),
        (("query", "{root}", "5"), "is a folder but not a HashViewer library"),
        (("bits", "/nowhere/at/all"), "There is nothing at /nowhere/at/all"),
        (("info", "{root}/Grüße.jpg"), "Grüße.jpg"),
        (("export", "{library}", "--query", "5", "-o", "/nowhere/at/all/x.csv"), "does not exist"),
    ],
)
def test_failures_are_one_sentence_on_stderr_and_exit_code_1(made, arguments, sentence):
    filled = [each.format(library=made.path, root=made.root) for each in arguments]
    result = run(*filled, code=1)
    assert sentence in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert run(*filled, "--json", code=1).stdout == ""


def test_a_library_without_codes_says_how_to_get_some(tmp_path):
    from hashviewer.library import Library

    Library.create(tmp_path / "empty", root=tmp_path).close()
    assert "no codes yet" in run("query", tmp_path / "empty", 0, code=1).stderr
    assert document("info", tmp_path / "empty")["code_sets"] == []
    assert "No codes yet." in run("info", tmp_path / "empty").stdout


def test_what_nobody_foresaw_is_a_sentence_and_goes_to_the_log(made, monkeypatch, tmp_path):
    def broken(self, *arguments, **options):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(Workspace, "search", broken)
    result = run("query", made.path, 5, code=1)
    assert "Something went wrong: division by zero" in result.stderr
    assert "Traceback" not in result.output
    (log,) = tmp_path.rglob("hashviewer.log")
    assert str(log) in result.stderr
    assert "ZeroDivisionError" in log.read_text()


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes the streams")
def test_closed_streams_are_no_mistake(made):
    words = ["-c", "from hashviewer.cli.app import main; main()", "query", str(made.path), "5", "--json"]
    shell = ["sh", "-c", 'exec "$0" "$@" >&- 2>&-', sys.executable, *words]
    assert subprocess.run(shell, check=False).returncode == 0


def test_a_query_of_rows_loads_no_torch_and_no_qt(made):
    script = (
        "import sys\n"
        "from hashviewer.cli.app import app\n"
        f"app(['query', {str(made.path)!r}, '5', '--json'], standalone_mode=False)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'PySide6', 'openvino', 'rich'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
