"""What a part's log costs among so many log lines."""

from __future__ import annotations

import json

import pytest
import typer

from inspector.commands.bench_log import bench_log, line_counts, log_section
from inspector.commands.printing import show
from tests.small_model import SmallModel


def test_counts_are_read() -> None:
    assert line_counts("100,10000") == [100, 10_000]
    assert line_counts("1, 2,3") == [1, 2, 3]


@pytest.mark.parametrize("text", ["", "100", "0,100", "100,-1", "100,many"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="counts of lines, such as 100,10000"):
        line_counts(text)


@pytest.mark.slow
def test_many_lines_are_timed_beside_few(
    small_model: SmallModel, capsys: pytest.CaptureFixture[str]
) -> None:
    found = bench_log(
        small_model.recording, small_model.folder, [100, 2000], ("test", 6)
    )
    few, many = json.loads(json.dumps(found, allow_nan=False))["counts"]
    assert (few["log_lines"], many["log_lines"]) == (100, 2000)
    assert few["ratio"] == 1.0
    assert many["ratio"] == pytest.approx(many["p50"] / few["p50"])
    assert 0 < few["pairing_p50"] < few["p50"] <= few["p99"]
    show([log_section(found)])
    assert "2000" in capsys.readouterr().out
