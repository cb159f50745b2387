import threading

import pytest

from hashviewer.encoding.waiting import wait_for
from hashviewer.errors import EncodingError
from hashviewer.progress import Cancelled


def test_the_result_and_the_error_of_a_slow_call_arrive():
    told = []
    assert wait_for(lambda: 7, meanwhile=lambda: told.append(1)) == 7
    assert told

    def failing():
        raise EncodingError("It failed.")

    with pytest.raises(EncodingError, match=r"It failed\."):
        wait_for(failing, meanwhile=lambda: None)


def test_a_stop_does_not_wait_for_the_call():
    end, told = threading.Event(), []

    def stop_the_third_time():
        told.append(1)
        if len(told) == 3:
            raise Cancelled

    try:
        with pytest.raises(Cancelled):
            wait_for(end.wait, meanwhile=stop_the_third_time)
    finally:
        end.set()
