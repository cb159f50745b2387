"""Times that a plan predicts: constants found from some queries, and what they say of others."""

import statistics

import numpy as np
import pytest
from plain_search import made_codes

from hashviewer.planner import Figures, Goal
from hashviewer.planner.faiss_ways import through_heap
from hashviewer.planner.looking import draw, in_fair_order, look
from hashviewer.planner.measuring import LEAST, Questions, Tried, tried
from hashviewer.planner.model import Expected
from hashviewer.planner.predicting import options_of
from hashviewer.planner.survey import surveyed
from hashviewer.planner.timing import Pace, Work, usual_time
from hashviewer.planner.ways import Answer, Built, own_builders
from hashviewer.progress import silent
from hashviewer.search import SearchHow

FIRST, STEP, PROBE, CANDIDATE, COMPARED, KEPT = 40e-6, 25e-6, 0.03e-6, 0.4e-6, 0.002e-6, 1e-6


def seconds_of(steps, probes, candidates, compared, kept):
    """What a search takes by the constants above; buckets compared in order are not probed."""
    seconds = FIRST + STEP * steps + CANDIDATE * candidates + COMPARED * compared + KEPT * kept
    return seconds if compared == probes else seconds + PROBE * probes


def middle(seconds):
    """The mean of what is left when a tenth is taken away at either end, one by one."""
    left = sorted(seconds)
    for _ in range(len(left) // 10):
        left.remove(min(left))
        left.remove(max(left))
    return statistics.fmean(left)


def drawn(rng, compared=0.0):
    return (
        float(rng.integers(1, 6)),
        float(rng.integers(1, 30_000)),
        float(rng.integers(1, 3000)),
        compared,
        float(rng.integers(1, 300)),
    )


def expected_of(work):
    columns = [np.array(column) for column in zip(*work, strict=True)]
    return Expected(*columns, recall=np.ones(len(work)))


def test_a_time_is_the_mean_over_the_queries_but_those_at_either_end():
    rng = np.random.default_rng(0)
    work = [drawn(rng) for _ in range(7)] + [(0.0, 500.0, 3.0, 500.0, 3.0), (4.0, 90.0, 40.0, 8000.0, 9.0)]
    pace = Pace((FIRST, STEP, PROBE, CANDIDATE, COMPARED, KEPT))
    plain = middle(seconds_of(*each) for each in work)
    assert pace.seconds(expected_of(work)) == pytest.approx(plain)


@pytest.mark.parametrize("share", [0.4, 0.48, 0.52, 0.6])
def test_a_time_moves_gently_with_the_share_of_queries_that_give_up(share):
    many = round(200 * share)
    assert usual_time([1e-3] * (200 - many) + [6e-3] * many) == pytest.approx(
        1e-3 * (1 + 5 * (many - 20) / 160)
    )
    assert usual_time([1e-3]) == 1e-3
    assert usual_time([2e-3] * 19 + [10.0]) == pytest.approx(2e-3)


def test_constants_are_found_from_ways_whose_times_differ_a_thousandfold():
    rng = np.random.default_rng(1)
    ways = []
    for scale in (1, 30, 1000):
        way = [
            (s, 1 + p * scale / 1000, 1 + c * scale / 1000, 0.0, a)
            for s, p, c, _, a in (drawn(rng) for _ in range(30))
        ]
        ways.append([Work(*each, seconds=seconds_of(*each)) for each in way])
    ways.append([Work(*each, seconds=seconds_of(*each)) for each in (drawn(rng, 50_000.0) for _ in range(5))])
    found = Pace.of(ways).constants
    assert found == pytest.approx((FIRST, STEP, PROBE, CANDIDATE, COMPARED, KEPT), rel=1e-4)


def test_constants_are_found_though_other_programs_ran_meanwhile():
    rng = np.random.default_rng(2)
    way = []
    for place in range(100):
        work = drawn(rng)
        disturbed = rng.uniform(3, 9) if place % 5 == 0 else rng.normal(1, 0.02)
        way.append(Work(*work, seconds=seconds_of(*work) * disturbed))
    pace, others = Pace.of([way]), [drawn(rng) for _ in range(50)]
    plain = middle(seconds_of(*each) for each in others)
    assert pace.seconds(expected_of(others)) == pytest.approx(plain, rel=0.05)


def test_no_constant_is_below_zero_and_what_never_happened_takes_no_time():
    trials = [
        Work(1, probes, 0, 0, 5, seconds)
        for probes, seconds in ((10, 5e-5), (1000, 4e-5), (100_000, 2e-5), (5, 5e-5))
    ]
    first, step, probe, candidate, compared, kept = Pace.of([trials]).constants
    assert min(first, step, probe, kept) >= 0
    assert probe == 0
    assert (candidate, compared) == (0, 0)


def test_every_way_counts_alike_however_often_it_was_tried():
    slow = [Work(1, 1000, 0, 0, 0, seconds=2e-3)] * 2
    quick = [Work(1, 1000, 0, 0, 0, seconds=1e-3)] * 50
    assert sum(Pace.of([quick, slow, slow, slow]).constants[i] * (1, 1, 1000)[i] for i in range(3)) > 1.5e-3


@pytest.mark.parametrize("count", [1, 2, 7, 8, 250])
def test_a_fair_order_names_each_place_once_and_its_beginning_is_spread_over_all(count):
    order = in_fair_order(count)
    assert sorted(order) == list(range(count))
    for first in range(8, count):
        gaps = np.diff(sorted(order[:first]))
        assert gaps.max() <= 2 * np.ceil(count / first) + 1


@pytest.mark.parametrize("k", [1, 10, 100])
def test_rows_that_are_among_the_nearest_for_a_while_are_as_many_as_chance_lets_be(k):
    for candidates in (0, 1, k // 2, k, 3 * k, 200 * k):
        plain = sum(min(1.0, k / place) for place in range(1, candidates + 1))
        assert through_heap(np.array([candidates]), k)[0] == pytest.approx(plain, abs=0.6)


# Ways whose time is computed, not taken


class Made:
    """A way that looks into more buckets the more the query's first byte is; only its time is made up."""

    family, how = "multi", SearchHow("multi")

    def __init__(self, reach, slow=()):
        self.name, self.reach = f"reach {reach}", reach
        self.slow = {bytes(code) for code in slow}
        self.asked = []

    def work(self, code):
        return 2, 100 * self.reach + int(code[0]), 10 * self.reach + int(code[1])

    def ask(self, code, outputs):
        self.asked.append(bytes(code))
        steps, probes, candidates = self.work(code)
        factor = 50 if bytes(code) in self.slow else 1
        seconds = factor * seconds_of(steps, probes, candidates, 0, 5)
        return Answer(np.zeros(5, np.int32), steps, probes, candidates, 0, 5, seconds)

    def expect(self, survey, count, step):
        each = [(*self.work(survey.codes[row]), 0, 5) for row in survey.queries]
        return expected_of([tuple(map(float, work)) for work in each])


def asked_of(codes, count=60, bits=16):
    goal, rng = Goal(0.9, k=5), np.random.default_rng(0)
    seen, measured = draw(codes, bits, goal, queries=count, rng=rng, progress=silent)
    survey = surveyed(codes, bits, goal, seen, outputs=None, rng=rng)
    return survey, Questions.of(codes, goal, measured, None)


def measured(ways, survey, questions, *, seconds=60.0, total=None):
    total = len(survey.codes) if total is None else total
    return tried_of(Built(tuple(ways), 0, 0.0), survey, questions, total=total, seconds=seconds)


def tried_of(built, survey, questions, **how):
    return tried([built], survey, questions, step_of=lambda number, place: lambda: None, **how)


def test_the_time_predicted_is_that_of_the_work_and_no_query_that_is_measured_has_a_part_in_it():
    codes = np.unique(made_codes("random", 16, 2000), axis=0)
    survey, questions = asked_of(codes)
    surveyed_codes = {bytes(code) for code in codes[survey.queries]}
    slow = [code for code in questions.codes if bytes(code) not in surveyed_codes]
    assert len(slow) == len(questions.codes)
    ways = [Made(reach, slow) for reach in (1, 10, 100)]
    options = options_of(measured(ways, survey, questions), rows=len(codes), total=len(codes))
    for way, option in zip(ways, options, strict=True):
        plain = [seconds_of(*way.work(codes[row]), 0, 5) for row in survey.queries]
        assert option.predicted.seconds == pytest.approx(middle(plain), rel=1e-3)
        plain = [50 * seconds_of(*way.work(code), 0, 5) for code in questions.codes]
        assert option.measured.seconds == pytest.approx(middle(plain))
        assert option.measured.candidates == np.mean([way.work(code)[2] for code in questions.codes])
        assert option.expected == option.measured


def test_queries_are_asked_in_rounds_and_the_faster_answer_counts():
    """In the first round one way is slowed down as by another program, in the second the other way."""
    codes = made_codes("clustered", 16, 2000)
    survey, questions = asked_of(codes)
    one, other = ways = Made(1), Made(10)
    rounds = []

    def step_of(number, place):
        def step():
            if (number, place) not in rounds:
                rounds.append((number, place))
            one.slow, other.slow = [set(map(bytes, codes)) if number == slow else set() for slow in (0, 1)]

        return step

    indexes = [Built((way,), 0, 0.0) for way in ways]
    found = tried(indexes, survey, questions, total=2000, seconds=60.0, step_of=step_of)
    assert rounds == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for way, each in zip(ways, found, strict=True):
        plain = [seconds_of(*way.work(code), 0, 5) for code in questions.codes]
        assert each.measured.seconds == pytest.approx(middle(plain))
        tried_codes = [codes[survey.queries[place]] for place in in_fair_order(len(survey.queries))[:30]]
        work = [(*way.work(code), 0, 5) for code in tried_codes]
        assert each.trials == (tuple(Work(*done, seconds=seconds_of(*done)) for done in work),)


def test_a_slow_way_is_measured_with_fewer_queries_that_stand_for_all():
    codes = made_codes("clustered", 16, 2000)
    survey, questions = asked_of(codes, count=100)
    way = Made(1)
    (found,) = measured([way], survey, questions, seconds=0.0)
    assert len(found.trials[0]) == LEAST // 2
    asked = [bytes(questions.codes[place]) for place in in_fair_order(100)[:LEAST]]
    assert found.measured.probes == np.mean([way.work(np.frombuffer(code, np.uint8))[1] for code in asked])


def test_a_flat_scan_is_predicted_from_scans_of_parts_of_the_codes():
    codes = made_codes("random", 16, 2000)
    survey, questions = asked_of(codes)
    build = dict(own_builders(16, survey.goal, confident=False))["the flat scan"]
    (flat,) = tried_of(build(survey, lambda: None), survey, questions, total=2000, seconds=60.0)
    assert {work.compared for part in flat.trials for work in part} == {1000, 2000}
    assert len({work.compared for work in flat.trials[0]}) == 1
    assert flat.measured.candidates == 2000


def test_of_a_sample_the_time_is_counted_up_for_all_codes_and_for_laying_the_answer_out():
    pace_trials = ((Work(1, 10, 20, 0, 5, 3e-4), Work(1, 500, 20, 0, 5, 4e-4), Work(1, 900, 90, 0, 5, 9e-4)),)
    figures = Figures(10, 20, 1.0, 1e-3)
    sample, whole = expected_of([(1.0, 10.0, 20.0, 0.0, 5.0)]), expected_of([(1.0, 10.0, 400.0, 0.0, 5.0)])
    way = Tried(
        name="4 tables", family="multi", how=SearchHow("multi"), expected=sample, whole=whole,
        trials=pace_trials, laying=2e-3, measured=figures, memory=10, build=0.5,
    )  # fmt: skip
    (option,) = options_of([way], rows=100, total=2000)
    pace = Pace.of(pace_trials)
    assert option.predicted.seconds == pytest.approx(pace.seconds(sample))
    assert option.expected.seconds == pytest.approx(pace.seconds(whole) + 2e-3)
    assert option.expected.candidates == 400
    assert (option.memory, option.build) == (200, 10.0)


def test_laying_out_is_timed_for_what_is_looked_up_in_a_sample_only():
    codes = made_codes("random", 16, 500)
    survey, questions = asked_of(codes)
    builders = dict(own_builders(16, survey.goal, confident=False))
    for name, laid in (("the flat scan", False), ("one table", True)):
        built = builders[name](survey, lambda: None)
        for total in (500, 9000):
            for way in tried_of(built, survey, questions, total=total, seconds=0.0):
                assert (way.laying > 0) == (laid and total > 500)
                assert (way.whole is None) == (total == 500)


def test_the_exact_answers_are_known_from_the_look_around():
    codes, bits = made_codes("clustered", 24, 400), 24
    for goal in (Goal(0.9, k=30), Goal(0.9, radius=4)):
        rows = np.array([3, 77, 200])
        seen = look(codes, bits, goal, rows, silent)
        for place, row in enumerate(rows):
            distances = [int(np.bitwise_count(codes[row] ^ code).sum()) for code in codes]
            limit = 4 if goal.k is None else sorted(distances)[29]
            near = sorted((far, other) for other, far in enumerate(distances) if far <= limit)
            assert seen.limits(goal)[place] == limit
            assert seen.wanted(goal)[place] == (30 if goal.k else len(near))
            known = seen.near[place]
            assert list(zip(known.distances.tolist(), known.rows.tolist(), strict=True)) == near
