"""A library at an engine, opened as a library: same questions, same answers."""

import json
import shutil
from functools import partial

import numpy as np
import pytest
from coded_libraries import listed, same_matches
from made_library import KEY, info, make_library, new_photo, values
from typer.testing import CliRunner

from hashviewer import codes as packed
from hashviewer import planner
from hashviewer.cli.app import app
from hashviewer.engines.library import EngineLibrary
from hashviewer.engines.pushing import push
from hashviewer.errors import EngineError, HashViewerError, LibraryError, SearchError
from hashviewer.images import decode_thumbnail
from hashviewer.library import Library, LibraryWriter
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace, composed
from hashviewer.workspace.at_engine import answered_by, open_at_engine

ALL = 49


@pytest.fixture
def made(tmp_path):
    return make_library(tmp_path)


@pytest.fixture
def local(made):
    with Workspace.open(made.path) as workspace:
        yield workspace


@pytest.fixture
def pushed(local, connection, address):
    push(local.library, connection, name="Holidays")
    return address


@pytest.fixture(params=[False, True], ids=["asking", "window"])
def far(request, pushed):
    with open_at_engine(pushed, whole=request.param) as workspace:
        yield workspace


def outcome(ask):
    """What a question gives: the answer, or the kind of error."""
    try:
        return ask()
    except HashViewerError as error:
        return type(error)


def test_an_address_opens_as_a_library_does(pushed, local):
    with Workspace.open(pushed) as far:
        assert far.name == "Holidays"
        assert far.place == pushed
        assert far.code_sets == local.code_sets
        assert far.default_codes() == local.default_codes() == KEY
        assert np.array_equal(far.searchable(KEY), local.searchable(KEY))


@pytest.mark.parametrize("rerank", [0, 20])
def test_searches_give_the_same_row_by_row(far, local, rerank):
    mask = np.arange(ALL) % 3 > 0
    for row, k, radius, rows in (
        (0, 10, None, None),
        (7, None, 9, None),
        (41, 100, None, mask),
        (9, 3, 6, mask[:30]),
    ):
        mine = local.search(local.query_row(row, codes=KEY), k=k, radius=radius, rerank=rerank, rows=rows)
        theirs = far.search(far.query_row(row, codes=KEY), k=k, radius=radius, rerank=rerank, rows=rows)
        assert same_matches(mine, theirs)
        assert theirs.reranked == mine.reranked
        for other in (0, 3, 17, ALL - 2, ALL):
            assert theirs.rank_of(other) == mine.rank_of(other)
        assert np.array_equal(theirs.all_distances, mine.all_distances)


def test_every_photo_is_explained_the_same(far, local, made):
    mine, theirs = (
        (lambda query, workspace=workspace: (query, workspace.search(query, k=5)))(
            workspace.query_row(5, codes=KEY)
        )
        for workspace in (local, far)
    )
    for row in range(ALL):
        expected = outcome(lambda row=row: local.explain(mine[0], row, mine[1]))
        assert outcome(lambda row=row: far.explain(theirs[0], row, theirs[1])) == expected


def test_buckets_and_bits_are_the_same(far, local):
    query = local.query_row(5, codes=KEY)
    assert listed(far.buckets(query, radius=9)) == listed(local.buckets(query, radius=9))
    mine, theirs = local.bit_statistics(KEY), far.bit_statistics(KEY)
    assert np.array_equal(mine.correlation, theirs.correlation)
    assert far.bit_statistics(KEY) is theirs


def test_the_library_reads_the_same(far, local, made):
    mine, theirs = local.library, far.library
    assert len(theirs) == len(mine)
    for name in ("alive", "missing", "labels", "mtimes", "sizes", "widths", "heights"):
        assert np.array_equal(getattr(theirs, name), getattr(mine, name))
    assert np.array_equal(theirs.taken, mine.taken, equal_nan=True)
    for name in ("root", "url", "created", "label_names", "damage", "code_sets"):
        assert getattr(theirs, name) == getattr(mine, name)
    assert [theirs.photo(row) for row in range(ALL)] == [mine.photo(row) for row in range(ALL)]
    assert theirs.all_paths() == mine.all_paths()
    assert theirs.full_path(2) == mine.full_path(2)
    assert np.array_equal(theirs.name_order(), mine.name_order())
    assert [theirs.thumbnail(row) for row in range(ALL)] == [mine.thumbnail(row) for row in range(ALL)]
    assert theirs.problems() == mine.problems()
    rows = np.array([4, 44, 4])
    assert np.array_equal(theirs.outputs(KEY, rows), mine.outputs(KEY, rows))
    assert np.array_equal(theirs.features(KEY, rows), mine.features(KEY, rows))
    assert np.array_equal(theirs.codes_of(KEY, rows), mine.codes_of(KEY, rows))
    assert np.array_equal(theirs.labels_of(rows), mine.labels_of(rows))
    assert np.array_equal(theirs.codes(KEY)[0], mine.codes(KEY)[0])


