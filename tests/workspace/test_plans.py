"""What a library remembers of how it is best searched, also where it cannot be written."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from made_library import BITS, KEY, make_library
from made_plans import made_plan

from hashviewer.errors import LibraryError
from hashviewer.library import pack
from hashviewer.planner import to_json
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace

HERE = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])


def tables_of(tables):
    """A plan that chooses so many tables."""
    return made_plan(SearchHow("multi", tables=tables), bits=BITS)


@pytest.fixture
def made(tmp_path):
    return make_library(tmp_path)


def test_a_plan_is_remembered_for_its_code_set_and_the_latest_counts(made):
    with Workspace.open(made.path) as workspace:
        assert workspace.plan_of(KEY) is None
        assert workspace.remember_plan(KEY, tables_of(3))
        assert workspace.remember_plan(KEY, tables_of(4))
    with Workspace.open(made.path) as workspace:
        assert workspace.plan_of(KEY) == tables_of(4)
        assert workspace.plan_of("other") is None


def test_searching_as_planned_finds_what_the_plan_looks_into(made):
    with Workspace.open(made.path) as workspace:
        workspace.remember_plan(KEY, tables_of(3))
        query = workspace.query_row(5, codes=KEY)
        found = workspace.search(query, k=9, how=workspace.plan_of(KEY).how)
        assert found.how == SearchHow("multi", tables=3)
        assert found.rows.tolist() == workspace.search(query, k=9).rows.tolist()


READ_ONLY = """
import os, sys
from pathlib import Path
import h5py
from made_library import KEY
from hashviewer.planner import from_json, to_json
from hashviewer.workspace import Workspace
if os.geteuid() == 0:
    os.setuid(65534)
with Workspace.open(Path(sys.argv[1])) as workspace:
    print(workspace.plan_of(KEY).how.tables)
    plan = from_json(sys.argv[2])
    print(workspace.remember_plan(KEY, plan), workspace.plan_of(KEY) == plan)
with Workspace.open(Path(sys.argv[1])) as workspace:
    print(workspace.plan_of(KEY).how.tables)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders have no such permissions")
def test_a_folder_that_cannot_be_written_remembers_a_plan_while_it_is_open_and_loses_nothing():
    with tempfile.TemporaryDirectory() as folder:  # that a process without rights can reach
        Path(folder).chmod(0o755)
        made = make_library(Path(folder))
        with Workspace.open(made.path) as workspace:
            workspace.remember_plan(KEY, tables_of(3))
        everything = [made.path, *made.path.rglob("*")]
        for entry in everything:
            entry.chmod(0o555 if entry.is_dir() else 0o444)
        try:
            done = subprocess.run(
                [sys.executable, "-c", READ_ONLY, str(made.path), to_json(tables_of(4))],
                capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": HERE}, cwd=folder,
            )  # fmt: skip
        finally:
            for entry in everything:
                entry.chmod(0o755 if entry.is_dir() else 0o644)
        assert done.stdout.splitlines() == ["3", "False True", "3"], done.stderr
        with Workspace.open(made.path) as workspace:
            assert workspace.plan_of(KEY) == tables_of(3)


def test_a_packed_library_shows_the_plan_that_was_packed_with_it_and_takes_another_while_it_is_open(
    made, tmp_path
):
    with Workspace.open(made.path) as workspace:
        workspace.remember_plan(KEY, tables_of(3))
        pack(workspace.library, tmp_path / "packed.h5")
    with Workspace.open(tmp_path / "packed.h5") as packed:
        assert packed.plan_of(KEY) == tables_of(3)
        assert not packed.remember_plan(KEY, tables_of(4))
        assert packed.plan_of(KEY) == tables_of(4)


def test_a_disk_that_fails_is_told_in_words_and_the_plan_is_there_while_the_library_is_open(
    made, monkeypatch
):
    def fail(_name, _value):
        raise LibraryError("The database cannot be changed (disk is full).")

    with Workspace.open(made.path) as workspace:
        workspace.remember_plan(KEY, tables_of(3))
        with monkeypatch.context() as patch:
            patch.setattr(workspace.library, "set_setting", fail)
            with pytest.raises(LibraryError, match="disk is full"):
                workspace.remember_plan(KEY, tables_of(4))
        assert workspace.plan_of(KEY) == tables_of(4)
    with Workspace.open(made.path) as workspace:
        assert workspace.plan_of(KEY) == tables_of(3)


@pytest.mark.parametrize("text", ["{", '{"version": 99}', "[]"])
def test_what_is_no_plan_of_this_version_counts_as_none(made, text):
    with Workspace.open(made.path) as workspace:
        workspace.library.set_setting(f"search plan of {KEY}", text)
    with Workspace.open(made.path) as workspace:
        assert workspace.plan_of(KEY) is None
