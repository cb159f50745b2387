import gc
import sys
import threading

import pytest

from hashviewer.errors import SearchError
from hashviewer.progress import Cancelled
from hashviewer.ui.tasks import TaskQueue


@pytest.fixture
def tasks(qapp):
    queue = TaskQueue()
    yield queue
    queue.shutdown()


def test_a_result_comes_back_in_the_gui_thread(qtbot, tasks):
    got = []
    with qtbot.waitSignal(tasks.idle):
        tasks.run(
            "sum", lambda a, b: a + b, 1, 2, on_done=lambda x: got.append((x, threading.current_thread()))
        )
    assert got == [(3, threading.main_thread())]


def test_a_newer_task_under_a_key_drops_the_result_of_the_one_before(qtbot, tasks):
    got, go_on = [], threading.Event()
    tasks.run("key", lambda: go_on.wait(5) and "old", on_done=got.append)
    with qtbot.waitSignal(tasks.idle):
        tasks.run("key", lambda: "new", on_done=got.append)
    go_on.set()
    tasks.shutdown()
    tasks._take_outcomes()
    assert got == ["new"]


def test_cancelling_reaches_the_function_through_its_progress(qtbot, tasks):
    ended, began = [], threading.Event()

    def work(progress):
        try:
            while True:
                progress(1, 2)
                began.set()
        except Cancelled:
            ended.append("cancelled")
            raise

    tasks.run("work", work, pass_progress=True)
    began.wait(5)
    tasks.cancel("work")
    qtbot.waitUntil(lambda: ended == ["cancelled"])
    assert not tasks.busy


def test_a_stopped_task_still_delivers_what_it_has(qtbot, tasks):
    got = []

    def work(progress):
        done = 0
        try:
            while True:
                progress(done)
                done = 1
        except Cancelled:
            return "partial"

    tasks.run("index", work, on_done=got.append, pass_progress=True)
    tasks.stop("index")
    qtbot.waitUntil(lambda: got == ["partial"])


def test_progress_is_passed_on_and_the_last_report_is_not_lost(qtbot, tasks):
    reports = []
    with qtbot.waitSignal(tasks.idle):
        tasks.run(
            "count",
            lambda progress: [progress(i, 100, f"at {i}") for i in range(100)],
            on_progress=lambda *report: reports.append(report),
            pass_progress=True,
        )
    assert reports[-1] == (99, 100, "at 99")
    assert len(reports) < 50


def test_our_own_errors_are_told_as_they_are(qtbot, tasks):
    def fail():
        raise SearchError("Nothing to search: index photos first.")

    with qtbot.waitSignal(tasks.failed) as told:
        tasks.run("search", fail, label="Searching")
    assert told.args == ["Nothing to search: index photos first."]


def test_other_errors_are_put_into_a_sentence(qtbot, tasks):
    with qtbot.waitSignal(tasks.failed) as told:
        tasks.run("search", lambda: 1 / 0, label="Searching")
    assert told.args[0].startswith("Searching did not work: ZeroDivisionError")


def test_an_error_handler_gets_the_error_instead(qtbot, tasks):
    got = []
    with qtbot.assertNotEmitted(tasks.failed), qtbot.waitSignal(tasks.idle):
        tasks.run("search", lambda: 1 / 0, on_error=got.append)
    assert isinstance(got[0], ZeroDivisionError)


def test_a_callback_may_start_the_next_task_under_the_same_key(qtbot, tasks):
    got = []
    tasks.run("chain", lambda: 1, on_done=lambda _x: tasks.run("chain", lambda: 2, on_done=got.append))
    qtbot.waitUntil(lambda: got == [2])


def test_after_shutdown_no_worker_is_left_and_nothing_starts(qtbot, tasks):
    tasks.run("a", lambda: None)
    tasks.shutdown()
    tasks.run("b", lambda: None)
    assert not tasks.busy
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("task")]


def test_many_emits_keep_pythons_constants_alive(qtbot, tasks):
    gc.collect()  # what earlier tests left to be freed would count as lost
    before = sys.getrefcount(True)
    for number in range(100):
        tasks.run(str(number), lambda: True)
    qtbot.waitUntil(lambda: not tasks.busy)
    assert abs(sys.getrefcount(True) - before) < 50
