"""Plans: predictions against what is measured, what is chosen and said, and what a plan does when it is interrupted."""

import numpy as np
import pytest
from plain_search import made_codes

from hashviewer import codes as packed
from hashviewer.errors import SearchError
from hashviewer.planner import Figures, Goal, Option, Plan, faiss_ways, from_json, plan, planning, to_json
from hashviewer.planner.choosing import choose, sentence
from hashviewer.planner.faiss_ways import faiss_builders
from hashviewer.planner.survey import survey
from hashviewer.planner.ways import own_builders
from hashviewer.progress import Cancelled, silent
from hashviewer.search import SearchHow, rank

GOALS = [
    Goal(0.9, k=20),
    Goal(0.99, k=300),
    Goal(0.9, radius=3),
    Goal(1.0, radius=0),
    Goal(0.9, radius=14),
]


def outputs_of(codes, bits):
    """Outputs with the signs of the codes; of a row they are always the same."""

    def outputs(rows):
        sizes = np.stack([np.random.default_rng(int(row)).random(bits) for row in rows])
        return (np.where(packed.unpack(codes[rows], bits), 1, -1) * (sizes + 0.01)).astype(np.float32)

    return outputs


@pytest.mark.parametrize("goal", GOALS, ids=str)
@pytest.mark.parametrize(
    ("kind", "bits"), [("clustered", 32), ("random", 40), ("collapsed", 64), ("duplicates", 24)]
)
def test_the_model_foresees_exactly_what_the_surveyed_queries_cost_where_all_rows_are_sampled(
    kind, bits, goal
):
    codes = made_codes(kind, bits, 1500)
    outputs, rng = outputs_of(codes, bits), np.random.default_rng(0)
    rows = rng.choice(len(codes), 8, replace=False)
    known = survey(codes, bits, goal, rows, outputs=outputs, rng=rng, progress=silent)
    asked = outputs(rows)
    for _, build in [*own_builders(bits, goal, confident=True), *faiss_builders(codes, goal)]:
        for way in build(known, lambda: None).ways:
            expected = way.expect(known, len(codes), lambda: None)
            for place, row in enumerate(rows):
                found = way.ask(codes[row], asked[place])
                assert found.probes == expected.probes[place], way.name
                assert found.candidates == pytest.approx(expected.candidates[place]), way.name
                assert found.compared == expected.compared[place], way.name
                assert found.steps == expected.steps[place], way.name
                # several tables may see some that are beyond the radius that they were asked for
                if way.how is None or way.how.mode != "multi" or way.how.probe is None:
                    assert found.kept == pytest.approx(expected.kept[place]), way.name
                exact = rank(codes[row], codes, bits, k=goal.k, radius=goal.radius)
                near = np.count_nonzero(found.distances <= exact.distances[-1])
                recall = min(near, len(exact.rows)) / len(exact.rows)
                if len(known.near[place].rows) <= 2000 and kind != "duplicates":
                    assert recall == pytest.approx(expected.recall[place]), way.name


@pytest.mark.parametrize(
    ("kind", "bits", "goal"),
    [
        ("clustered", 64, Goal(0.95, k=20)),
        ("clustered", 32, Goal(0.99, radius=3)),
        ("random", 64, Goal(0.95, k=20)),
        ("random", 32, Goal(0.99, radius=3)),
    ],
)
def test_predictions_are_within_a_fifth_of_what_other_queries_cost(kind, bits, goal):
    codes = made_codes(kind, bits, 8000, seed=2)
    made = plan(codes, bits, goal, outputs=outputs_of(codes, bits), seconds=3600)  # for all queries
    families = {option.family for option in made.options}
    assert families == {"flat", "table", "confidence", "multi", "ivf", "hash", "multihash"}
    for option in made.options:
        assert option.predicted.probes == pytest.approx(option.measured.probes, rel=0.2), option.name
        assert option.predicted.candidates == pytest.approx(option.measured.candidates, rel=0.2), option.name
        assert option.predicted.recall == pytest.approx(option.measured.recall, abs=0.1), option.name
        assert option.expected == option.measured
        if option.name.endswith("exact") or option.family == "flat":
            assert option.measured.recall == 1.0
    assert made.choice.expected.recall >= goal.recall
    assert made.how == made.options[made.chosen].how
    assert (made.rows, made.total, made.queries) == (8000, 8000, 250)


