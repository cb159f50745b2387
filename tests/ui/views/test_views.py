import pytest

from hashviewer.ui.dialogs.keys import all_keys
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.views import ALL


@pytest.mark.parametrize("view", ALL, ids=lambda view: view.key)
def test_every_view_has_a_name_of_its_own_and_lists_its_keys(view):
    assert [other.key for other in ALL].count(view.key) == 1
    assert [other.title for other in ALL].count(view.title) == 1
    listed = all_keys()
    for _, what in view.keys:
        assert what in listed
    assert view.keys


@pytest.mark.parametrize("view", ALL, ids=lambda view: view.key)
def test_every_view_listens_to_signals_that_there_are(view):
    assert view.redraw_on
    for name in view.redraw_on:
        assert hasattr(Explorer, name)


@pytest.mark.parametrize("view", ALL, ids=lambda view: view.key)
@pytest.mark.parametrize("size", [(170, 120), (280, 220), (1200, 900)], ids=str)
def test_every_view_draws_in_any_size_and_state(open_view, explorer, ask, settled, view, size):
    shown = open_view(view, size)
    shown.grab()
    ask(5)
    settled()
    shown.grab()
    explorer.query = None
    explorer.results = None
    explorer.codes = None
    explorer.workspace = None
    settled()
    assert not shown.grab().isNull()


@pytest.mark.parametrize("view", ALL, ids=lambda view: view.key)
def test_every_view_has_an_empty_state_that_says_what_would_fill_it(open_view, explorer, view):
    explorer.codes = None
    shown = open_view(view)
    assert shown.empty.isVisible()
    assert shown.empty.sentence.endswith(".")