WEIGHTS = tuple(np.linspace(0.5, 1.5, 36).tolist())
WAYS = (
    SearchHow(),
    SearchHow(distance="weighted", weights=WEIGHTS),
    SearchHow(distance="asymmetric"),
    SearchHow(mode="lookup", probe=3),
    SearchHow(mode="lookup", probe=2, order="confidence"),
    SearchHow(mode="lookup", probe=36),
    SearchHow(mode="multi"),
    SearchHow(mode="multi", tables=3, probe=5),
    SearchHow(mode="multi", tables=2, distance="asymmetric"),
    SearchHow(mode="multi", tables=6, distance="weighted", weights=WEIGHTS),
)


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_every_way_to_search_gives_the_same_as_here_on_a_copy_of_the_codes_if_need_be(far, local, how):
    mask = np.arange(ALL) % 3 > 0
    for row, k, radius, rows in ((5, 9, None, None), (7, None, 9, None), (41, 100, None, mask)):
        mine = local.search(local.query_row(row, codes=KEY), k=k, radius=radius, rows=rows, how=how)
        theirs = far.search(far.query_row(row, codes=KEY), k=k, radius=radius, rows=rows, how=how)
        assert same_matches(mine, theirs)
        assert (theirs.how, theirs.exact, theirs.complete) == (how, mine.exact, mine.complete)
        assert (theirs.scores is None) == (mine.scores is None)
        if mine.scores is not None:
            assert theirs.scores.tolist() == mine.scores.tolist()
        assert theirs.cost.candidates == mine.cost.candidates


def test_ways_that_cannot_be_are_refused_as_here(far, local):
    for how in (
        SearchHow(mode="multi", tables=37),
        SearchHow(mode="lookup", probe=37),
        SearchHow(distance="adc"),
    ):
        for workspace in (local, far):
            with pytest.raises(SearchError):
                workspace.search(workspace.query_row(5, codes=KEY), k=9, how=how)


def test_an_engine_is_planned_for_and_remembers_the_plan_while_it_is_open(far, monkeypatch):
    monkeypatch.setattr(planner, "plan", partial(planner.plan, queries=20))
    plan = far.plan(KEY, recall=0.9, k=5)
    assert (plan.total, plan.goal.k) == (far.search(far.query_row(5, codes=KEY), k=None).total, 5)
    assert not far.remember_plan(KEY, plan)
    assert far.plan_of(KEY) == plan


def test_several_photos_are_asked_on_a_copy_of_the_codes(far, local):
    both = [local.query_row(5, codes=KEY), local.query_row(6, codes=KEY)]
    assert same_matches(local.search(composed(both), k=9), far.search(composed(both), k=9))


def test_rows_that_cannot_be_asked_are_refused_the_same(far, local, made):
    for row in (-1, ALL, made.bare):
        with pytest.raises(SearchError):
            local.query_row(row, codes=KEY)
        with pytest.raises(SearchError):
            far.query_row(row, codes=KEY)


def test_without_the_library_thumbnails_come_from_the_photos_and_features_are_missed_in_words(pushed, made):
    shutil.move(made.path, made.path.with_name("elsewhere"))
    with open_at_engine(pushed) as far:
        assert far.library.original is None
        assert decode_thumbnail(far.library.thumbnail(0)).shape == (24, 24, 3)
        assert far.library.thumbnail(made.gone) == b""
        query = far.query_row(0, codes=KEY)
        assert (query.outputs, query.feature) == (None, None)
        assert far.search(query, k=1).rows.tolist() == [0]
        with pytest.raises(SearchError, match="no features here"):
            far.search(query, k=1, rerank=5)
        shutil.rmtree(made.root)
        assert far.library.thumbnail(1) == b""


def test_another_library_where_it_was_is_not_taken_for_it(pushed, made, tmp_path):
    shutil.move(made.path, made.path.with_name("elsewhere"))
    Library.create(made.path, root=tmp_path).close()
    with Library.open(made.path) as other, LibraryWriter(other) as writer:
        writer.add_photos([new_photo("other.jpg", "", b"")])
    with open_at_engine(pushed) as far:
        assert far.library.original is None


def test_an_engine_is_not_changed_and_not_packed(far, tmp_path):
    library = far.library
    assert not library.writable
    for change in (
        lambda: library.set_root(tmp_path),
        lambda: library.set_setting("a", "b"),
        lambda: library.state,
        lambda: library.find_content("x"),
        library.unrecorded,
    ):
        with pytest.raises(LibraryError, match="is an engine, which cannot do this"):
            change()