def test_a_large_collection_is_planned_on_a_sample_and_the_plan_says_so(monkeypatch):
    monkeypatch.setattr(planning, "PILOT", 1000)
    codes = made_codes("clustered", 32, 12_000)
    made = plan(codes, 32, Goal(0.9, radius=2), outputs=outputs_of(codes, 32), seconds=1e-3)
    assert (made.rows, made.total) == (1000, 12_000)
    assert "Measured on 1,000 of 12,000 photos" in made.sentence
    flat, table = made.options[0], made.options[2]
    assert (flat.measured.candidates, flat.expected.candidates) == (1000, 12_000)
    truth = [np.count_nonzero(packed.hamming(code, codes) <= 1) for code in codes[::100]]
    assert table.name == "One table, radius 1"
    assert table.expected.candidates == pytest.approx(np.mean(truth), rel=0.35)  # from a twelfth of the codes
    assert table.measured.candidates < table.expected.candidates


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_few_photos_get_a_plan(count):
    made = plan(made_codes("random", 16, count), 16, Goal(0.99, k=100), queries=20)
    assert made.how == SearchHow()
    assert made.sentence.startswith("Flat scan: ")


def test_equal_codes_get_a_plan():
    made = plan(np.zeros((1500, 2), np.uint8), 16, Goal(0.99, radius=2), queries=20)
    assert all(option.measured.recall == 1 for option in made.options)


