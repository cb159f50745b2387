from hypothesis import given
from hypothesis import strategies as st

from hashviewer.ui.history import LIMIT, History


def test_back_and_forward_lead_along_the_trail():
    trail = History().after("a").after("b").after("c")
    assert trail.back().present == "b"
    assert trail.back().back().present == "a"
    assert trail.back().back().forward().present == "b"


def test_a_new_step_forgets_what_lay_ahead():
    trail = History().after("a").after("b").back().after("c")
    assert trail.steps == ("a", "c")
    assert not trail.can_go_forward


def test_the_present_step_can_take_another_form():
    assert History().after("a").after("b").back().with_present("A").steps == ("A", "b")


@given(st.lists(st.sampled_from(["new", "back", "forward"]), max_size=60))
def test_a_history_behaves_like_two_stacks(moves):
    trail, behind, ahead = History(), [], []
    present = None
    for number, move in enumerate(moves):
        if move == "new":
            trail = trail.after(number)
            behind += [] if present is None else [present]
            present, ahead = number, []
        elif move == "back":
            trail = trail.back()
            if behind:
                ahead.append(present)
                present = behind.pop()
        else:
            trail = trail.forward()
            if ahead:
                behind.append(present)
                present = ahead.pop()
        assert trail.present == present
        assert (trail.can_go_back, trail.can_go_forward) == (bool(behind), bool(ahead))


def test_the_trail_is_limited_and_keeps_the_newest():
    trail = History()
    for number in range(LIMIT + 5):
        trail = trail.after(number)
    assert len(trail.steps) == LIMIT
    assert trail.present == LIMIT + 4
