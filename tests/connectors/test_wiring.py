"""The stations of a line, put together from settings and from recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.frames.capture import CapturedFrames
from connectors.frames.folder import PictureFolder
from connectors.frames.recording import ReplayedFrames
from connectors.logs.replay import ReplayedLog
from connectors.logs.tail import FollowedLog
from connectors.wiring import (
    Brain,
    Excerpt,
    Feed,
    assemble_line,
    live_feed,
    open_archive,
    replay_feed,
)
from inspector.account import Account
from inspector.errors import SettingsError
from inspector.queues import WhenFull
from inspector.settings import (
    DecisionRules,
    DriftRules,
    LineSettings,
    ModelSettings,
    RunSettings,
)
from inspector.storing import Archive
from inspector.types import Decision, LogContext
from tests.builders import a_verdict, some_scores
from tests.connectors.recorded import a_recording
from tests.inspector.line_fakes import FakeModel, PictureDrawer, VerdictShelf

LINE: dict[str, Any] = {
    "id": "poly",
    "takt_s": 2.0,
    "camera": "cam-1",
    "classes": ["good", "bad"],
}
RULES = DecisionRules(pass_below=0.3, reject_at=0.7, deadline_ms=60_000)


def the_settings(**changes: Any) -> RunSettings:
    values = LINE | {"frames": {"kind": "usb", "address": "0"}, "model": "model"}
    return RunSettings.model_validate(values | changes)


def a_brain(score: float = 0.1, rules: DecisionRules = RULES) -> Brain:
    return Brain(
        model=FakeModel(some_scores(score=score)),
        settings=ModelSettings(line="poly", branch="1", decisions=rules),
    )


def run_line(
    line: LineSettings, feed: Feed, shelf: VerdictShelf, brain: Brain | None = None
) -> Account:
    archive = Archive(
        verdicts=shelf, evidence=PictureDrawer(), encode_png=lambda _pixels: b""
    )
    return assemble_line(line, feed, brain or a_brain(), archive).run()


@pytest.mark.parametrize("pace", ["max", 200.0])
def test_a_recording_runs_end_to_end(tmp_path: Path, pace: Any) -> None:
    recording, shelf = a_recording(tmp_path, parts=6), VerdictShelf()
    feed = replay_feed(recording, Excerpt(pace=pace))
    account = run_line(recording.settings, feed, shelf)
    assert (account.parts, account.verdicts, account.faults) == (6, 6, {})
    rows = list(shelf.rows.values())
    assert {row.decision for row in rows} == {Decision.PASS}
    assert all(row.is_simulated for row in rows)
    assert [row.log_lines > 0 for row in rows] == [True] * 6


def test_parts_that_do_not_pass_leave_their_recorded_picture(tmp_path: Path) -> None:
    recording, shelf = a_recording(tmp_path, parts=2), VerdictShelf()
    feed = replay_feed(recording, Excerpt(pace="max"))
    run_line(recording.settings, feed, shelf, a_brain(score=0.9))
    assert [row.evidence for row in shelf.rows.values()] == ["00.png", "01.png"]


def test_an_excerpt_replays_what_it_names(tmp_path: Path) -> None:
    recording, shelf = a_recording(tmp_path, parts=6), VerdictShelf()
    feed = replay_feed(recording, Excerpt(pace="max", split="train", limit=2))
    run_line(recording.settings, feed, shelf)
    assert {key[2] for key in shelf.rows} == {0, 1}


def test_an_empty_excerpt_is_an_empty_account(tmp_path: Path) -> None:
    recording = a_recording(tmp_path)
    feed = replay_feed(recording, Excerpt(split="test"))
    account = run_line(recording.settings, feed, VerdictShelf())
    assert (account.parts, account.balances) == (0, True)


def test_a_recording_without_a_log_says_so_in_its_rows(tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    recording, shelf = a_recording(tmp_path / "rec"), VerdictShelf()
    (tmp_path / "rec/logs/line.log").unlink()
    recording = type(recording).load(tmp_path / "rec")
    feed = replay_feed(recording, Excerpt(pace="max"))
    assert feed.sources.log is None
    run_line(recording.settings, feed, shelf)
    contexts = {row.log_context for row in shelf.rows.values()}
    assert contexts == {LogContext.MISSING}


@pytest.mark.parametrize(
    ("frames", "kind", "when_full"),
    [
        ({"kind": "folder", "path": "in"}, PictureFolder, WhenFull.WAIT),
        ({"kind": "video", "address": "a.avi"}, CapturedFrames, WhenFull.WAIT),
        ({"kind": "usb", "address": "0"}, CapturedFrames, WhenFull.OVERFLOW),
        ({"kind": "rtsp", "address": "rtsp://x"}, CapturedFrames, WhenFull.OVERFLOW),
    ],
)
def test_settings_name_the_camera(
    frames: dict[str, Any], kind: type, when_full: WhenFull
) -> None:
    feed = live_feed(the_settings(frames=frames))
    assert isinstance(feed.sources.frames, kind)
    assert feed.sources.when_full is when_full
    assert feed.sources.log is None


def test_settings_name_the_log() -> None:
    feed = live_feed(the_settings(log={"kind": "tail", "path": "line.log"}))
    assert isinstance(feed.sources.log, FollowedLog)


def test_settings_may_name_a_recording(tmp_path: Path) -> None:
    a_recording(tmp_path)
    feed = live_feed(the_settings(frames={"kind": "recording", "path": str(tmp_path)}))
    assert isinstance(feed.sources.frames, ReplayedFrames)
    assert isinstance(feed.sources.log, ReplayedLog)


def test_a_recording_of_another_line_is_refused(tmp_path: Path) -> None:
    a_recording(tmp_path)
    frames = {"kind": "recording", "path": str(tmp_path)}
    with pytest.raises(SettingsError, match=r"line poly, but the settings are tile"):
        live_feed(the_settings(id="tile", frames=frames))


def the_hash(tmp_path: Path, line: LineSettings, brain: Brain | None = None) -> str:
    recording, shelf = a_recording(tmp_path, parts=1), VerdictShelf()
    run_line(line, replay_feed(recording, Excerpt(pace="max")), shelf, brain)
    return next(iter(shelf.rows.values())).settings_sha256


def test_rows_name_the_settings_that_decide_and_not_where_they_go(
    tmp_path: Path,
) -> None:
    plain = the_hash(tmp_path / "a", LineSettings.model_validate(LINE))
    run = the_hash(tmp_path / "b", the_settings(database="sqlite:///other.db"))
    assert run == plain
    stricter = a_brain(rules=RULES.model_copy(update={"reject_at": 0.6}))
    line = LineSettings.model_validate(LINE)
    assert the_hash(tmp_path / "c", line, stricter) != plain


def a_drift(**changes: Any) -> DriftRules:
    """Rules that hold ten parts with any score but 0.5 for a shift that moved."""
    statistic = {"name": "score", "tenths": [0.0] * 10, "noticed_at": 1.0}
    limits = {"limit_down": 1.0, "limit_up": 1.0}
    values = {"parts": 10, "statistics": [statistic | limits]}
    return DriftRules.model_validate(values | changes)


@pytest.mark.parametrize(
    ("drift", "reviewed"),
    [(None, 0), (a_drift(enabled=False), 0), (a_drift(), 5), (a_drift(parts=20), 0)],
)
def test_a_shift_that_has_moved_is_left_to_a_person_if_that_is_wanted(
    tmp_path: Path, drift: DriftRules | None, reviewed: int
) -> None:
    recording, shelf = a_recording(tmp_path, parts=14), VerdictShelf()
    brain = a_brain(score=0.1)
    settings = brain.settings.model_copy(update={"drift": drift})
    feed = replay_feed(recording, Excerpt(pace="max"))
    account = run_line(
        recording.settings, feed, shelf, Brain(model=brain.model, settings=settings)
    )
    assert account.verdict_faults == ({"drift": reviewed} if reviewed else {})
    assert account.decisions.get("REVIEW", 0) == reviewed
    assert account.balances


def test_an_archive_is_made_or_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'v.db'}"
    with pytest.raises(SettingsError, match=r"run  inspector db upgrade --database "):
        open_archive(url, tmp_path / "evidence", upgrade=False)
    assert list(tmp_path.iterdir()) == [], "a refusal leaves nothing behind"
    open_archive(url, tmp_path / "evidence", upgrade=True).verdicts.close()
    archive = open_archive(url, tmp_path / "evidence", upgrade=False)
    assert archive.verdicts.store([a_verdict()]).inserted == 1
    archive.verdicts.close()
