"""The sample pictures: as planned, the same for the same seed, complete or absent."""

import csv
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageOps

from hashviewer.errors import LibraryError
from hashviewer.progress import Cancelled
from hashviewer.sample import COUNT, GROUPS, KINDS, plan, render_sample, sample_folder
from hashviewer.sample.shots import write_scene

SMALL = 30  # pictures: one scene of each kind and a copy of it


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "pictures"
    render_sample(folder, count=SMALL)
    return folder


def test_the_sample_has_kinds_scenes_and_near_duplicates_enough():
    shots = [shot for scene in plan(0) for shot in scene]
    assert len(shots) == COUNT >= 600
    assert len(KINDS) == len({shot.kind for shot in shots}) >= 12
    assert len({shot.path for shot in shots}) == len(shots)
    copies = [shot for shot in shots if shot.copy]
    assert len(copies) >= len(shots) / 10
    assert {shot.copy for shot in copies} == {"crop", "exposure", "mirror", "jpeg"}
    sizes = Counter(shot.group for shot in shots if shot.group)
    assert min(sizes.values()) >= 2
    assert len({shot.taken.year for shot in shots}) >= 4
    assert {shot.orientation for shot in shots} == {1, 3, 6, 8}


def test_another_seed_plans_other_dates():
    assert plan(0) == plan(0)
    assert [scene[0].taken for scene in plan(0)] != [scene[0].taken for scene in plan(1)]


def test_the_files_are_those_of_the_plan(rendered):
    planned = {shot.path for scene in plan(0, SMALL) for shot in scene}
    assert set(files(rendered)) == planned | {GROUPS}
    with (rendered / GROUPS).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    grouped = [[shot.path, shot.group] for scene in plan(0, SMALL) for shot in scene if shot.group]
    assert rows == [["path", "group"], *grouped]


def test_pictures_carry_date_orientation_and_the_planned_shape(rendered):
    for scene in plan(0, SMALL):
        for shot in scene:
            with Image.open(rendered / shot.path) as image:
                assert image.getexif().get(274) == shot.orientation
                taken = image.getexif().get_ifd(34665)[36867]
                upright = ImageOps.exif_transpose(image)
            assert taken == shot.taken.strftime("%Y:%m:%d %H:%M:%S")
            if shot.copy != "crop":
                assert upright.size == (shot.width, shot.height)
            assert np.asarray(upright.convert("L")).std() > 8  # there is something to see


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(rendered, tmp_path):
    render_sample(tmp_path / "again", count=SMALL, processes=3)
    assert files(tmp_path / "again") == files(rendered)
    scene = plan(1, SMALL)[0]
    write_scene(tmp_path / "other", 1, scene)
    assert (tmp_path / "other" / scene[0].path).read_bytes() != (rendered / scene[0].path).read_bytes()


def test_what_is_there_is_not_rendered_again(rendered):
    def refuse(done, total=None, message=""):
        raise AssertionError("nothing was to be done")

    times = {path: path.stat().st_mtime_ns for path in rendered.rglob("*")}
    render_sample(rendered, count=SMALL, progress=refuse)
    assert {path: path.stat().st_mtime_ns for path in rendered.rglob("*")} == times


def test_a_cancelled_run_leaves_nothing(tmp_path):
    folder = tmp_path / "pictures"
    seen = []

    def stop(done, total=None, message=""):
        seen.append((done, total))
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        render_sample(folder, count=SMALL, progress=stop)
    assert list(tmp_path.iterdir()) == []
    assert seen[0] == (0, SMALL)


def test_a_killed_run_leaves_no_half_folder_and_is_redone(tmp_path):
    folder = tmp_path / "pictures"
    code = "import sys; from pathlib import Path; from hashviewer.sample import render_sample as r\n"
    code += "r(Path(sys.argv[1]), count=300, progress=lambda d, t=None, m='': print(d, flush=True))"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with child:
        while int(child.stdout.readline()) < 2:
            pass
        child.kill()
    assert not folder.exists()
    render_sample(folder, count=SMALL)
    assert len(files(folder)) == SMALL + 1


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LibraryError, match="holds something else"):
        render_sample(tmp_path, count=SMALL)
    assert files(tmp_path) == {"mine.txt": b"mine"}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be written"):
        render_sample(tmp_path / "file" / "pictures", count=SMALL)


def test_the_folder_has_the_recipe_in_its_name():
    assert any(part.startswith("sample-") for part in sample_folder().parts)
