"""From a stored verdict to a page, and no page where the evidence does not fit."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.wiring import open_archive
from inspector.account import Tally
from inspector.commands import explain as command
from inspector.errors import InputError, InspectorError
from inspector.judge import Judge, Rulebook
from inspector.model.drawing import draw_rejected
from inspector.model.pictures import decode, encode_png
from inspector.settings import DecisionRules
from inspector.storing import Storekeeper
from inspector.types import Frame
from tests.builders import a_frame, a_window
from tests.inspector.commands.test_main import inspector
from tests.inspector.line_fakes import always_usable
from tests.inspector.telltale import TelltaleModel, a_picture, lines_adding
from tests.small_model import SmallModel

RULES = DecisionRules(pass_below=0.3, reject_at=0.7, deadline_ms=1e12)


@dataclass
class Station:
    """Two stored verdicts, of a part that was rejected and one that passed."""

    folder: Path

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'v.db'}"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def page(self) -> Path:
        return self.folder / "report.html"

    def judge(self, *more: Frame) -> None:
        archive = open_archive(self.database, self.evidence, upgrade=True)
        rules = Rulebook(
            decisions=RULES, settings_sha256="c" * 64, model_folder="models/poly"
        )
        judge = Judge(TelltaleModel(), decode, always_usable, rules=rules)
        judged = [
            judge.judge(
                a_window(
                    frame=a_frame(
                        frame_id=number, encoded=encode_png(a_picture(*spots))
                    ),
                    log_lines=lines_adding(*amounts),
                ),
                1_000_500_000,
            )
            for number, (spots, amounts) in enumerate(
                [([(1, 2)], (6.0, 0.5)), ([], (0.1,))], start=1
            )
        ]
        others = [a_window(frame=replace(frame, frame_id=9)) for frame in more]
        judged += [judge.judge(window, 1_000_500_000) for window in others]
        Storekeeper(archive, Tally()).store(judged)
        archive.verdicts.close()

    def explain(self, number: int = 1, **options: Any) -> str:
        wanted: dict[str, Any] = {
            "out": self.page,
            "database": self.database,
            "evidence": self.evidence,
            "model": None,
            "language": "en",
            "picture": None,
            "recording": None,
            "json": self.folder / "found.json",
        }
        command.explain(number, **wanted | options)
        return self.page.read_text()


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Station:
    monkeypatch.setattr(command, "_model", lambda *_: TelltaleModel())
    made = Station(tmp_path)
    made.judge()
    return made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_rejected_part_is_explained_from_what_was_kept(
    station: Station, language: str
) -> None:
    page = station.explain(language=language)
    assert "adds +6.0" in page
    found = json.loads((station.folder / "found.json").read_text())
    assert (found["decision"], found["judged_again"]) == ("REJECT", found["score"])
    first = found["flips"][0]
    assert (first["means"], first["lines"], first["is_smallest"]) == (
        "lines",
        [0],
        True,
    )
    assert found["reruns"] > 3


def only(folder: Path, kind: str) -> Path:
    (file,) = (each for each in folder.rglob(f"*{kind}") if each.is_file())
    return file


def test_an_altered_picture_is_refused(station: Station) -> None:
    only(station.evidence, ".png").write_bytes(encode_png(a_picture()))
    with pytest.raises(InputError, match="was altered"):
        station.explain()
    assert not station.page.exists()


def test_an_altered_window_is_refused(station: Station) -> None:
    window = only(station.evidence / "windows", ".json")
    window.write_text(window.read_text().replace("adds +6.0", "adds +3.0"))
    with pytest.raises(InspectorError, match="no explanation is given"):
        station.explain()


def test_a_window_that_is_gone_is_named(station: Station) -> None:
    only(station.evidence / "windows", ".json").unlink()
    with pytest.raises(InputError, match=r"windows/.*No such file"):
        station.explain()


def test_a_picture_that_is_gone_can_be_given_but_no_other(
    station: Station, tmp_path: Path
) -> None:
    kept = only(station.evidence, ".png")
    picture = tmp_path / "moved.png"
    kept.rename(picture)
    with pytest.raises(InputError, match="No such file"):
        station.explain()
    assert "adds +6.0" in station.explain(picture=picture)
    picture.write_bytes(encode_png(a_picture()))
    with pytest.raises(InputError, match="not the picture on record"):
        station.explain(picture=picture)


def test_a_part_that_passed_needs_its_recording(station: Station) -> None:
    with pytest.raises(InputError, match="with --model"):
        station.explain(2)
    with pytest.raises(InputError, match="with --recording"):
        station.explain(2, model=Path("models/poly"))


def test_a_part_whose_picture_was_damaged_is_reported_with_that_reason(
    tmp_path: Path,
) -> None:
    station = Station(tmp_path)
    station.judge(a_frame(encoded=b"\x89PNG damaged"))
    page = station.explain(3)
    assert "could not be judged (picture_kind)" in page
    assert "There is no picture of this part." in page


def test_a_verdict_that_is_not_there_is_refused(station: Station) -> None:
    with pytest.raises(InputError, match="verdict 99"):
        station.explain(99)


def test_the_sheet_of_a_rejected_part_fits_what_the_line_kept(station: Station) -> None:
    archive = open_archive(station.database, station.evidence, upgrade=False)
    assert archive.draw is draw_rejected
    archive.verdicts.close()


@pytest.mark.slow
def test_a_replayed_part_is_explained_by_its_real_model(
    small_model: SmallModel, tmp_path: Path
) -> None:
    recording, model = small_model.recording.folder, small_model.folder
    stored = (
        *("--database", f"sqlite:///{tmp_path / 'v.db'}"),
        *("--evidence", tmp_path / "e"),
    )
    done = inspector(
        *("replay", recording, "--model", model, *stored, "--rate", "max"),
        *("--json", tmp_path / "account.json"),
    )
    assert done.returncode == 0, done.stderr
    account = json.loads((tmp_path / "account.json").read_text())
    assert account["overlays"] + account["overlays_lost"] == account["decisions"].get(
        "REJECT", 0
    )
    # Passed parts come from the recording, all others from what was kept.
    for number in (1, 2, 3, 4):
        done = inspector(
            *("explain", number, "--out", tmp_path / "r.html", *stored),
            *("--model", model, "--recording", recording, "--language", "zh"),
        )
        assert done.returncode == 0, done.stderr
        assert "IS SIMULATED" in (tmp_path / "r.html").read_text()
    (model_elsewhere := tmp_path / "other").mkdir()
    done = inspector(
        *("explain", 1, "--out", tmp_path / "r.html", *stored),
        *("--model", model_elsewhere, "--recording", recording),
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
