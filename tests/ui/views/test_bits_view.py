import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from hashviewer import codes as packed
from hashviewer.selection import Selection
from hashviewer.statistics import bit_statistics
from hashviewer.statistics.summary import summarize
from hashviewer.ui.theme import theme
from hashviewer.ui.views import BitsView
from hashviewer.ui.views.bits import summary_text
from hashviewer.ui.views.reading import signed
from hashviewer.ui.views.shading import SHADES, shade

SIZE = (460, 340)
BALANCE, MARGINS, CORRELATION = range(3)


@pytest.fixture
def bits_view(open_view, settled):
    def opened(tab=BALANCE):
        view = open_view(BitsView, SIZE)
        view.deck.tabs.setCurrentIndex(tab)
        settled()
        return view

    return opened


def click(qtbot, plot, x, y):
    spot = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(x, y)))
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def differing(explorer, workspace, row):
    code = packed.unpack(explorer.query.code, 36) ^ packed.unpack(workspace.code_of(row, explorer.codes), 36)
    return np.flatnonzero(code).tolist()


def test_without_codes_it_says_what_would_fill_it(open_view, explorer):
    explorer.codes = None
    view = open_view(BitsView, SIZE)
    assert view.empty.isVisible()
    assert view.balance is None


def test_bars_are_the_balance_of_each_bit(bits_view, workspace, explorer):
    view = bits_view()
    expected = workspace.bit_statistics(explorer.codes)
    assert view.balance.balance.tops == pytest.approx(expected.balance)
    assert view.balance.entropy.places.tolist() == list(range(36))


def test_a_dead_bit_is_drawn_in_the_warnings_colour(qtbot):
    from hashviewer.ui.views.bit_plots import BalancePlot

    ones = np.random.default_rng(0).random((50, 9)) < 0.5
    ones[:, 4] = True
    plot = BalancePlot()
    qtbot.addWidget(plot)
    plot.draw(bit_statistics(packed.pack(ones), 9), bit=None, differing=(), stale=False)
    assert np.flatnonzero(np.isfinite(plot.dead.tops)).tolist() == [4]
    assert np.isnan(plot.balance.tops[4])
    assert plot.dead.color == theme().warning


def test_the_sentence_sums_up_the_code_set(bits_view, workspace, explorer):
    view = bits_view()
    summary = summarize(workspace.bit_statistics(explorer.codes))
    assert view.line.text() == summary_text(summary)
    assert view.line.text().startswith(f"36 bits: mean balance {summary.balance:.2f}, entropy")
    assert f"pair {summary.pair[0]} × {summary.pair[1]}: " in view.line.text()


def test_margins_are_the_querys_outputs(bits_view, ask, explorer):
    ask(5)
    view = bits_view(MARGINS)
    assert view.margins.query.tops == pytest.approx(explorer.query.outputs)
    assert view.margins.query.color == theme().accent


def test_without_a_query_the_margins_say_what_would_fill_them(bits_view):
    view = bits_view(MARGINS)
    assert view.line.text() == "Ask with a photo to see the margins of its bits."


def test_the_selected_photos_outputs_are_ringed(bits_view, ask, explorer, workspace, settled):
    matches = ask(5)
    view = bits_view(MARGINS)
    row = int(matches.rows[4])
    explorer.selection = Selection.of([row])
    settled()
    x, y = view.margins.other._item.getData()
    assert x.tolist() == list(range(36))
    assert y == pytest.approx(workspace.outputs_of(row, explorer.codes))


@pytest.mark.parametrize(("tab", "name"), [(BALANCE, "balance"), (MARGINS, "margins")])
def test_differing_bits_have_a_dot(bits_view, ask, explorer, workspace, tab, name):
    matches = ask(5)
    view = bits_view(tab)
    row = int(matches.rows[6])
    explorer.selection = Selection.of([row])
    assert getattr(view, name).marks.places.tolist() == differing(explorer, workspace, row)
    explorer.selection = Selection()
    assert getattr(view, name).marks.places.tolist() == []


@pytest.mark.parametrize("tab", [BALANCE, MARGINS, CORRELATION])
def test_a_click_puts_a_bit_in_focus(qtbot, bits_view, ask, explorer, tab):
    ask(5)
    view = bits_view(tab)
    click(qtbot, view.deck.in_sight[0], 11, 3 if tab == CORRELATION else 0.3)
    assert explorer.bit == 11
    assert view.deck.in_sight[0].focused == 11


def test_arrow_keys_move_the_bit_in_focus(qtbot, bits_view, explorer):
    view = bits_view()
    qtbot.keyClick(view.balance, Qt.Key.Key_Right)
    assert explorer.bit == 0
    qtbot.keyClick(view.balance, Qt.Key.Key_Right)
    assert explorer.bit == 1
    explorer.bit = 35
    qtbot.keyClick(view.balance, Qt.Key.Key_Right)
    assert explorer.bit == 35