def test_a_plan_can_be_cancelled_at_any_time():
    codes, steps = made_codes("random", 8, 300), []

    def plan_until(step):
        steps.clear()

        def progress(done, total=None, message=""):
            steps.append(message)
            if len(steps) == step:
                raise Cancelled

        plan(codes, 8, Goal(0.9, k=5), queries=20, progress=progress)

    plan_until(None)
    everything = len(steps)
    assert steps[0].startswith("Looking at ")
    assert steps[-1].startswith("Trying ")
    for step in (1, everything // 3, everything):
        with pytest.raises(Cancelled):
            plan_until(step)
        assert len(steps) == step


def test_a_plan_can_be_cancelled_while_faiss_builds(monkeypatch):
    monkeypatch.setattr(faiss_ways, "CHUNK", 100)
    codes, goal, rng = made_codes("random", 32, 1000), Goal(0.9, k=5), np.random.default_rng(0)
    known = survey(codes, 32, goal, np.arange(3), outputs=None, rng=rng, progress=silent)
    for _, build in faiss_builders(codes, goal):
        steps = []

        def step(steps=steps):
            steps.append(1)
            if len(steps) == 7:  # of the ten parts that are added
                raise Cancelled

        with pytest.raises(Cancelled):
            build(known, step)
        assert len(steps) == 7


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Goal(0.0, k=3), "above 0 up to 1"),
        (lambda: Goal(1.1, k=3), "above 0 up to 1"),
        (lambda: Goal(float("nan"), k=3), "above 0 up to 1"),
        (lambda: Goal(0.9), "give one of them"),
        (lambda: Goal(0.9, k=3, radius=3), "give one of them"),
        (lambda: Goal(0.9, k=0), "at least 1"),
        (lambda: Goal(0.9, radius=-1), "0 bits or more"),
        (lambda: plan(np.zeros((0, 2), np.uint8), 16, Goal(0.9, k=3)), "no codes to plan for"),
        (lambda: plan(np.zeros((9, 2), np.uint8), 16, Goal(0.9, radius=17)), "0 to 16"),
        (lambda: plan(np.zeros((9, 2), np.uint8), 24, Goal(0.9, k=3)), "24 bits fill 3 bytes"),
        (lambda: plan(np.zeros((9, 2), np.uint8), 16, Goal(0.9, k=3), queries=5), "at least 20"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_words(make, words):
    with pytest.raises(SearchError, match=words):
        make()


# Choosing


def option(name, how, *, recall=1.0, seconds=1e-3, probes=0.0, candidates=0.0, family="multi"):
    figures = Figures(probes, candidates, recall, seconds)
    return Option(name, family, how, figures, figures, figures, memory=4_000_000, build=0.25)


FLAT = option("Flat scan", SearchHow(), seconds=1.1e-3, family="flat")
SLOW = option("4 tables, exact", SearchHow(mode="multi"), seconds=2e-3, probes=3200, candidates=90)
FAST = option("5 tables, exact", SearchHow(mode="multi", tables=5), seconds=1e-4, probes=40, candidates=1)
CLOSE = option("6 tables, exact", SearchHow(mode="multi", tables=6), seconds=1.0e-3)
WEAK = option("One table, radius 1", SearchHow(mode="lookup", probe=1), recall=0.42, seconds=1e-6)
FOREIGN = option("faiss, 4 of 30 lists", None, seconds=1e-7, family="ivf")
GOAL = Goal(0.99, k=10)


def test_the_flat_scan_is_used_unless_one_of_ours_is_clearly_faster_at_the_wanted_recall():
    assert choose([FLAT, SLOW, WEAK, FOREIGN], GOAL) == 0
    assert choose([FLAT, SLOW, CLOSE, FOREIGN], GOAL) == 0
    assert choose([FLAT, WEAK, FAST, FOREIGN], GOAL) == 2
    assert choose([FLAT, WEAK, FAST], Goal(0.4, k=10)) == 1


@pytest.mark.parametrize(
    ("options", "chosen", "words"),
    [
        (
            [FLAT, SLOW, WEAK],
            0,
            "Flat scan: 1.1 ms; tables would need 3,200 probes and 90 comparisons, 2 ms, for the same recall.",
        ),
        (
            [FLAT, WEAK, FOREIGN],
            0,
            "Flat scan: 1.1 ms; no tables reach the recall of 99 %, at best 42 % (one table, radius 1).",
        ),
        ([FLAT], 0, "Flat scan: 1.1 ms; there is nothing to look up faster."),
        (
            [FLAT, FAST],
            1,
            "5 tables, exact: 100 µs where the flat scan takes 1.1 ms, for 1 comparison in 40 probes; recall 100 %, "
            "4 MB of memory, built in 250 ms.",
        ),
    ],
)
def test_the_sentence_says_which_to_use_and_why(options, chosen, words):
    assert sentence(options, GOAL, chosen, rows=5, total=5) == words
    counted = sentence(options, GOAL, chosen, rows=5, total=5000)
    assert counted == f"{words} Measured on 5 of 5,000 photos and counted up."


# Remembering


def test_a_plan_is_the_same_after_being_written_and_read():
    weighted = option("w", SearchHow(distance="weighted", weights=(0.5, 1.0)))
    made = Plan(GOAL, 64, 100, 100, 50, (FLAT, SLOW, FOREIGN, weighted), 1, "Use it.")
    assert from_json(to_json(made)) == made


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 99}', '{"version": 1, "options": []}', '{"version": 1}']
)
def test_what_is_no_plan_of_this_version_is_none(text):
    assert from_json(text) is None


def test_a_remembered_plan_that_chooses_a_foreign_index_is_none():
    made = Plan(GOAL, 64, 100, 100, 50, (FLAT, FOREIGN), 0, "Use it.")
    assert from_json(to_json(made).replace('"chosen":0', '"chosen":1')) is None
