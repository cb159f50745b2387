"""`query` in every mode and `plan` on a made library: what they answer, and how they refuse."""

import json
from functools import partial

import numpy as np
import pytest
from made_library import BITS, KEY, SECOND, add_second_codes, make_library
from made_plans import made_plan
from typer.testing import CliRunner

from hashviewer import planner
from hashviewer.cli.app import app
from hashviewer.errors import LibraryError
from hashviewer.search import SearchHow
from hashviewer.workspace import Workspace


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = make_library(tmp_path_factory.mktemp("search_commands"))
    add_second_codes(made, without=[47, 48])  # so that the other set covers more and is the default
    return made


@pytest.fixture
def weights(tmp_path):
    file = tmp_path / "weights.txt"
    file.write_text("".join(f"{1 + bit % 4}\n" for bit in range(BITS)))
    return file


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def document(*arguments):
    result = run(*arguments, "--json")
    assert result.stderr == ""
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("options", "how"),
    [
        ((), SearchHow()),
        (("--mode", "lookup", "--probe", 3), SearchHow(mode="lookup", probe=3)),
        (
            ("--mode", "lookup", "--probe", 1, "--order", "confidence"),
            SearchHow(mode="lookup", probe=1, order="confidence"),
        ),
        (("--mode", "multi", "--tables", 3), SearchHow(mode="multi", tables=3)),
        (
            ("--mode", "multi", "--probe", 9, "--distance", "asymmetric"),
            SearchHow(mode="multi", probe=9, distance="asymmetric"),
        ),
        (("--weights", "{weights}"), SearchHow(distance="weighted", weights=(1, 2, 3, 4) * 9)),
    ],
)
def test_query_searches_as_it_is_told_and_says_what_it_cost(made, weights, options, how):
    options = [str(option).format(weights=weights) for option in options]
    answer = document("query", made.path, 5, "-k", 8, *options)
    with Workspace.open(made.path) as workspace:
        expected = workspace.search(workspace.query_row(5, codes=KEY), k=8, how=how)
    assert [result["row"] for result in answer["results"]] == expected.rows.tolist()
    assert [result["distance"] for result in answer["results"]] == expected.distances.tolist()
    if expected.scores is not None:
        assert [result["score"] for result in answer["results"]] == expected.scores.tolist()
    assert (answer["mode"], answer["distance"]) == (how.mode, how.distance)
    assert (answer["exact"], answer["complete"]) == (expected.exact, expected.complete)
    assert answer["cost"] == {
        "scanned": expected.cost.scanned,
        "probed": expected.cost.probed,
        "empty": expected.cost.empty,
        "candidates": expected.cost.candidates,
        "found": None
        if expected.complete is None
        else len(set(np.flatnonzero(expected.all_distances <= BITS).tolist())),
    }
    assert answer["histogram"] == expected.histogram.tolist()


def test_query_in_words_says_whether_photos_may_be_missing(made):
    missing = run("query", made.path, 5, "--mode", "lookup", "--probe", 1).stdout
    assert "photos may be missing; --mode rank compares all" in missing
    exact = run("query", made.path, 5, "--radius", 1, "--mode", "lookup", "--probe", 1).stdout
    assert "the answer is exact" in exact
    assert "buckets" not in run("query", made.path, 5).stdout


def test_query_in_words_tells_different_photos_from_comparisons(made):
    options = ("query", made.path, 5, "--radius", 9, "--mode", "multi", "--tables", 6)
    cost = document(*options)["cost"]
    assert cost["found"] < cost["candidates"]
    told = f"found {cost['found']} candidates in {cost['candidates']} comparisons: the answer is exact"
    assert told in run(*options).stdout
    options = ("query", made.path, 5, "--mode", "lookup", "--probe", 1)
    cost = document(*options)["cost"]
    assert cost["found"] == cost["candidates"]
    assert "comparison" not in run(*options).stdout


def test_query_in_words_says_when_the_tables_gave_up(made):
    options = ("query", made.path, 5, "-k", 45, "--mode", "multi", "--tables", 2)
    answer = document(*options)
    assert (answer["cost"]["found"], answer["complete"], answer["exact"]) == (None, None, True)
    assert "then compared every code: the answer is exact" in run(*options).stdout


