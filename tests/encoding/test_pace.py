from hashviewer.encoding.pace import Pace


def pace(total, times):
    ticks = iter(times)
    return Pace(total, clock=lambda: next(ticks))


def test_the_pace_is_told_as_photos_a_second_and_time_left():
    assert pace(1000, [0.0, 2.0]).message(428) == "214 photos/s, 3 s left"
    assert pace(100_000, [0.0, 1.0]).message(214) == "214 photos/s, 8 min left"
    assert pace(10_000_000, [0.0, 10.0]).message(1000) == "100 photos/s, 28 h left"
    assert pace(100, [0.0, 4.0]).message(10) == "2.5 photos/s, 36 s left"


def test_nothing_is_said_before_there_is_a_photo():
    assert pace(10, [0.0, 1.0]).message(0) == ""


def test_only_the_last_seconds_count():
    measured = pace(10_000, [0.0, 1.0, 30.0, 40.0])
    measured.message(1000)
    measured.message(1010)
    assert measured.message(1110) == "10 photos/s, 15 min left"
