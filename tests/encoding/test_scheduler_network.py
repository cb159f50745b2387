"""The real network in processes of our own, started with `local:N`."""

import numpy as np
import pytest
from encoding_fakes import make_photos

from hashviewer.encoding import index
from hashviewer.library import Library

pytest.importorskip("distributed")


def test_two_processes_give_the_bits_of_one(tmp_path, model):
    make_photos(tmp_path / "photos", 24)
    (tmp_path / "photos" / "town" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    index(tmp_path / "photos", tmp_path / "one", model=model)
    report = index(tmp_path / "photos", tmp_path / "two", model=model, scheduler="local:2")
    assert (report.added, report.problems) == (24, 1)
    rows = np.arange(24)
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "two") as two:
        assert one.all_paths() == two.all_paths()
        assert one.code_sets == two.code_sets
        assert one.problems() == two.problems()
        assert one.codes("photos-64")[0].tobytes() == two.codes("photos-64")[0].tobytes()
        for read in (Library.outputs, Library.features):
            assert read(one, "photos-64", rows).tobytes() == read(two, "photos-64", rows).tobytes()
        assert [one.thumbnail(row) for row in rows] == [two.thumbnail(row) for row in rows]
