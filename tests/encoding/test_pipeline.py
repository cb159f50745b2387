import threading

import numpy as np
import pytest
from encoding_fakes import ArithmeticEngine, FailingEngine, make_photos

from hashviewer.encoding.pipeline import Job, Pipeline
from hashviewer.errors import EncodingError
from hashviewer.images import Preprocessing, content_hash, decode, find_photos

PREPROCESSING = Preprocessing()


def jobs_of(folder):
    return [Job(order, file) for order, file in enumerate(find_photos(folder))]


def nothing_known(job, content):
    return None


def pipeline(folder, engine, *, recognise=nothing_known, threads=3):
    return Pipeline(
        jobs_of(folder),
        root=folder,
        engine=engine,
        preprocessing=PREPROCESSING,
        recognise=recognise,
        threads=threads,
    )


def run(line):
    with line:
        return sorted((o for o in line.outcomes() if o is not None), key=lambda outcome: outcome.job.order)


@pytest.mark.parametrize(("batch", "lanes"), [(1, 2), (4, 1), (8, 3), (64, 1)])
def test_every_photo_comes_out_once_with_its_own_outputs(tmp_path, batch, lanes):
    make_photos(tmp_path, 21)
    engine = ArithmeticEngine(batch=batch, lanes=lanes)
    outcomes = run(pipeline(tmp_path, engine))
    assert [outcome.job for outcome in outcomes] == jobs_of(tmp_path)
    for outcome in outcomes:
        data = (tmp_path / outcome.job.file.path).read_bytes()
        wanted = engine.encode(decode(data, PREPROCESSING).pixels[None])
        assert outcome.content == content_hash(data)
        assert outcome.outputs.tobytes() == wanted.outputs[0].tobytes()
        assert outcome.features.tobytes() == wanted.features[0].tobytes()
        assert (outcome.decoded.width, outcome.decoded.height) == (96, 72)


def test_no_forward_pass_is_larger_than_the_batch_and_lanes_run_at_the_same_time(tmp_path):
    make_photos(tmp_path, 20)
    meeting = threading.Barrier(2, timeout=20)

    class Meeting(ArithmeticEngine):
        def encode(self, pixels):
            if len(self.sizes) < 2:
                with self._turn:
                    self.sizes.append(len(pixels))
                meeting.wait()  # passes only when both lanes are in here
            return super().encode(pixels)

    engine = Meeting(batch=3, lanes=2)
    assert len(run(pipeline(tmp_path, engine))) == 20
    assert max(engine.sizes) <= 3


def test_a_file_that_cannot_be_read_costs_itself_only(tmp_path):
    photos = make_photos(tmp_path, 5)
    photos[2].write_bytes(b"")
    photos[3].write_bytes(photos[3].read_bytes()[:40])
    outcomes = run(pipeline(tmp_path, ArithmeticEngine()))
    failed = {outcome.job.file.path for outcome in outcomes if outcome.reason}
    assert failed == {str(photos[number].relative_to(tmp_path)) for number in (2, 3)}
    assert sum(outcome.decoded is not None for outcome in outcomes) == 3


def test_a_decoder_that_stumbles_costs_the_file_only(tmp_path, monkeypatch):
    make_photos(tmp_path, 3)

    def stumble(data, preprocessing):
        raise ZeroDivisionError("float division")

    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", stumble)
    outcomes = run(pipeline(tmp_path, ArithmeticEngine()))
    assert [outcome.reason for outcome in outcomes] == [
        "This file cannot be read (ZeroDivisionError: float division)."
    ] * 3


def test_content_that_is_known_is_not_decoded(tmp_path, monkeypatch):
    make_photos(tmp_path, 4)

    def forbidden(data, preprocessing):
        raise AssertionError("decoded")

    monkeypatch.setattr("hashviewer.encoding.pipeline.decode", forbidden)
    outcomes = run(pipeline(tmp_path, ArithmeticEngine(), recognise=lambda job, content: 7 + job.order))
    assert [outcome.same_as for outcome in outcomes] == [7, 8, 9, 10]


@pytest.mark.parametrize("lanes", [1, 2])
def test_an_engine_that_fails_ends_the_run_with_its_error(tmp_path, lanes):
    make_photos(tmp_path, 40)
    with pytest.raises(EncodingError, match="the device is gone"):
        run(pipeline(tmp_path, FailingEngine(lanes=lanes)))


def test_a_stop_begins_no_further_file_and_loses_none_that_was_begun(tmp_path):
    make_photos(tmp_path, 60)
    begun = []

    def note(job, content):
        begun.append(job.order)

    line = pipeline(tmp_path, ArithmeticEngine(), recognise=note)
    finished = []
    with line:
        for outcome in line.outcomes():
            if outcome is not None:
                finished.append(outcome.job.order)
                line.stop()
    assert sorted(finished) == sorted(begun)
    assert len(finished) < 60


def test_a_run_that_is_left_early_leaves_no_thread(tmp_path):
    make_photos(tmp_path, 60)
    line = pipeline(tmp_path, ArithmeticEngine(batch=2))
    with line:
        next(line.outcomes())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_outcomes_say_none_while_there_is_nothing(tmp_path):
    make_photos(tmp_path, 1)
    go = threading.Event()

    def wait(job, content):
        go.wait(20)

    line = pipeline(tmp_path, ArithmeticEngine(), recognise=wait)
    with line:
        outcomes = line.outcomes()
        assert next(outcomes) is None
        go.set()
        assert [outcome for outcome in outcomes if outcome is not None and outcome.decoded]


def test_outputs_do_not_hold_on_to_pixels(tmp_path):
    make_photos(tmp_path, 1)
    (outcome,) = run(pipeline(tmp_path, ArithmeticEngine()))
    assert not any(
        isinstance(value, np.ndarray) and value.nbytes > 10_000
        for value in (getattr(outcome.decoded, name) for name in outcome.decoded.__slots__)
    )