def test_a_bit_from_elsewhere_is_framed_here(bits_view, explorer):
    view = bits_view()
    explorer.bit = 20
    assert view.balance.focused == 20
    assert view.balance.focus_band.getRegion() == (19.5, 20.5)
    explorer.bit = 200  # of a longer code that was open before
    assert view.balance.focused is None


def test_hovering_the_map_reads_out_the_pair(bits_view, workspace, explorer, move_mouse):
    view = bits_view(CORRELATION)
    spot = view.heat.mapFromScene(view.heat.getViewBox().mapViewToScene(QPointF(3, 17)))
    move_mouse(view.heat.viewport(), spot)
    value = workspace.bit_statistics(explorer.codes).correlation[3, 17]
    assert view.heat.readout == f"bit 3 × bit 17: {signed(value)}"


def test_hovering_a_bar_reads_out_balance_and_entropy(bits_view, workspace, explorer, move_mouse):
    view = bits_view()
    spot = view.balance.mapFromScene(view.balance.getViewBox().mapViewToScene(QPointF(8, 0.2)))
    move_mouse(view.balance.viewport(), spot)
    statistics = workspace.bit_statistics(explorer.codes)
    assert view.balance.readout == (
        f"bit 8: {statistics.balance[8]:.1%} ones, entropy {statistics.entropy[8]:.2f}"
    )


def test_the_map_is_symmetric_about_no_correlation():
    matrix = np.array([[1.0, -0.4, 0.0], [-0.4, 1.0, 0.4], [0.0, 0.4, 1.0]], dtype=np.float32)
    shaded = shade(matrix)
    middle = SHADES // 2
    assert shaded.extent == pytest.approx(0.4)
    assert shaded.indices.tolist() == [[middle, 0, middle], [0, middle, 254], [middle, 254, middle]]


def test_independent_bits_look_calm():
    shaded = shade(np.eye(8, dtype=np.float32) + 0.01)
    assert shaded.extent == pytest.approx(0.2)
    assert np.abs(shaded.indices.astype(int) - SHADES // 2).max() < 10


@pytest.mark.parametrize("dark", [True, False])
def test_the_map_shades_from_blue_through_the_ground_to_orange(dark):
    from hashviewer.ui.theme import DARK, LIGHT
    from hashviewer.ui.views.heat_map import diverging

    present = DARK if dark else LIGHT
    colors = diverging(present).astype(int)
    assert tuple(colors[SHADES // 2]) == present.surface.getRgb()[:3]
    assert colors[0, 2] > colors[0, 0]
    assert colors[-1, 0] > colors[-1, 2]


def test_only_the_tab_in_sight_is_drawn(bits_view, ask):
    ask(5)
    view = bits_view(BALANCE)
    assert len(view.margins.query.tops) == 0
    view.deck.tabs.setCurrentIndex(MARGINS)
    assert len(view.margins.query.tops) == 36


def test_a_grown_library_is_counted_again(bits_view, explorer, workspace, monkeypatch, settled):
    view = bits_view()
    before = view.facts
    explorer.library_grew.emit()
    settled()
    assert view.facts is not before


def test_another_code_set_shows_nothing_of_the_one_before(bits_view, explorer):
    view = bits_view()
    explorer.codes = "gone"
    assert view.facts is None
    assert view.line.text() == "Counting bits …"


def test_an_error_is_said_in_the_view(bits_view, explorer, settled):
    view = bits_view()
    explorer.codes = "gone"
    settled()
    assert "no code set" in view.line.text()


def test_hidden_it_counts_nothing(open_view, explorer, tasks, ask):
    view = open_view(BitsView, SIZE, shown=False)
    ask(5)
    assert not tasks.busy
    assert view.balance is None


def test_all_plots_are_shown_where_there_is_height(bits_view, ask, settled):
    ask(5)
    view = bits_view()
    assert view.deck.in_sight == (view.balance,)
    assert view.deck.tabs.isVisible()
    view.resize(460, 800)
    settled()
    assert view.deck.in_sight == (view.balance, view.margins, view.heat, view.weights)
    assert not view.deck.tabs.isVisible()
    assert all(plot.isVisible() for plot in view.deck.in_sight)
    assert len(view.margins.query.tops) == 36
    view.resize(460, 300)
    assert view.deck.in_sight == (view.balance,)
    assert not view.margins.isVisible()


@pytest.mark.parametrize(("value", "text"), [(0.418, "+0.42"), (-0.418, "−0.42"), (0.0, "+0.00")])
def test_numbers_carry_their_sign(value, text):
    assert signed(value) == text
