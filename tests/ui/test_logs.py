import logging
import sys

import pytest

from hashviewer.ui.logs import catch_unforeseen, write_log


@pytest.fixture
def package_log():
    log = logging.getLogger("hashviewer")
    before, level = list(log.handlers), log.level
    yield log
    for handler in log.handlers[:]:
        if handler not in before:
            log.removeHandler(handler)
            handler.close()
    log.setLevel(level)


def test_details_go_to_the_log_file(tmp_path, package_log):
    path = tmp_path / "logs" / "hashviewer.log"
    write_log(path)
    try:
        raise ValueError("café \udce9")
    except ValueError:
        package_log.exception("did not work")
    text = path.read_text(encoding="utf-8", errors="replace")
    assert "did not work" in text
    assert "Traceback" in text


def test_an_exception_that_nobody_caught_becomes_a_sentence(monkeypatch, package_log):
    told = []
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    catch_unforeseen(told.append)
    error = RuntimeError("surprise")
    sys.excepthook(type(error), error, None)
    assert told == ["Something went wrong: RuntimeError: surprise. The details are in the log file."]


def test_without_a_writable_folder_there_is_no_log_but_no_error_either(tmp_path, package_log):
    blocked = tmp_path / "file"
    blocked.write_text("")
    before = list(package_log.handlers)
    write_log(blocked / "hashviewer.log")
    assert package_log.handlers == before
    assert blocked.read_text() == ""
