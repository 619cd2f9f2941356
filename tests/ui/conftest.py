"""A console over a small database, on no screen at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("PySide6", reason="the console's extra is not installed")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.ui.floor import Floor, make_floor


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """A database with parts that wait, and consoles on it."""
    made = make_floor(tmp_path)
    yield made
    made.close()
