"""The cost of tiles is measured on large pictures, each cut in every way."""

from __future__ import annotations

import pytest

from inspector.commands import bench_tiling
from inspector.model.hybrid import Branch
from inspector.types import Pixels
from tests.small_model import SmallModel


def test_every_cut_is_timed_on_large_pictures_with_as_many_looks_as_tiles(
    small_model: SmallModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench_tiling, "PICTURES", 2)
    monkeypatch.setattr(bench_tiling, "LARGE", (640, 512))
    looks: list[int] = []
    shapes = set()
    look, look_at = Branch.look, Branch._look_at

    def noted(branch: Branch, pixels: Pixels) -> object:
        looks.append(0)
        shapes.add(pixels.shape[:2])
        return look(branch, pixels)

    def counted(branch: Branch, tile: Pixels) -> object:
        if looks:
            looks[-1] += 1
        return look_at(branch, tile)

    monkeypatch.setattr(Branch, "look", noted)
    monkeypatch.setattr(Branch, "_look_at", counted)
    found = bench_tiling.measure_tiling(
        small_model.recording, small_model.folder, "test", 1
    )
    assert list(found) == ["1x1", "1x2", "2x2", "3x3"]
    assert looks == [1, 2, 4, 9] * 3
    assert shapes == {(512, 640)}
    assert all(each["p99"] >= each["p50"] > 0 for each in found.values())
    bench_tiling.show_tiling("metal", found)
    assert "3x3" in capsys.readouterr().out
