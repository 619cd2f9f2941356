"""Changes on purpose: what they do to a part, and what is counted of them."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomli_w
import typer
from typer.testing import CliRunner

from bench.drift import Change, Finding, Trial, changes, drift_section, main, watch
from inspector.drift import Harmless, Numbers, describe, learn_drift_rules
from inspector.errors import InputError
from inspector.recording import Recording
from inspector.settings import STATISTICS, DecisionRules, DriftRules, ModelSettings
from inspector.shifts import samples_of
from inspector.simulation.lines import simulate_line
from inspector.types import LogContext, Pixels, Sample, Scores
from tests.builders import a_log_line, a_window, some_scores
from tests.inspector.line_fakes import FakeModel
from tests.small_model import LINE, SmallModel

PARTS = 10
THRESHOLDS = DecisionRules(pass_below=0.3, reject_at=0.6)
SHARPNESS = STATISTICS.index("sharpness")
app = typer.Typer()
app.command()(main)


def a_picture() -> Pixels:
    rng = np.random.default_rng(0)
    return rng.normal(120, 25, (64, 64)).clip(0, 255).astype(np.uint8)


def a_sample(text: str) -> Sample:
    lines = (a_log_line(text=text),)
    return Sample(window=a_window(log_lines=lines), pixels=a_picture())


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("drift") / "metal"
    simulate_line(folder, "metal", parts=200, seed=3)
    return Recording.load(folder)


def by_the_log_alone(sample: Sample) -> Scores:
    """Pass every part that has a log."""
    return some_scores(score=0.1 if sample.window.log_lines else 0.5)


def by_the_lamp_alone(sample: Sample) -> Scores:
    """Reject whatever is dark."""
    assert sample.pixels is not None
    return some_scores(score=0.9 if sample.pixels.mean() < 100 else 0.1)


def learned(recording: Recording) -> DriftRules:
    shifts = [
        np.array([describe(sample, some_scores()) for sample in samples])
        for samples in (samples_of(recording, "train"), samples_of(recording, "val"))
    ]
    rules = learn_drift_rules(shifts, Harmless(), PARTS)
    assert rules is not None
    return rules


def labels(recording: Recording, split: str) -> list[bool]:
    return [row.label != "good" for row in recording.select(split)]


def found_of(trial: Trial, wanted: dict[str, Change]) -> dict[str, Finding]:
    return {each.name: each for each in trial.run(wanted)}


def test_readings_go_up_and_serials_and_whole_numbers_stay() -> None:
    change = changes()["readings up by 4%"]
    changed = change(a_sample("P0004107 vacuum 75.0 kPa step 3 of 12, drag 0.50"))
    [line] = changed.window.log_lines
    assert line.text == "P0004107 vacuum 78.0 kPa step 3 of 12, drag 0.52"
    assert changed.pixels is not None


def test_pictures_move_as_they_are_named() -> None:
    sample, wanted = a_sample("a"), changes()
    before = describe(sample, some_scores())

    def moved(name: str) -> Numbers:
        return describe(wanted[name](sample), some_scores()) - before

    assert moved("lamp dimmed by 30%")[0] == pytest.approx(np.log(0.7), abs=0.01)
    assert moved("gain up by 40%")[0] == pytest.approx(np.log(1.4), abs=0.01)
    assert moved("blur, sigma 2 pixels")[SHARPNESS] < -0.5


def test_a_part_without_log_has_its_picture_still() -> None:
    changed = changes()["no log lines"](a_sample("a"))
    assert changed.window.log_lines == ()
    assert changed.window.log_context is LogContext.MISSING
    assert changed.pixels is not None


def test_pictures_of_another_line_begin_again_after_the_last(
    recording: Recording,
) -> None:
    theirs = [sample.pixels for sample in samples_of(recording, "val")]
    change = changes(recording)["pictures of metal"]
    shown = [change(a_sample("a")).pixels for _ in range(len(theirs) + 2)]
    for mine, its in zip(shown, [*theirs, *theirs[:2]], strict=True):
        assert mine is not None
        assert its is not None
        assert np.array_equal(mine, its)


def test_only_a_line_beside_which_another_stands_sees_its_pictures() -> None:
    assert not any("pictures of" in name for name in changes())


def test_parts_are_counted_from_the_change_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rng = np.random.default_rng(0)
    shift = rng.normal(0, 1, (200, len(STATISTICS)))
    rules = learn_drift_rules([shift[:100], shift[100:]], Harmless(), PARTS)
    assert rules is not None
    far = shift[:40] + 0.0
    far[:, SHARPNESS] += 50
    with caplog.at_level(logging.DEBUG):
        watched = watch(rules, shift[:60], far)
    # One part of ten that is 50 off moves the mean distance by 5.
    assert (watched.noted_after, watched.noted) == (1, ("sharpness",))
    assert watched.alarm_after is not None
    assert watched.left.count == 41 - watched.alarm_after
    assert watched.left.of == 40
    assert watched.alarm is not None
    assert "sharpness moved by" in watched.alarm
    assert not caplog.records
    silent = watch(rules, shift[:60], shift[60:100])
    assert (silent.noted_after, silent.alarm_after, silent.alarm) == (None, None, None)
    assert silent.left.count == 0


def test_a_change_is_noted_and_its_verdicts_are_counted(recording: Recording) -> None:
    rules = THRESHOLDS, learned(recording)
    trial = Trial(recording, FakeModel(act=by_the_log_alone), rules)
    bad, good = (
        labels(recording, "val").count(True),
        labels(recording, "val").count(False),
    )
    found = found_of(trial, changes())
    again = found["validation shift again"]
    assert (again.watched.noted_after, again.watched.alarm_after) == (None, None)
    assert again.changed is not None
    assert (again.changed.count, again.changed.of) == (0, bad + good)
    assert (again.escapes.count, again.escapes.of) == (bad, bad)
    silent = found["no log lines"]
    assert silent.watched.noted_after is not None
    assert silent.watched.alarm_after is not None
    assert silent.watched.noted_after <= silent.watched.alarm_after <= PARTS
    assert silent.changed is not None
    assert silent.changed.value == 1
    assert silent.escapes.count == silent.false_rejects.count == 0
    assert silent.false_rejects.of == good


def test_the_test_shift_has_labels_of_its_own(recording: Recording) -> None:
    rules = THRESHOLDS, learned(recording)
    steps: list[None] = []
    trial = Trial(recording, FakeModel(), rules, progress=lambda: steps.append(None))
    test = found_of(trial, {})["test shift"]
    truth = labels(recording, "test")
    assert test.changed is None
    assert (test.escapes.count, test.escapes.of) == (sum(truth), sum(truth))
    assert test.watched.left.of == len(truth)
    assert len(steps) == len(truth) + len(labels(recording, "val"))


def test_false_rejects_are_those_of_good_parts(recording: Recording) -> None:
    rules = THRESHOLDS, learned(recording)
    trial = Trial(recording, FakeModel(act=by_the_lamp_alone), rules)
    dark = {"dark": lambda each: Sample(window=each.window, pixels=each.pixels // 9)}
    found = found_of(trial, dark)["dark"]
    good = labels(recording, "val").count(False)
    assert (found.false_rejects.count, found.false_rejects.of) == (good, good)
    assert found.escapes.count == 0


def test_the_section_has_a_row_for_each_and_the_reasons(recording: Recording) -> None:
    rules = THRESHOLDS, learned(recording)
    found = Trial(recording, FakeModel(), rules).run(changes())
    section = drift_section(found, PARTS)
    assert [len(each.rows) for each in section.sheets] == [7, 7]
    assert any(note.startswith("no log lines: the shift has") for note in section.notes)
    named = {each["name"]: each for each in section.content["shifts"]}
    assert named["no log lines"]["alarm_after"] > 0
    json.dumps(section.content, allow_nan=False)


def test_a_shift_without_labels_is_named(recording: Recording) -> None:
    rows = tuple(row for row in recording.rows if row.split != "val")
    with pytest.raises(InputError, match=r"frames\.csv.*split val has no labelled"):
        changes(replace(recording, rows=rows))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, [str(tmp_path / "none"), "--model", "M"])
    assert answer.exit_code == 2
    assert "none" in answer.stderr


@pytest.mark.slow
def test_a_trained_line_is_measured_if_it_is_watched(
    small_model: SmallModel, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(small_model.folder, tmp_path / "model"))
    settings, file = small_model.settings, model / f"settings/{LINE}.toml"
    watched = settings.model_copy(update={"drift": learned(small_model.recording)})
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"
    command = [
        *(str(small_model.recording.folder), "--model", str(model)),
        *("--other", str(small_model.recording.folder)),
        *("--markdown", str(page), "--json", str(figures)),
    ]
    write_settings(file, settings.model_copy(update={"drift": None}))
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 2
    assert f"{LINE}.toml: has no [drift]" in answer.stderr
    write_settings(file, watched)
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(figures.read_text())
    assert found["line"] == LINE
    named = {each["name"]: each for each in found["shifts"]}
    assert f"pictures of {LINE}" in named
    assert named["no log lines"]["alarm_after"] is not None
    assert "python -m bench.drift" in page.read_text()
    assert str(tmp_path) not in page.read_text()


def write_settings(file: Path, settings: ModelSettings) -> None:
    said = settings.model_dump(mode="json", exclude_none=True)
    file.write_text(tomli_w.dumps(said))
