"""The cost of tiles is measured on large pictures, each cut in every way."""

from __future__ import annotations

import pytest

from inspector.commands import bench_tiling
from inspector.commands.printing import show
from inspector.model.hybrid import Branch, PictureView
from inspector.types import Pixels
from tests.small_model import SmallModel


def test_every_cut_is_timed_on_large_pictures_with_as_many_glances_as_tiles(
    small_model: SmallModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench_tiling, "PICTURES", 2)
    monkeypatch.setattr(bench_tiling, "LARGE", (640, 512))
    glances: list[int] = []
    shapes = set()
    look, glance = bench_tiling.look, Branch.glance

    def noted(branch: Branch, picture: Pixels) -> None:
        shapes.add(picture.shape[:2])
        look(branch, picture)

    def counted(branch: Branch, tiles: Pixels) -> list[PictureView]:
        glances.append(len(tiles))
        return glance(branch, tiles)

    monkeypatch.setattr(bench_tiling, "look", noted)
    monkeypatch.setattr(Branch, "glance", counted)
    found = bench_tiling.measure_tiling(
        small_model.recording, small_model.folder, "test", 1
    )
    assert list(found) == ["1x1", "1x2", "2x2", "3x3"]
    assert glances == [1, 2, 4, 9] * 3
    assert shapes == {(512, 640)}
    assert all(each["p99"] >= each["p50"] > 0 for each in found.values())
    show([bench_tiling.tiling_section(found)])
    assert "3x3" in capsys.readouterr().out
