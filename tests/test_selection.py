from hashviewer.selection import Combine, Selection


def test_a_selection_is_ascending_without_doubles_and_its_current_row_is_the_first_given():
    selection = Selection.of([7, 3, 7])
    assert (selection.rows, selection.current) == ((3, 7), 7)


def test_replacing_forgets_what_was_selected():
    assert Selection.of([1, 2]).combined([5], Combine.REPLACE) == Selection.of([5])


def test_adding_keeps_what_was_selected_and_moves_the_current_row():
    assert Selection.of([1, 2]).combined([5], Combine.ADD) == Selection((1, 2, 5), 5)


def test_toggling_twice_gives_back_the_rows():
    once = Selection.of([1, 2]).combined([2, 9], Combine.TOGGLE)
    assert once.rows == (1, 9)
    assert once.combined([2, 9], Combine.TOGGLE).rows == (1, 2)


def test_the_current_row_is_never_one_that_is_not_selected():
    gone = Selection.of([4]).combined([4], Combine.TOGGLE)
    assert (gone.rows, gone.current) == ((), None)
