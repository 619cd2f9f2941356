"""How many threads a graph gets."""

from __future__ import annotations

import os

import pytest

from inspector.errors import InputError
from inspector.model.sessions import threads_for


@pytest.mark.parametrize(
    ("cores", "wanted"), [(1, 1), (2, 1), (4, 2), (8, 4), (64, 4), (None, 1)]
)
def test_half_of_the_cores_are_left_to_the_others(
    cores: int | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECTOR_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert threads_for(large=True) == wanted
    assert threads_for(large=False) == 1


def test_another_number_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", "3")
    assert threads_for(large=True) == 3
    assert threads_for(large=False) == 1


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads_is_refused(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", asked)
    with pytest.raises(InputError, match="INSPECTOR_THREADS"):
        threads_for(large=True)
