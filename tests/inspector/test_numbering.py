"""Skipped frame numbers are missing when it is certain, each once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspector.numbering import NumberWatch

LATER_NS = 10_000_000_000


def missing(watch: NumberWatch, numbers: list[int]) -> list[tuple[int, int]]:
    gone = [run for number in numbers for run in watch.saw(number, 1, 0)]
    gone += watch.overdue(LATER_NS)
    return [(run.first, run.last) for run in gone]


def test_a_number_that_never_comes_is_missing_once() -> None:
    assert missing(NumberWatch(), [1, 2, 5, 6]) == [(3, 4)]


def test_a_frame_that_comes_late_is_not_missing() -> None:
    assert missing(NumberWatch(), [1, 4, 3, 5]) == [(2, 2)]


def test_so_many_later_ones_make_it_certain_at_once() -> None:
    watch = NumberWatch(within=3)
    watch.saw(1, 1, 0)
    assert not watch.saw(3, 1, 0)
    assert not watch.saw(4, 1, 0)
    assert [run.first for run in watch.saw(5, 1, 0)] == [2]


def test_what_was_known_before_goes_on() -> None:
    watch = NumberWatch([10, 12])
    assert not watch.overdue(LATER_NS), "the frame may still be in the topic"
    assert missing(watch, [13]) == [(11, 11)]


def test_a_counter_that_begins_anew_is_no_gap() -> None:
    assert missing(NumberWatch([50_000]), [0, 1, 2]) == []


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False))
def test_in_any_order_exactly_the_numbers_between_are_missing(
    numbers: set[int], shuffler: object
) -> None:
    first, *rest = sorted(numbers)
    order = list(rest)
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    gone = missing(NumberWatch(within=1000), [first, *order])
    found = {each for low, high in gone for each in range(low, high + 1)}
    assert found == set(range(first, max(numbers))) - numbers
