import subprocess
import sys

import pytest

from hashviewer.ui.views import BitsView, RadiusView, plot_loading


@pytest.fixture
def not_loaded(monkeypatch):
    monkeypatch.setattr(plot_loading, "_loaded", [])


def test_importing_the_views_imports_neither_torch_nor_pyqtgraph():
    code = "import sys, hashviewer.ui.views; print([m for m in ('torch', 'pyqtgraph', 'faiss') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "[]"


def test_while_the_plots_load_the_radius_view_says_its_figures(not_loaded, open_view, ask, tasks, settled):
    matches = ask(5)
    view = open_view(RadiusView, shown=False)
    view.show()
    assert view.plot is None
    assert view.within_line.text() == f"Radius 0: {matches.within(0)} of {matches.total} photos"
    assert tasks.runs("import-plots-radius")
    settled()
    assert view.plot is not None


def test_the_bits_are_drawn_once_the_plots_are_loaded(not_loaded, open_view, settled):
    view = open_view(BitsView, shown=False)
    view.show()
    assert view.balance is None
    settled()
    assert len(view.balance.balance.tops) == 36


def test_two_views_may_wait_for_the_plots(not_loaded, open_view, ask, settled):
    ask(5)
    radius, bits = open_view(RadiusView, shown=False), open_view(BitsView, shown=False)
    radius.show()
    bits.show()
    settled()
    assert radius.plot is not None
    assert bits.balance is not None
