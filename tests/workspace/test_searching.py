"""Searching an open library by tables, by other distances and over several code sets, also while it grows."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from made_library import BITS, KEY, SECOND, add_second_codes, info, make_library, new_photo, values

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.library import Library, LibraryWriter, create_code_only
from hashviewer.search import Asked, BucketTable, SearchHow, build_index, search
from hashviewer.search.results import not_searched
from hashviewer.workspace import Workspace

WAYS = (
    SearchHow(),
    SearchHow(mode="lookup", probe=3),
    SearchHow(mode="lookup", probe=2, order="confidence"),
    SearchHow(mode="multi"),
    SearchHow(mode="multi", tables=2, distance="asymmetric"),
    SearchHow(distance="weighted", weights=tuple(1 + bit % 3 for bit in range(BITS))),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = make_library(tmp_path_factory.mktemp("searching"))
    add_second_codes(made, without=[7], seed=11)
    return made


@pytest.fixture
def workspace(made):
    with Workspace.open(made.path) as opened:
        yield opened


def known(matches):
    return matches.all_distances != not_searched(matches.all_distances)


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_every_way_to_search_leaves_out_hidden_photos_and_reports_its_cost(workspace, made, how):
    query = workspace.query_row(5, codes=KEY)
    everything = workspace.search(query, k=None)
    found = workspace.search(query, k=20, how=how)
    assert found.rows[0] == 5
    assert {3, made.bare}.isdisjoint(np.flatnonzero(known(found)))
    assert found.distances.tolist() == everything.all_distances[found.rows].tolist()
    assert len(found.all_distances) == len(workspace.library)
    assert found.how == how
    assert found.cost.seconds > 0
    assert (found.complete is None) == (found.total == everything.total)
    rows = np.zeros(10, dtype=bool)
    rows[[1, 5, 7]] = True
    assert set(workspace.search(query, how=how, rows=rows).rows.tolist()) <= {1, 5, 7}
    near = workspace.search(query, k=None, radius=4, how=how)
    assert near.distances.max() <= 4


def test_the_exact_answer_is_one_keyword_away(workspace):
    query = workspace.query_row(5, codes=KEY)
    quick = workspace.search(query, k=30, how=SearchHow(mode="lookup", probe=1))
    assert not quick.exact
    assert workspace.search(query, k=30).exact
    assert set(quick.rows) <= set(workspace.search(query, k=None).rows)


def test_a_photo_that_the_tables_did_not_find_has_no_place_and_the_reason_is_told(workspace):
    query = workspace.query_row(5, codes=KEY)
    quick = workspace.search(query, how=SearchHow(mode="lookup", probe=0))
    left_out = next(row for row in range(8, 40) if not known(quick)[row])
    with pytest.raises(SearchError, match="compare all codes"):
        workspace.explain(query, left_out, quick)


def test_reranking_works_on_what_the_tables_found(workspace):
    query = workspace.query_row(2, codes=KEY)
    how = SearchHow(mode="multi", tables=3, distance="asymmetric")
    plain = workspace.search(query, k=12, how=how)
    again = workspace.search(query, k=12, rerank=12, how=how)
    assert sorted(again.rows.tolist()) == sorted(plain.rows.tolist())
    assert again.reranked == 12
    score = dict(zip(plain.rows.tolist(), plain.scores.tolist(), strict=True))
    assert again.scores.tolist() == [score[row] for row in again.rows.tolist()]
    assert again.cost.probed == plain.cost.probed > 0


def test_tables_are_built_once_for_a_state_of_the_codes(workspace, monkeypatch):
    built = []
    build = BucketTable.build
    monkeypatch.setattr(BucketTable, "build", lambda *a, **k: (built.append(1), build(*a, **k))[1])
    how = SearchHow(mode="lookup")
    workspace.prepare(KEY, how)
    for row in range(8, 12):
        workspace.search(workspace.query_row(row, codes=KEY), how=how)
    assert len(built) == 1
    workspace.prepare(SECOND, how)
    workspace.prepare(KEY, SearchHow(mode="lookup", probe=1, order="confidence"))
    assert len(built) == 2


def test_threads_that_need_the_same_tables_at_once_build_them_once(workspace, monkeypatch):
    built, answers, build = [], [], BucketTable.build
    monkeypatch.setattr(BucketTable, "build", lambda *a, **k: (built.append(1), build(*a, **k))[1])
    query = workspace.query_row(9, codes=KEY)
    how = SearchHow(mode="lookup")
    threads = [
        threading.Thread(target=lambda: answers.append(workspace.search(query, how=how).rows.tolist()))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert answers == [answers[0]] * 6


# Several code sets


def test_several_code_sets_are_fused_by_the_places_of_their_rows(workspace, made):
    queries = [workspace.query_row(5, codes=key) for key in (KEY, SECOND)]
    found = workspace.search_several(queries, k=10)
    searched = [row for row in range(len(workspace.library)) if row not in {3, 7, made.bare}]
    scores = dict.fromkeys(searched, 0.0)
    for query in queries:
        codes, _ = workspace.library.codes(query.codes)
        distances = packed.hamming(query.code, codes).tolist()
        for place, row in enumerate(sorted(searched, key=lambda row: (distances[row], row)), 1):
            scores[row] += 1 / (60 + place)
    assert found.rows.tolist() == sorted(searched, key=lambda row: (-scores[row], row))[:10]
    assert found.fused == (KEY, SECOND)
    assert found.exact
    first = workspace.search(queries[0], k=None)
    assert found.distances.tolist() == first.all_distances[found.rows].tolist()
    assert found.total == len(searched)
    reranked = workspace.search_several(queries, k=10, rerank=5)
    assert sorted(reranked.rows[:5].tolist()) == sorted(found.rows[:5].tolist())


def test_what_only_one_of_several_tables_finds_is_found_with_its_distance(workspace, made):
    queries = [workspace.query_row(6, codes=key) for key in (KEY, SECOND)]
    how = SearchHow(mode="lookup", probe=5)
    parts = [set(workspace.search(query, how=how).rows.tolist()) for query in queries]
    assert parts[1] - parts[0]
    found = workspace.search_several(queries, how=how)
    assert set(found.rows.tolist()) == (parts[0] | parts[1]) - {7, made.bare}
    codes, _ = workspace.library.codes(KEY)
    assert found.distances.tolist() == packed.hamming(queries[0].code, codes[found.rows]).tolist()
    assert found.histogram.sum() == len(found.rows) == found.total
    assert not found.exact


def test_several_of_none_is_refused(workspace):
    with pytest.raises(SearchError, match="choose at least one"):
        workspace.search_several([])


# A library that grows


def test_searches_while_another_thread_adds_photos_each_see_one_whole_state(tmp_path):
    made = make_library(tmp_path)
    features, outputs = values(400, seed=9)
    codes = packed.from_outputs(outputs)

    def grow():
        with Library.open(made.path) as library, LibraryWriter(library) as writer:
            for start in range(0, 400, 20):
                part, first = slice(start, start + 20), len(library)
                writer.add_photos(
                    [new_photo(f"new/{row:03d}.jpg", "", b"") for row in range(start, start + 20)]
                )
                writer.add_codes(
                    info(), first, codes[part], outputs[part], features[part], np.ones(20, dtype=np.bool_)
                )

    seen, answers = set(), []
    with Workspace.open(made.path) as workspace:
        query = workspace.query_row(5, codes=KEY)
        grower = threading.Thread(target=grow)
        grower.start()
        while grower.is_alive() or workspace.refresh():
            workspace.refresh()
            for how in WAYS:
                answers.append(workspace.search(query, k=25, how=how))
                seen.add(len(answers[-1].all_distances))
        grower.join()
        final, encoded = workspace.library.codes(KEY)
        alive = workspace.library.alive
    distances = packed.hamming(query.code, final)
    for found in answers:
        count = len(found.all_distances)
        searched = np.flatnonzero(known(found))
        assert (found.all_distances[searched] == distances[searched]).all()
        assert (encoded & alive)[searched].all()
        if found.exact and found.scores is None:
            states = []  # photos come before their codes: the last twenty may have none yet
            for end in (count, count - 20):
                there = np.flatnonzero((encoded & alive)[:end])
                states.append(there[np.argsort(distances[there], kind="stable")][: len(found.rows)].tolist())
            assert found.rows.tolist() in states
    assert len(seen) > 1
    assert max(seen) == len(final)


GROWING = """
import sys
from pathlib import Path
import numpy as np
from made_library import info, new_photo, values
from hashviewer import codes as packed
from hashviewer.library import Library, LibraryWriter
features, outputs = values(400, seed=9)
with Library.open(Path(sys.argv[1])) as library, LibraryWriter(library) as writer:
    for start in range(0, 400, 20):
        part = slice(start, start + 20)
        writer.add_photos([new_photo(f"new/{row:03d}.jpg", "", b"") for row in range(start, start + 20)])
        writer.add_codes(
            info(), len(library) - 20, packed.from_outputs(outputs[part]), outputs[part], features[part],
            np.ones(20, dtype=np.bool_),
        )
