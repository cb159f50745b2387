"""From a folder of pictures to exported results by the command line alone, with the default model."""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from hashviewer import codes as packed
from hashviewer.cli.app import app

KINDS = ("disc", "stripes", "checks", "hills")
OF_EACH = 10
PHOTOS = len(KINDS) * OF_EACH


def draw(kind: str, rng: np.random.Generator) -> Image.Image:
    """A small picture of one kind, with colours and places of its own."""
    base, other = (tuple(int(c) for c in rng.integers(low, low + 100, 3)) for low in (20, 150))
    image = Image.new("RGB", (160, 120), base)
    brush = ImageDraw.Draw(image)
    shift = int(rng.integers(0, 20))
    if kind == "disc":
        brush.ellipse((30 + shift, 15, 110 + shift, 95), fill=other)
    elif kind == "stripes":
        for x in range(shift, 160, 20):
            brush.rectangle((x, 0, x + 8, 120), fill=other)
    elif kind == "checks":
        for x in range(0, 160, 24):
            for y in range((x // 24 % 2) * 24 + shift - 24, 120, 48):
                brush.rectangle((x, y, x + 23, y + 23), fill=other)
    else:
        brush.polygon([(0, 120), (40 + shift, 40), (90, 90), (130 + shift, 30), (160, 120)], fill=other)
    return image


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def document(*arguments):
    return json.loads(run(*arguments, "--json").stdout)


def command(*arguments):
    """A real process; gives what it has written."""
    words = [sys.executable, "-m", "hashviewer", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(20)
    for kind in KINDS:
        (root / kind).mkdir()
        for number in range(OF_EACH):
            draw(kind, rng).save(root / kind / f"{kind}-{number:02d}.jpg", quality=90)
    (root / "broken.jpg").write_bytes(b"no picture at all")
    return root


@pytest.fixture(scope="module")
def library(photos, tmp_path_factory):
    place = tmp_path_factory.mktemp("library") / "drawn"
    report = document("index", photos, "-o", place)
    assert (report["added"], report["problems"], report["cancelled"]) == (PHOTOS, 1, False)
    return place


def kind_of(path: str) -> str:
    return Path(path).parent.name


def test_indexing_again_finds_nothing_to_do(photos, library):
    report = document("index", photos, "-o", library)
    assert (report["added"], report["changed"], report["unchanged"]) == (0, 0, PHOTOS)


def test_info_tells_what_was_indexed(photos, library):
    found = document("info", library, "--problems")
    assert (found["photos"], found["problems"], found["missing"]) == (PHOTOS, 1, 0)
    (codes,) = found["code_sets"]
    assert (codes["model"], codes["bits"], codes["encoded"]) == ("photos-64", 64, PHOTOS)
    assert found["problem_list"][0]["path"] == "broken.jpg"
    assert found["root"] == str(photos)
    card = document("info", "photos-64")
    assert (card["sha256"], card["bits"]) == (codes["model_sha256"], 64)


def test_a_picture_of_the_library_asked_as_a_file_finds_itself_with_the_same_code(photos, library):
    wanted = photos / "checks" / "checks-04.jpg"
    answer = document("query", library, wanted, "-k", 10)
    (own,) = [result for result in answer["results"] if result["path"] == str(wanted)]
    assert (own["distance"], own["differing_bits"]) == (0, [])
    by_row = document("query", library, own["row"], "-k", 10)
    assert by_row["results"] == answer["results"]
    assert by_row["histogram"] == answer["histogram"]
    assert sum(answer["histogram"]) == PHOTOS


def test_most_neighbours_are_of_the_same_kind(photos, library):
    answer = document("query", library, photos / "stripes" / "stripes-00.jpg", "-k", 6, "--rerank", PHOTOS)
    same = [result for result in answer["results"] if kind_of(result["path"]) == "stripes"]
    assert len(same) >= 4


def test_a_new_picture_finds_its_kind(library, tmp_path):
    picture = tmp_path / "new one.png"
    draw("checks", np.random.default_rng(99)).save(picture)
    answer = document("query", library, picture, "-k", 5, "--rerank", PHOTOS)
    assert kind_of(answer["results"][0]["path"]) == "checks"


def test_buckets_and_bits_count_every_photo(library):
    buckets = document("buckets", library, 0, "--radius", 64)
    assert sum(ring["photos"] for ring in buckets["rings"]) == PHOTOS
    bits = document("bits", library)
    assert (bits["count"], bits["bits"], len(bits["balance"])) == (PHOTOS, 64, 64)


def test_every_format_is_exported_with_the_models_checksum(photos, library, tmp_path):
    sha = document("info", "photos-64")["sha256"]
    picture = photos / "disc" / "disc-03.jpg"
    for format in ("csv", "json", "folder", "zip", "html"):
        place = tmp_path / f"near.{format}"
        run("export", library, "--query", picture, "-k", 8, "--format", format, "-o", place)
    with (tmp_path / "near.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = [int(line["row"]) for line in csv.DictReader(file)]
    assert rows == [r["row"] for r in json.loads((tmp_path / "near.json").read_text())["results"]]
    copies = sorted((tmp_path / "near.folder").glob("*.jpg"))
    assert len(copies) == 8
    assert picture.read_bytes() in [copy.read_bytes() for copy in copies]
    with zipfile.ZipFile(tmp_path / "near.zip") as archive:
        assert sha in archive.read("provenance.json").decode()
    for place in (
        "near.csv",
        "near.provenance.json",
        "near.json",
        "near.html",
        "near.folder/provenance.json",
    ):
        assert sha in (tmp_path / place).read_text("utf-8")


def test_all_codes_are_exported_as_arrays(library, tmp_path):
    run("export", library, "--all", "--format", "npz", "-o", tmp_path / "all.npz")
    with np.load(tmp_path / "all.npz", allow_pickle=False) as arrays:
        assert np.array_equal(packed.from_outputs(arrays["outputs"]), arrays["codes"])
        assert arrays["codes"].shape == (PHOTOS, 8)
        assert arrays["features"].shape == (PHOTOS, 1280)
        names = arrays["label_names"].tolist()
        labels = [names[label] for label in arrays["labels"]]
        assert labels == [Path(path).parent.name for path in arrays["paths"].tolist()]


def test_the_packed_file_answers_as_the_library_in_processes_of_their_own(photos, library, tmp_path):
    store = tmp_path / "drawn.h5"
    assert command("pack", library, "-o", store).returncode == 0
    asked = command("query", store, photos / "hills" / "hills-07.jpg", "-k", "5", "--json")
    assert (asked.returncode, asked.stderr) == (0, "")
    expected = document("query", library, photos / "hills" / "hills-07.jpg", "-k", 5)
    answer = json.loads(asked.stdout)
    assert answer["results"] == expected["results"]
    assert answer["histogram"] == expected["histogram"]


def test_a_picture_that_cannot_be_read_is_refused_in_words(photos, library):
    result = run("query", library, photos / "broken.jpg", code=1)
    assert "broken.jpg" in result.stderr
    assert "Traceback" not in result.output


def test_the_window_is_drawn_into_a_file(library, tmp_path):
    done = command("screenshot", library, "--query", "3", "-o", tmp_path / "window.png", "--size", "900x700")
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open(tmp_path / "window.png") as picture:
        assert picture.size == (900, 700)
        assert len(picture.convert("RGB").getcolors(900 * 700)) > 100
