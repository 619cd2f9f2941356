"""The operator's keys in a real window, on a virtual screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.screen
_TESTS = Path(__file__).parent / "test_console.py"


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual screen of 1280x800 with a window manager, so that keys find focus."""
    if not (shutil.which("Xvfb") and shutil.which("openbox")):
        pytest.skip("Xvfb and openbox are not installed")
    reading, writing = os.pipe()
    screen = subprocess.Popen(  # noqa: S603
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24"],  # noqa: S607
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"],  # noqa: S607
        env=os.environ | {"DISPLAY": name},
        stderr=subprocess.DEVNULL,
    )
    yield name
    for each in (manager, screen):
        each.terminate()
        each.wait(10)


def test_keys_and_codes_in_a_real_window(display: str) -> None:
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    chosen = [str(_TESTS), "-k", "one_key or scanned_code"]
    environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(  # noqa: S603
        [*asked, *chosen], env=environment, capture_output=True, text=True, check=False
    )
    assert "2 passed" in done.stdout, done.stdout[-2000:] + done.stderr[-500:]
