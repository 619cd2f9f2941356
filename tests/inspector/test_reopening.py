"""A part is put together again as it was judged, or not at all."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from inspector.errors import InputError, InspectorError
from inspector.reopening import (
    require_model,
    require_picture,
    require_same_score,
    require_settings,
    row_in,
    window_from,
)
from tests.builders import a_verdict
from tests.connectors.recorded import START_NS, a_recording

MODEL = Path("models/poly")


@pytest.mark.parametrize(
    ("trunk", "branch", "said"),
    [
        ("d" * 64, "b" * 64, rf"trunk is {'d' * 64}\n.* trunk {'a' * 64} "),
        ("a" * 64, "d" * 64, rf"branch is {'d' * 64}\n.* branch {'b' * 64} "),
    ],
)
def test_another_model_is_refused_and_the_right_one_named(
    trunk: str, branch: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        require_model(a_verdict(), MODEL, trunk_sha256=trunk, branch_sha256=branch)


def test_the_model_of_the_verdict_is_taken() -> None:
    require_model(a_verdict(), MODEL, trunk_sha256="a" * 64, branch_sha256="b" * 64)


def test_other_settings_are_refused() -> None:
    require_settings(a_verdict(), MODEL, "c" * 64)
    with pytest.raises(InputError, match=rf"dddddddddddd together, .* {'c' * 64}"):
        require_settings(a_verdict(), MODEL, "d" * 64)


def test_another_picture_is_refused() -> None:
    name = sha256(b"picture").hexdigest()
    verdict = a_verdict(evidence=f"{name[:2]}/{name}.png")
    require_picture(verdict, Path("p.png"), b"picture")
    with pytest.raises(InputError, match="is not the picture on record"):
        require_picture(verdict, Path("p.png"), b"another")
    require_picture(a_verdict(evidence=None), Path("p.png"), b"another")


def test_a_part_that_is_judged_otherwise_now_is_not_explained() -> None:
    require_same_score(a_verdict(score=0.1), 0.1001)
    for score in (0.2, float("nan")):
        with pytest.raises(InspectorError, match="no explanation is given"):
            require_same_score(a_verdict(score=0.1), score)


def test_a_recorded_part_gets_the_window_it_had(tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "r")
    verdict = a_verdict(frame_id=2, captured_ns=START_NS + 4_000_000_000)
    row = row_in(recording, verdict)
    window = window_from(recording, row)
    assert window.frame.serial == "A2"
    assert [line.text for line in window.log_lines] == [
        f"A{number} pressed" for number in range(4)
    ]


def test_a_part_of_another_recording_is_not_there(tmp_path: Path) -> None:
    recording = a_recording(tmp_path / "r")
    sound = a_verdict(frame_id=0, captured_ns=START_NS)
    assert row_in(recording, sound).frame_id == 0
    for changes in ({"line": "tile"}, {"frame_id": 99}, {"captured_ns": 5}):
        with pytest.raises(InputError, match="has no part"):
            row_in(recording, replace(sound, **changes))