def test_everything_that_a_library_offers_is_answered_for_an_engine():
    own = {"create", "open", "full_path", "__enter__", "__exit__"}
    public = {name for name in vars(Library) if not name.startswith("_") or name in {"__len__"}}
    assert public - own - set(vars(EngineLibrary)) == set()


def grow(path):
    with Library.open(path) as library, LibraryWriter(library) as writer:
        features, outputs = values(5, seed=3)
        first = len(library)
        writer.add_photos([new_photo(f"new/{number}.jpg", "new", b"") for number in range(5)])
        writer.add_codes(
            info(), first, packed.pack(outputs >= 0), outputs, features, np.ones(5, dtype=np.bool_)
        )


def test_the_command_line_asks_again_when_it_was_pushed_meanwhile_and_the_window_is_told(
    pushed, made, local, connection
):
    with open_at_engine(pushed) as asking, open_at_engine(pushed, whole=True) as window:
        query = asking.query_row(0, codes=KEY)
        before = window.search(query, k=None).total
        grow(made.path)
        local.refresh()
        push(local.library, connection, name="Holidays")
        assert asking.search(query, k=None).total == before + 5
        with pytest.raises(EngineError, match=r"pushed to .* anew since it was opened\. Refresh it"):
            window.search(query, k=None)
        assert window.refresh()
        assert not window.refresh()
        assert window.search(query, k=None).total == before + 5
        assert len(window.library) == len(local.library)
        assert window.library.label_names == local.library.label_names


def test_an_engine_answers_for_a_library_here(pushed, local):
    with answered_by(local, pushed) as elsewhere:
        query = elsewhere.query_row(5, codes=KEY)
        assert same_matches(elsewhere.search(query, k=9), local.search(query, k=9))
        assert elsewhere.place == local.place


def test_an_engine_does_not_answer_for_a_library_that_it_has_another_state_of(pushed, local, made):
    grow(made.path)
    local.refresh()
    with pytest.raises(EngineError, match=r"has 49 of the library's 54 photos\. Push it again"):
        answered_by(local, pushed)


def test_an_engine_does_not_answer_with_codes_of_another_model(pushed, local, monkeypatch):
    with answered_by(local, pushed) as elsewhere:
        query = elsewhere.query_row(5, codes=KEY)
        other = info(model_sha256="cd" * 32)
        monkeypatch.setattr(type(elsewhere), "code_set", lambda _self, _key: other)
        with pytest.raises(
            EngineError, match=r"has another model’s codes “tiny-36” \(SHA-256 cdcdcdcdcdcd…\)"
        ):
            elsewhere.search(query, k=9)


def test_a_window_refuses_more_photos_than_it_can_hold(pushed, monkeypatch):
    monkeypatch.setattr("hashviewer.workspace.at_engine.MOST_ROWS", 40)
    with pytest.raises(EngineError, match="49 photos; a window shows up to 40"):
        open_at_engine(pushed, whole=True)


# The command line


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_commands_take_an_address_for_a_library(pushed, made):
    lookup = ("query", 5, "-k", 4, "--mode", "multi", "--tables", 3)
    for command in (("query", 5, "-k", 4), lookup, ("buckets", 5, "--radius", 9), ("bits",)):
        name, *rest = command
        far, here = (json.loads(run(name, place, *rest, "--json").stdout) for place in (pushed, made.path))
        for answer in (far, here):
            answer.pop("seconds", None)
        assert far == here
    told = json.loads(run("info", pushed, "--json").stdout)
    assert (told["path"], told["rows"], told["code_sets"][0]["encoded"]) == (pushed, ALL, 47)


def test_push_says_what_it_has_done_and_an_engine_answers_for_the_library(made, address):
    first, second = (json.loads(run("push", made.path, address, "--json").stdout) for _ in range(2))
    assert (first["photos"], first["sent"], second["sent"], second["kept"]) == (ALL, 2 * ALL, 0, 2 * ALL)
    assert "was up to date: 49 photos, 1 code set." in run("push", made.path, address).stdout
    far, here = (
        json.loads(run("query", made.path, 5, "--engine", engine, "--json").stdout)
        for engine in (address, "faiss")
    )
    assert far["results"] == here["results"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("query", "{}_none", 5), "There is no library at"),
        (("query", "clickhouse://ada:secret@host/x", 5), "password does not belong"),
        (("push", "{}", "{}"), "is an engine itself. Push the library"),
        (("pack", "{}", "-o", "x.h5"), "is an engine, which cannot do this"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(pushed, arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*(str(argument).format(pushed) for argument in arguments))
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "secret" not in done.stderr
