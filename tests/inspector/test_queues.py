"""Queues between threads: the rule for when they are full, and their counts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from inspector.queues import BoundedQueue, QueueClosedError, QueueCounts, WhenFull

SOON_S = 5.0
"""Longer than anything here takes; only a broken queue gets there."""


def test_first_in_first_out() -> None:
    queue = BoundedQueue[int](3, WhenFull.WAIT)
    for number in range(3):
        queue.put(number)
    assert [queue.get(), *queue.take(9)] == [0, 1, 2]


def test_a_giver_waits_for_room() -> None:
    queue = BoundedQueue[int](1, WhenFull.WAIT)
    queue.put(1)
    with ThreadPoolExecutor() as pool:
        second = pool.submit(queue.put, 2)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.05)
        assert queue.get() == 1
        assert second.result(timeout=SOON_S) is None
    assert queue.counts() == QueueCounts(put=2, got=1, overflowed=0, high_water=1)


def test_an_overflow_hands_the_oldest_back() -> None:
    queue = BoundedQueue[int](2, WhenFull.OVERFLOW)
    assert [queue.put(number) for number in range(4)] == [None, None, 0, 1]
    assert queue.take(9) == [2, 3]
    assert queue.counts() == QueueCounts(put=4, got=2, overflowed=2, high_water=2)


def test_nothing_in_time_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        BoundedQueue[int](1, WhenFull.WAIT).get(timeout_s=0.01)


def test_a_taker_is_woken_by_a_put() -> None:
    queue = BoundedQueue[int](1, WhenFull.WAIT)
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(queue.get, SOON_S)
        queue.put(5)
        assert taken.result(timeout=SOON_S) == 5


def test_a_closed_queue_gives_what_waits_and_then_ends() -> None:
    queue = BoundedQueue[int](2, WhenFull.WAIT)
    queue.put(1)
    queue.close()
    queue.close()
    assert not queue.exhausted
    assert queue.get() == 1
    assert queue.exhausted
    with pytest.raises(QueueClosedError):
        queue.get()


@pytest.mark.parametrize("when_full", WhenFull)
def test_a_closed_queue_takes_nothing(when_full: WhenFull) -> None:
    queue = BoundedQueue[int](2, when_full)
    queue.close()
    with pytest.raises(QueueClosedError):
        queue.put(1)
    assert queue.counts().put == 0


def test_closing_releases_a_waiting_giver_who_keeps_the_item() -> None:
    queue = BoundedQueue[int](1, WhenFull.WAIT)
    queue.put(1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(queue.put, 2)
        queue.close()
        with pytest.raises(QueueClosedError):
            waiting.result(timeout=SOON_S)
    assert queue.take(9) == [1]


def test_take_stops_at_its_limit_and_makes_room() -> None:
    queue = BoundedQueue[int](3, WhenFull.OVERFLOW)
    for number in range(3):
        queue.put(number)
    assert queue.take(2) == [0, 1]
    assert queue.take(0) == []
    assert queue.put(3) is None


def test_the_bell_rings_for_an_item_and_for_the_end() -> None:
    bell = threading.Event()
    queue = BoundedQueue[int](1, WhenFull.WAIT, bell)
    assert not bell.is_set()
    queue.put(1)
    assert bell.is_set()
    bell.clear()
    queue.close()
    assert bell.is_set()


def test_a_queue_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        BoundedQueue[int](0, WhenFull.WAIT)


def test_no_item_is_lost_or_doubled_between_threads() -> None:
    queue = BoundedQueue[int](3, WhenFull.WAIT)

    def give(first: int) -> None:
        for number in range(first, first + 500):
            queue.put(number)

    with ThreadPoolExecutor() as pool:
        givers = [pool.submit(give, first) for first in (0, 500, 1000)]
        taken = [queue.get(SOON_S) for _ in range(1500)]
        for giver in givers:
            giver.result(timeout=SOON_S)
    assert sorted(taken) == list(range(1500))
    assert queue.counts().high_water <= 3
