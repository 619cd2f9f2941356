"""Without some stages a model is trained and measured like the complete one."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.commands.ablation_tables import ablation_content, ablation_section
from inspector.commands.printing import show
from inspector.recording import Recording
from inspector.simulation.lines import simulate_line
from inspector.training.ablation import ALL_STAGES, VARIANTS
from inspector.training.programme import train
from tests.small_model import LINE, small_plan


@pytest.mark.slow
def test_every_variant_is_measured_against_all_stages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate_line(tmp_path / "recording", LINE, parts=60, seed=5)
    recording = Recording.load(tmp_path / "recording")
    report = train([recording], tmp_path / "model", small_plan(), "test")
    found = {each.variant: each for each in report.ablated}
    assert list(found) == [ALL_STAGES, *VARIANTS]
    full = found[ALL_STAGES]
    assert full.behind.value == full.behind.low == full.behind.high == 0
    for each in found.values():
        lost = full.auroc.value - each.auroc.value
        assert each.behind.value == pytest.approx(lost)
        assert each.parts == len(recording.select("test"))
    # Without stage one no network has read the pictures before: nothing to retrieve.
    assert [name for name, each in found.items() if each.recall is None] == [
        "without stage 1",
        "without stages 1 and 2",
    ]
    content = ablation_content(report.ablated)["ablation"]
    assert [each["variant"] for each in content] == list(found)
    show([ablation_section(report.ablated)])
    assert "chance" in capsys.readouterr().out