def test_query_fuses_several_code_sets(made):
    answer = document("query", made.path, 5, "-k", 6, "--codes", f"{KEY},{SECOND}")
    with Workspace.open(made.path) as workspace:
        queries = [workspace.query_row(5, codes=key) for key in (KEY, SECOND)]
        expected = workspace.search_several(queries, k=6)
    assert answer["fused"] == [KEY, SECOND]
    assert [result["row"] for result in answer["results"]] == expected.rows.tolist()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--mode", "lookup", "--probe", BITS + 1), f"0 to {BITS} bits"),
        (("--mode", "multi", "--tables", BITS + 1), f"1 to {BITS} tables"),
        (("--tables", 3), "goes with --mode multi"),
        (("--order", "confidence"), "goes with --mode lookup"),
        (("--probe", 3), "goes with --mode lookup or multi"),
        (("--mode", "planned", "--probe", 3), "leave --probe out"),
        (("--mode", "planned", "--tables", 3), "leave --tables out"),
        (("--mode", "planned", "--order", "distance"), "leave --order out"),
        (("--mode", "planned", "--codes", SECOND), f"remembers no plan for the code set “{SECOND}”"),
        (("--distance", "weighted"), "needs --weights FILE"),
        (("--distance", "hamming", "--weights", "{weights}"), "goes with --distance weighted"),
        (("--weights", "{weights}/nothing"), "cannot be read"),
        (("--weights", "{nan}"), "a number of 0 or more"),
        (("--weights", "{few}"), f"3 weights, but the codes have {BITS} bits"),
        (("--distance", "adc", "--mode", "lookup"), "no buckets"),
        (("--codes", f"{KEY},nothing"), "no code set “nothing”"),
        (("--radius", 99), "The radius is 99"),
    ],
)
def test_query_refuses_in_words_what_does_not_fit(made, weights, tmp_path, options, words):
    nan, few = tmp_path / "nan.txt", tmp_path / "few.txt"
    nan.write_text("1\nnan\n")
    few.write_text("1\n2\n3\n")
    options = [str(option).format(weights=weights, nan=nan, few=few) for option in options]
    assert words in run("query", made.path, 5, *options, code=1).stderr


@pytest.mark.parametrize("options", [("-k", 0), ("-k", -2), ("--radius", -1), ("--mode", "tree")])
def test_query_refuses_numbers_out_of_range_before_it_opens_anything(made, options):
    assert options[0] in run("query", made.path, 5, *options, code=2).stderr


def remembered(made, how):
    with Workspace.open(made.path) as workspace:
        assert workspace.remember_plan(KEY, made_plan(how, bits=BITS))


@pytest.mark.parametrize(
    "how",
    [
        SearchHow(),
        SearchHow("lookup", probe=1, order="confidence"),
        SearchHow("multi", tables=3),
        SearchHow("multi", tables=5, probe=7),
    ],
    ids=str,
)
def test_query_searches_as_the_library_remembers(made, weights, how):
    remembered(made, how)
    named = ["--mode", how.mode]
    named += ["--tables", how.tables] if how.mode == "multi" else []
    named += [] if how.probe is None else ["--probe", how.probe]
    named += ["--order", how.order] if how.mode == "lookup" else []
    for distance in ((), ("--distance", "asymmetric"), ("--weights", weights)):
        planned = document("query", made.path, 5, "-k", 9, "--mode", "planned", *distance)
        plain = document("query", made.path, 5, "-k", 9, *named, *distance)
        for answer in (planned, plain):
            answer.pop("seconds")
        assert planned == plain


def test_without_being_told_query_compares_every_code_whatever_is_remembered(made):
    remembered(made, SearchHow("lookup", probe=0))
    answer = document("query", made.path, 5, "-k", 9)
    assert (answer["mode"], answer["exact"], len(answer["results"])) == ("rank", True, 9)


@pytest.fixture
def quick(monkeypatch):
    """A plan from few queries, where only what is done with it matters."""
    monkeypatch.setattr(planner, "plan", partial(planner.plan, queries=20))


