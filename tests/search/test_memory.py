"""Memory of results that nobody holds is used again, that of others never."""

import threading

import numpy as np

from hashviewer.search import memory


def test_a_result_that_is_held_keeps_its_memory():
    first = memory.empty(3_000_000, np.uint16)
    part = first[5:7]
    first[:] = 7
    del first
    second = memory.empty(3_000_000, np.uint16)
    second[:] = 9
    assert part.tolist() == [7, 7]
    assert not np.shares_memory(part, second)


def test_memory_that_nobody_holds_is_used_again():
    first = memory.empty(6_000_000, np.uint8)
    place = first.ctypes.data
    del first
    assert memory.empty(3_000_000, np.uint16).ctypes.data == place


def test_rooms_are_few():
    for size in range(5_000_000, 9_000_000, 1_000_000):
        memory.empty(size, np.uint8)
    assert [room.nbytes for room in memory._kept.rooms] == [7_000_000, 8_000_000]


def test_a_much_smaller_result_does_not_hold_the_memory_of_a_large_one():
    memory.empty(40_000_000, np.uint8)
    small = memory.empty(5_000_000, np.uint8)
    assert small.base.nbytes <= 10_000_000


def test_threads_get_memory_of_their_own():
    arrays = []

    def take():
        arrays.append(memory.empty(5_000_000, np.uint8))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({array.ctypes.data for array in arrays}) == 8
