"""What everything that keeps the acts on branches promises."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.database.branch_acts import SqlBranchActs
from connectors.database.engine import open_engine
from connectors.database.schema import upgrade
from inspector.branches import Act
from inspector.ports import BranchActs
from tests.builders import an_act
from tests.databases import fresh_postgresql
from tests.fakes import InMemoryBranchActs


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BranchActs]:
    if request.param == "memory":
        yield InMemoryBranchActs()
        return
    url = f"sqlite:///{tmp_path / 'acts.db'}"
    if request.param == "postgresql":
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    engine = open_engine(url)
    upgrade(engine)
    yield SqlBranchActs(engine)
    engine.dispose()


def test_an_act_comes_back_as_it_was_with_a_number(kept: BranchActs) -> None:
    act = an_act(act=Act.CANARY, every=20, forced=True)
    recorded = kept.record(act)
    assert recorded.id is not None
    assert replace(recorded, id=None) == act
    assert kept.acts("poly") == [recorded]


def test_acts_keep_their_order_and_their_line(kept: BranchActs) -> None:
    for version, line in (("2", "poly"), ("9", "mono"), ("3", "poly")):
        kept.record(an_act(version=version, line=line))
    assert [act.version for act in kept.acts("poly")] == ["2", "3"]
    assert [act.version for act in kept.acts("mono")] == ["9"]


def test_the_newest_act_is_told_by_its_number(kept: BranchActs) -> None:
    assert kept.last_act("poly") == 0
    first = kept.record(an_act())
    kept.record(an_act(line="mono"))
    assert kept.last_act("poly") == first.id
    second = kept.record(an_act(version="3"))
    assert kept.last_act("poly") == second.id
    assert (second.id or 0) > (first.id or 0)


def test_a_line_that_nobody_touched_has_no_acts(kept: BranchActs) -> None:
    assert list(kept.acts("tile")) == []
