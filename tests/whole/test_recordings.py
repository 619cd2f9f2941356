"""The three recorded lines: real pictures, from the folder to the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.evaluation import evaluate
from inspector.model.hybrid import load_model
from inspector.model.pictures import decode
from inspector.recording import Recording, check
from inspector.settings import ModelSettings, load_settings
from inspector.training.programme import Plan, train

pytestmark = pytest.mark.recordings


@pytest.mark.parametrize("line", ["poly", "mono", "tile"])
def test_a_recorded_line_is_sound(recordings: Path, line: str) -> None:
    assert check(recordings / line, decode) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_picture_and_log_together_beat_either_on_real_cells(
    recordings: Path, tmp_path: Path
) -> None:
    recording = Recording.load(recordings / "poly")
    model = tmp_path / "model"
    report = train([recording], model, Plan.quick())
    assert report.lines[0].agreement.flips == 0
    settings = load_settings(model / "settings/poly.toml", ModelSettings)
    models = (
        load_model(model, "poly", settings=settings),
        load_model(model, "poly", settings=settings, always_both=True),
    )
    found = evaluate(recording, "test", models, settings.decisions, lambda _: None)
    area = {name: each.auroc.value for name, each in found.methods.items()}
    assert area["fused"] >= 0.86
    assert area["fused"] > max(area["image"], area["log"])
    assert found.latency_ms["p50"] < 50