def test_a_plan_of_a_packed_library_is_printed_and_said_not_to_be_remembered(made, tmp_path, quick):
    run("pack", made.path, "-o", tmp_path / "packed.h5")
    answer = document("plan", tmp_path / "packed.h5", "-k", 5)
    assert answer["remembered"] is False
    assert answer["options"]


def test_a_plan_that_cannot_be_kept_is_printed_all_the_same(made, monkeypatch, quick):
    def fail(_workspace, _codes, _plan):
        raise LibraryError("The disk is full.")

    monkeypatch.setattr(Workspace, "remember_plan", fail)
    done = run("plan", made.path, "-k", 5, "--json", code=1)
    assert json.loads(done.stdout)["remembered"] is False
    assert "The plan is not remembered: The disk is full." in done.stderr


def test_plan_measures_names_the_best_and_is_remembered(made):
    answer = document("plan", made.path, "-k", 5, "--recall", 0.9)
    assert answer["goal"] == {"recall": 0.9, "k": 5, "radius": None}
    assert answer["options"][0]["name"] == "Flat scan"
    assert answer["options"][answer["chosen"]]["how"] is not None
    assert answer["sentence"].startswith(answer["options"][answer["chosen"]]["name"])
    assert answer["remembered"] is True
    assert answer["total"] == answer["measured"]
    with Workspace.open(made.path) as workspace:
        plan = workspace.plan_of(KEY)
        assert plan.sentence == answer["sentence"]
        assert [option.name for option in plan.options] == [option["name"] for option in answer["options"]]
        assert workspace.plan_of(SECOND) is None
        assert workspace.search(workspace.query_row(5, codes=KEY)).complete is None  # exact unless told


@pytest.mark.parametrize("prefix", [1, 13, BITS])
def test_the_first_bits_alone_are_compared_where_asked(made, prefix):
    answer = document("query", made.path, 5, "-k", 8, "--codes", KEY, "--prefix", prefix)
    with Workspace.open(made.path) as workspace:
        codes, encoded = workspace.library.codes(KEY)
        alive = workspace.library.alive
    ones = np.unpackbits(codes, axis=1)[:, :prefix].astype(int)
    rows = [row for row in range(len(codes)) if encoded[row] and alive[row]]
    far = {row: int(np.abs(ones[row] - ones[5]).sum()) for row in rows}
    nearest = sorted(rows, key=lambda row: (far[row], row))[:8]
    assert [hit["row"] for hit in answer["results"]] == nearest
    assert [hit["distance"] for hit in answer["results"]] == [far[row] for row in nearest]
    assert (answer["bits"], len(answer["histogram"]), sum(answer["histogram"])) == (
        prefix,
        prefix + 1,
        len(rows),
    )
    within = document("query", made.path, 5, "--codes", KEY, "--prefix", prefix, "--radius", 1)
    assert len(within["results"]) == sum(distance <= 1 for distance in far.values())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--prefix", BITS + 1), f"the codes have {BITS}"),
        (("--prefix", 4, "--radius", 5), "0 to 4 bits"),
        (("--prefix", 4, "--mode", "multi"), "without tables or weights"),
        (("--prefix", 4, "--distance", "asymmetric"), "without tables or weights"),
    ],
)
def test_a_prefix_that_cannot_be_compared_is_refused(made, options, words):
    assert words in run("query", made.path, 5, "--codes", KEY, *options, code=1).stderr


def test_plan_in_words_ends_with_the_sentence(made):
    lines = run("plan", made.path, "--radius", 2, "--codes", SECOND).stdout.splitlines()
    assert lines[0].startswith("way to search")
    assert sum("←" in line for line in lines) == 1
    with Workspace.open(made.path) as workspace:
        assert lines[-1] == workspace.plan_of(SECOND).sentence


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--recall", 0), "recall of 0"),
        (("--recall", "nan"), "recall of nan"),
        (("-k", 5, "--radius", 2), "give one of them"),
        (("--radius", BITS + 1), f"0 to {BITS} bits"),
        (("--codes", "nothing"), "no code set “nothing”"),
    ],
)
def test_plan_refuses_in_words_what_does_not_fit(made, options, words):
    assert words in run("plan", made.path, *options, code=1).stderr