"""


def test_a_query_while_another_process_adds_photos_is_answered_from_those_before_or_after_never_a_mix(
    tmp_path,
):
    made = make_library(tmp_path)
    answers, states = [], set()
    with Workspace.open(made.path) as workspace:
        before = len(workspace.library)
        query = workspace.query_row(5, codes=KEY)
        here = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
        child = subprocess.Popen(
            [sys.executable, "-c", GROWING, str(made.path)], env={**os.environ, "PYTHONPATH": here}
        )
        try:
            while child.poll() is None or workspace.refresh():
                workspace.refresh()
                for how in WAYS:
                    answers.append(workspace.search(query, k=25, how=how))
                    states.add(len(answers[-1].all_distances))
        finally:
            child.kill()
        assert child.wait() == 0
        codes, encoded = workspace.library.codes(KEY)
        mask = encoded & workspace.library.alive
    assert len(codes) == before + 400
    assert len(states) > 1
    expected = {}
    for found in answers:
        ends = [end for end in range(before, len(codes) + 1, 20) if end <= len(found.all_distances)][-2:]
        for end in ends:  # photos come before their codes: the last twenty may have none yet
            if (end, found.how) not in expected:
                asked = Asked(query.code, query.outputs)
                expected[end, found.how] = search(
                    asked, codes[:end], BITS, how=found.how, k=25, rows=mask[:end],
                    index=None if found.how.whole else build_index(codes[:end], BITS, found.how, rows=mask[:end]),
                )  # fmt: skip
        plain = [expected[end, found.how] for end in ends]
        assert any(
            found.rows.tolist() == each.rows.tolist() and found.histogram.tolist() == each.histogram.tolist()
            for each in plain
        ), found.how


def test_an_empty_code_set_one_photo_and_equal_codes_have_defined_answers(tmp_path):
    for name, count in (("one", 1), ("equal", 50)):
        create_code_only(tmp_path / name, np.zeros((count, 8), np.uint8), 64).close()
        with Workspace.open(tmp_path / name) as workspace:
            for mode in ("rank", "lookup", "multi"):
                query = workspace.query_row(0, codes="codes")
                found = workspace.search(query, k=100, how=SearchHow(mode=mode))
                assert found.rows.tolist() == list(range(count))
                assert found.exact
