"""Verdicts in months, what pruning keeps, and the upgrade of a database with rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from connectors.database.engine import open_engine
from connectors.database.months import (
    Pruning,
    is_in_sample,
    make_months,
    prune,
    start_of_month_ns,
)
from connectors.database.schema import _config, problems, upgrade
from connectors.database.tables import verdicts
from connectors.database.verdict_store import SqlVerdictStore, as_row
from inspector.errors import InputError
from inspector.types import Decision, Verdict
from tests.builders import a_verdict
from tests.databases import fresh_postgresql

MONTHS = tuple(
    int(datetime(2026, month, 10, tzinfo=UTC).timestamp()) * 10**9
    for month in (1, 2, 3)
)
MARCH_NS = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()) * 10**9


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[Engine]:
    engine = open_engine(fresh_postgresql(postgresql_server))
    yield engine
    engine.dispose()


def a_shift(parts: int = 60) -> list[Verdict]:
    """Parts of three months; every tenth is rejected, every eleventh reviewed."""
    decisions = {0: Decision.REJECT, 1: Decision.REVIEW}
    return [
        a_verdict(
            frame_id=number,
            captured_ns=MONTHS[number * 3 // parts] + number,
            decision=decisions.get(number % 10, Decision.PASS),
        )
        for number in range(parts)
    ]


def kept(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(
            connection.scalars(text("SELECT frame_id FROM verdicts ORDER BY 1"))
        )


def partitions(engine: Engine) -> list[tuple[str, int]]:
    asked = (
        "SELECT tableoid::regclass::text, count(*) FROM verdicts GROUP BY 1 ORDER BY 1"
    )
    with engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(text(asked))]


def test_an_older_database_keeps_every_row_and_its_number(postgresql: Engine) -> None:
    with postgresql.begin() as connection:
        command.upgrade(_config(connection), "0006")
        connection.execute(verdicts.insert(), [as_row(each) for each in a_shift()])
        before = connection.execute(text("SELECT * FROM verdicts ORDER BY id")).all()
    upgrade(postgresql)
    assert problems(postgresql) == []
    with postgresql.connect() as connection:
        after = connection.execute(text("SELECT * FROM verdicts ORDER BY id")).all()
    assert after == before
    assert partitions(postgresql) == [
        ("verdicts_2026_01", 20),
        ("verdicts_2026_02", 20),
        ("verdicts_2026_03", 20),
    ]
    later = a_verdict(frame_id=60, captured_ns=MONTHS[0])
    again = SqlVerdictStore(postgresql).store([*a_shift(), later])
    assert (again.inserted, again.already_there) == (1, 60)


def test_the_way_back_loses_nothing(postgresql: Engine) -> None:
    upgrade(postgresql)
    SqlVerdictStore(postgresql).store(a_shift())
    with postgresql.begin() as connection:
        command.downgrade(_config(connection), "0006")
    assert kept(postgresql) == list(range(60))
    assert SqlVerdictStore(postgresql).store(a_shift()).already_there == 60
    upgrade(postgresql)
    assert problems(postgresql) == []
    assert kept(postgresql) == list(range(60))


def test_a_part_has_one_verdict_across_all_months(engine: Engine) -> None:
    store = SqlVerdictStore(engine)
    assert store.store([a_verdict(captured_ns=MONTHS[0])]).inserted == 1
    other = store.store([a_verdict(captured_ns=MONTHS[1], decision=Decision.REJECT)])
    assert (other.inserted, other.already_there) == (0, 0)
    assert store.store([a_verdict(captured_ns=MONTHS[0])]).already_there == 1
    assert kept(engine) == [7]


def test_two_writers_at_once_give_a_part_one_verdict(postgresql: Engine) -> None:
    upgrade(postgresql)
    together = threading.Barrier(4)
    inserted: list[int] = []

    def write(month: int) -> None:
        batch = [a_verdict(frame_id=n, captured_ns=MONTHS[month]) for n in range(50)]
        together.wait()
        inserted.append(SqlVerdictStore(postgresql).store(batch).inserted)

    writers = [threading.Thread(target=write, args=(n % 3,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(inserted) == 50
    assert kept(postgresql) == list(range(50))


def test_months_are_made_ahead_and_the_rest_is_caught(postgresql: Engine) -> None:
    upgrade(postgresql)
    make_months(postgresql)
    store = SqlVerdictStore(postgresql)
    ahead_ns = start_of_month_ns(datetime.now(UTC), -3) + 10**9
    far_ns = start_of_month_ns(datetime.now(UTC), -30)
    store.store(
        [
            a_verdict(frame_id=1, captured_ns=ahead_ns),
            a_verdict(frame_id=2, captured_ns=far_ns),
            a_verdict(frame_id=3, captured_ns=0),
        ]
    )
    found = dict(partitions(postgresql))
    assert found.pop("verdicts_rest") == 2
    assert sum(found.values()) == 1
    make_months(postgresql)
    assert kept(postgresql) == [1, 2, 3]


def test_a_month_that_is_in_the_rest_stays_there(postgresql: Engine) -> None:
    upgrade(postgresql)
    SqlVerdictStore(postgresql).store([a_verdict(captured_ns=MONTHS[0])])
    with postgresql.begin() as connection:
        connection.execute(text("SELECT make_verdict_month('2026-01-01')"))
    assert partitions(postgresql) == [("verdicts_rest", 1)]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM {month}",
        "UPDATE {month} SET decision = 'PASS'",
        "TRUNCATE {month}",
        "DELETE FROM verdicts",
        "TRUNCATE verdicts",
        "DELETE FROM verdict_identities",
        "TRUNCATE verdict_identities",
    ],
)
@pytest.mark.parametrize("month", ["this", "verdicts_rest"])
def test_no_month_can_be_changed_by_its_own_name(
    postgresql: Engine, change: str, month: str
) -> None:
    upgrade(postgresql)
    now = datetime.now(UTC)
    in_month = now if month == "this" else datetime(2001, 1, 1, tzinfo=UTC)
    captured_ns = int(in_month.timestamp()) * 10**9
    SqlVerdictStore(postgresql).store([a_verdict(captured_ns=captured_ns)])
    name = f"verdicts_{now:%Y_%m}" if month == "this" else month
    with (
        postgresql.connect() as connection,
        pytest.raises(DatabaseError, match="append-only"),
    ):
        connection.execute(text(change.format(month=name)))
    assert kept(postgresql) == [7]


def a_pruning(**changes: object) -> Pruning:
    values = {"before_ns": MARCH_NS, "keep_every": 4, "who": "ann", "why": "disk"}
    return Pruning(**values | changes)  # type: ignore[arg-type]


def expected(verdicts: list[Verdict], every: int) -> list[int]:
    return [
        each.frame_id
        for each in verdicts
        if each.captured_ns >= MARCH_NS
        or each.decision is not Decision.PASS
        or is_in_sample(each.line, each.camera, each.frame_id, every)
    ]


def test_pruning_keeps_what_did_not_pass_and_a_sample(engine: Engine) -> None:
    shift = a_shift()
    SqlVerdictStore(engine).store(shift)
    done = prune(engine, a_pruning())
    wanted = expected(shift, 4)
    assert kept(engine) == wanted
    assert done.removed == 60 - len(wanted) > 0
    assert done.kept == len(wanted) - 20
    assert problems(engine) == [], "the guards are up again"
    assert prune(engine, a_pruning()).removed == 0
    with engine.connect() as connection:
        acts = connection.execute(
            text("SELECT removed, who, removed_sha256 FROM prunings ORDER BY id")
        ).all()
    assert [act[0] for act in acts] == [done.removed, 0]
    assert (acts[0][1], len(acts[0][2])) == ("ann", 64)


def test_what_people_spoke_about_stays(engine: Engine) -> None:
    shift = a_shift()
    SqlVerdictStore(engine).store(shift)
    gone = next(n for n in range(60) if n not in expected(shift, 4))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO verifications (line, camera, frame_id, captured_ns, "
                "outcome, who, verified_at, verified_ns, blind, is_simulated) VALUES "
                "('poly', 'cam-1', :number, 0, 'escape', 'ann', "
                "'2026-03-02 00:00:00', 0, :no, :no)"
            ),
            {"number": gone, "no": False},
        )
    prune(engine, a_pruning())
    assert gone in kept(engine)


def test_a_pruned_part_gets_no_second_verdict_on_postgresql(postgresql: Engine) -> None:
    upgrade(postgresql)
    shift = a_shift()
    store = SqlVerdictStore(postgresql)
    store.store(shift)
    done = prune(postgresql, a_pruning())
    again = store.store(shift)
    assert (again.inserted, again.already_there) == (0, 60)
    assert len(kept(postgresql)) == 60 - done.removed


def test_the_record_of_pruning_cannot_be_changed(engine: Engine) -> None:
    prune(engine, a_pruning())
    for change in ("DELETE FROM prunings", "UPDATE prunings SET who = 'bob'"):
        with (
            engine.connect() as connection,
            pytest.raises(DatabaseError, match="append-only"),
        ):
            connection.execute(text(change))


@pytest.mark.parametrize("missing", [{"who": " "}, {"why": ""}])
def test_nobody_prunes_without_a_name_and_a_reason(
    engine: Engine, missing: dict[str, object]
) -> None:
    with pytest.raises(InputError, match="--who NAME --why WORDS"):
        prune(engine, a_pruning(**missing))


def test_the_sample_is_the_same_for_everybody_and_about_as_large_as_wanted() -> None:
    sample = [n for n in range(10_000) if is_in_sample("poly", "cam-1", n, 100)]
    assert 60 < len(sample) < 140
    assert is_in_sample("a", "b", 1, 1)


def test_months_are_counted_back_over_the_turn_of_the_year() -> None:
    now = datetime(2026, 2, 17, 12, tzinfo=UTC)
    found = [start_of_month_ns(now, ago) // 10**9 for ago in (0, 1, 2, 14)]
    assert [f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H}" for each in found] == [
        "2026-02-01 00",
        "2026-01-01 00",
        "2025-12-01 00",
        "2024-12-01 00",
    ]
