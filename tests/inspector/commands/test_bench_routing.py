"""The curve of the router: every setting is judged on all parts, against all of it."""

from __future__ import annotations

import pytest

from inspector.commands.bench_routing import bench_routing, routing_section
from inspector.commands.printing import show
from tests.small_model import SmallModel


def test_settings_run_from_always_both_to_glances_alone(
    small_model: SmallModel, capsys: pytest.CaptureFixture[str]
) -> None:
    found = bench_routing(small_model.recording, small_model.folder, "test", 1)
    full, *others = found
    assert (full.name, full.glances, full.one_sided) == ("always both", 0, 0)
    assert (full.mean_ratio, full.p99_ratio, full.behind.value) == (1, 1, 0)
    assert [each.glances for each in others] == sorted(each.glances for each in others)
    assert others[-1].glances == 1  # of a score that cannot move by more than 1
    assert others[-1].mean_ms < full.mean_ms
    for each in others:
        lost = full.auroc.value - each.auroc.value
        assert each.behind.value == pytest.approx(lost)
    now = small_model.settings.decisions.look_tolerance
    assert [each.name for each in found if each.chosen] == ([f"{now:g}"] if now else [])
    show([routing_section(found)])
    assert "always both" in capsys.readouterr().out
