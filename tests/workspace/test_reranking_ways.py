"""What the first photos can be re-ordered by, from the library and the command line."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_library import KEY, make_library, values
from typer.testing import CliRunner

from hashviewer import search
from hashviewer.cli.app import app
from hashviewer.errors import SearchError
from hashviewer.export.provenance import of_matches
from hashviewer.library import Library, LibraryWriter
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace, why_no_reranking

OTHER, FIRST, ROW = "other", 12, 5


@pytest.fixture
def made(tmp_path):
    """A library whose photos have codes in a second set, too, but for the last one."""
    made = make_library(tmp_path)
    with Library.open(made.path) as library, LibraryWriter(library) as writer:
        features, outputs = values(len(library), seed=7)
        there = library.codes(KEY)[1].copy()
        there[-1] = False
        info = replace(library.code_sets[0], key=OTHER, model_sha256="cd" * 32, model_path="")
        writer.add_codes(info, 0, np.packbits(outputs >= 0, axis=1), outputs, features, there)
    return made


@pytest.fixture
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def asked(workspace, by, first=FIRST, k=20):
    how = SearchHow(rerank_by=by)
    return workspace.search(workspace.query_row(ROW, codes=KEY), k=k, rerank=first, how=how)


def measured(workspace, by, rows):
    """The number by which each row stands, smallest first, as plain loops."""
    library = workspace.library
    if by == OTHER:
        codes = np.unpackbits(library.codes(OTHER)[0], axis=1)
        return [int((codes[row] != codes[ROW]).sum()) for row in rows]
    kept = library.outputs if by == "outputs" else library.features
    own = kept(KEY, np.array([ROW]))[0].astype(np.float64)
    found = kept(KEY, np.array(rows)).astype(np.float64)
    if by == "euclidean":
        return [float(np.sqrt(sum((a - b) ** 2 for a, b in zip(own, one, strict=True)))) for one in found]
    return [-float(own @ one / np.linalg.norm(own) / np.linalg.norm(one)) for one in found]


@pytest.mark.parametrize("by", ["cosine", "euclidean", "outputs", OTHER])
def test_the_first_rows_stand_by_what_was_asked_and_the_rest_by_the_code(workspace, by):
    plain = workspace.search(workspace.query_row(ROW, codes=KEY), k=20)
    found = asked(workspace, by)
    assert sorted(found.rows[:FIRST].tolist()) == sorted(plain.rows[:FIRST].tolist())
    assert found.rows[FIRST:].tolist() == plain.rows[FIRST:].tolist()
    numbers = measured(workspace, by, found.rows[:FIRST].tolist())
    assert np.all(np.diff(numbers) >= -1e-4)
    assert found.rows.tolist() != plain.rows.tolist()
    order = of_matches(workspace, workspace.query_row(ROW, codes=KEY), found, k=20, radius=None).search.order
    word = {"cosine": "cosine", "euclidean": "Euclidean", "outputs": "outputs", OTHER: OTHER}[by]
    assert f"the first {FIRST} re-ordered" in order
    assert word in order


def test_mutual_neighbours_are_those_of_the_search(workspace):
    query = workspace.query_row(ROW, codes=KEY)
    plain = workspace.search(query, k=20)
    features = workspace.library.features
    wanted = search.rerank_mutual(plain, query.feature, lambda rows: features(KEY, rows), first=FIRST)
    assert asked(workspace, "mutual").rows.tolist() == wanted.rows.tolist()


def test_the_command_line_says_by_what(workspace, made):
    def run(*more, code=0):
        done = CliRunner().invoke(app, ["query", str(made.path), str(ROW), "--codes", KEY, "-k", "20", *more])
        assert done.exit_code == code, done.output
        return done

    for by in ("mutual", OTHER):
        told = json.loads(run("--rerank", str(FIRST), "--rerank-by", by, "--json").stdout)
        assert [hit["row"] for hit in told["results"]] == asked(workspace, by).rows.tolist()
        assert told["reranked"] == FIRST
    assert "goes with --rerank" in run("--rerank-by", "mutual", code=1).stderr
    unknown = run("--rerank", "5", "--rerank-by", "colour", code=1).stderr
    assert "cosine, euclidean, outputs, mutual" in unknown
    assert OTHER in unknown


def test_a_photo_without_a_code_in_the_other_set_is_an_error_that_says_what_to_do(workspace):
    with pytest.raises(SearchError, match=r"have no code in “other” yet.*index"):
        asked(workspace, OTHER, first=1000, k=None)


def test_a_picture_that_is_in_no_file_cannot_be_asked_of_another_set(workspace):
    query = replace(workspace.query_row(ROW, codes=KEY), row=None, path=None)
    assert "in a file" in why_no_reranking(workspace, query, OTHER)
    assert why_no_reranking(workspace, query, "mutual") == ""
    assert "keeps no features" in why_no_reranking(workspace, replace(query, feature=None), "mutual")
    assert "no outputs" in why_no_reranking(workspace, replace(query, outputs=None), "outputs")
