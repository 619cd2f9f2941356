"""What every evidence store promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.database.evidence import EvidenceFolder
from inspector.ports import EvidenceStore
from tests.fakes import InMemoryEvidenceStore


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    if request.param == "memory":
        return InMemoryEvidenceStore()
    return EvidenceFolder(tmp_path / "evidence")


def test_the_same_picture_has_one_path(store: EvidenceStore) -> None:
    assert store.keep(b"picture", ".png") == store.keep(b"picture", ".png")


def test_other_pictures_have_other_paths(store: EvidenceStore) -> None:
    assert store.keep(b"one", ".png") != store.keep(b"other", ".png")


def test_the_path_is_relative_and_ends_as_asked(store: EvidenceStore) -> None:
    path = store.keep(b"picture", ".jpg")
    assert path.endswith(".jpg")
    assert not Path(path).is_absolute()
