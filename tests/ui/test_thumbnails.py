import pytest
from library_making import draw_picture

from hashviewer.library import Library
from hashviewer.ui import thumbnails as module
from hashviewer.ui.thumbnails import Thumbnails


@pytest.fixture
def library(library_path):
    library = Library.open(library_path)
    yield library
    library.close()


@pytest.fixture
def thumbnails(qapp, library):
    cache = Thumbnails()
    cache.set_library(library)
    yield cache
    cache.shutdown()


def test_a_thumbnail_is_asked_for_and_then_there(qtbot, thumbnails):
    with qtbot.waitSignal(thumbnails.ready) as ready:
        assert thumbnails.pixmap(7) is None
    assert ready.args == [7]
    assert (thumbnails.pixmap(7).width(), thumbnails.pixmap(7).height()) == (120, 90)


def test_thumbnails_are_scaled_down_to_the_edge_asked_for(qtbot, thumbnails):
    thumbnails.edge = 60
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.prefetch([3])
    assert thumbnails.pixmap(3).width() == 60


def test_a_larger_edge_brings_a_sharper_one_and_shows_the_old_meanwhile(qtbot, thumbnails):
    thumbnails.edge = 60
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.prefetch([3])
    thumbnails.edge = 100
    with qtbot.waitSignal(thumbnails.ready):
        assert thumbnails.pixmap(3).width() == 60
    assert thumbnails.pixmap(3).width() == 100


def test_the_cache_stays_below_its_limit(qtbot, thumbnails, monkeypatch):
    monkeypatch.setattr(module, "LIMIT_BYTES", 5 * 120 * 90 * 4)
    thumbnails.prefetch(list(range(20)))
    qtbot.waitUntil(lambda: thumbnails.settled)
    kept = [row for row in range(20) if thumbnails.peek(row) is not None]
    assert 1 <= len(kept) <= 5


def test_what_the_viewport_has_passed_is_forgotten_but_not_what_views_asked():
    requests = module._Requests()
    requests.push([1, 2, 3], passing=True)
    requests.push([3, 4], passing=False)
    requests.forget_passing()
    assert [requests.take(), requests.take()] == [4, 3]
    assert not requests.empty  # both are being decoded
    requests.delivered()
    requests.delivered()
    assert requests.empty


def test_the_newest_request_is_decoded_first():
    requests = module._Requests()
    requests.push([1, 2], passing=True)
    requests.push([3], passing=True)
    assert [requests.take() for _ in range(3)] == [3, 2, 1]


def test_a_row_without_a_picture_is_known_as_broken(qtbot, thumbnails, library, monkeypatch):
    monkeypatch.setattr(type(library), "thumbnail", lambda self, row: b"no picture")
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.prefetch([0])
    assert thumbnails.is_broken(0)
    assert thumbnails.pixmap(0) is None


def test_another_library_forgets_everything(qtbot, thumbnails):
    with qtbot.waitSignal(thumbnails.ready):
        thumbnails.prefetch([1])
    thumbnails.set_library(None)
    assert thumbnails.peek(1) is None


def test_bytes_are_decoded_at_once(thumbnails):
    assert thumbnails.from_bytes(draw_picture(1, 1)).width() == 120
    assert thumbnails.from_bytes(b"nothing").isNull()
