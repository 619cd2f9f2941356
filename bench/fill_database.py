"""Fill a database with plausible verdicts: `python -m bench.fill_database URL`.

Example: python -m bench.fill_database sqlite:///big.db --verdicts 1000000

Nothing of it was ever on a line: every row says that it is simulated. Parts come in
runs of drifting quality, one in eight does not pass, and each of those has log text.
The same number gives the same rows. Rows go in by each database's fastest way, past
the verdict store, so this is no measure of how fast the product writes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from sqlalchemy import Engine, func, select, text, update

from connectors.database.engine import open_engine, shown
from connectors.database.reading.gathering import Gatherer, PartText, index_texts
from connectors.database.reading.tables import gathered
from connectors.database.reading.words import words_of
from connectors.database.schema import upgrade
from connectors.database.tables import verdicts

LINES = ("poly", "mono", "tile")
DEFECTS = ("crack", "finger", "dark", "chip", "scratch", "hole")
STATIONS = ("layup-1", "stringer-2", "laminator-1", "conveyor", "framing-3")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 20_000
_TAKT_NS = 33_333_333
_BAD_SHARE = 0.08
_UNCERTAIN_SHARE = 0.045
_COLUMNS = tuple(column.name for column in verdicts.columns)
_SAID = (
    "{serial} gripper vacuum {number:.1f} kPa",
    "eva roll {count} remaining {number:.0f} m",
    "{serial} solder temperature {number:.1f} C above band",
    "vision retry {count} on nest {count}",
    "{serial} 层压温度 {number:.1f} 超出范围",
    "door D{count} closed",
    "ribbon tension {number:.1f} N",
)
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What is to be made."""

    verdicts: int
    first_ns: int
    """When the first part was captured."""
    seed: int = 0


def fill(engine: Engine, filling: Filling) -> Iterator[int]:
    """Add verdicts and their log text to a database; gives how many are in, as it goes.

    Raises:
        StoreError: the database cannot be brought up to date.
    """
    upgrade(engine)
    with engine.connect() as connection:
        first = (connection.execute(select(func.max(verdicts.c.id))).scalar() or 0) + 1
    for at in range(0, filling.verdicts, _BATCH):
        size = min(_BATCH, filling.verdicts - at)
        rng = np.random.default_rng([filling.seed, at])
        rows = _rows(rng, range(first + at, first + at + size), filling, at)
        _insert(engine, rows)
        _index(engine, rng, rows)
        yield at + size


def gather(engine: Engine) -> Iterator[int]:
    """Count what was filled in; gives how many are counted, as it goes."""
    gatherer = Gatherer(engine)
    done = 0
    while taken := gatherer.count(_BATCH):
        done += taken
        yield done


def _rows(
    rng: np.random.Generator, numbers: range, filling: Filling, at: int
) -> list[Row]:
    size = len(numbers)
    wave = 1 + 0.5 * np.sin((at + np.arange(size)) / 40_000)
    bad = rng.random(size) < _BAD_SHARE * wave
    unsure = rng.random(size) < _UNCERTAIN_SHARE
    score = np.where(bad, rng.beta(9, 2, size), rng.beta(1.5, 14, size))
    score = np.where(unsure, rng.uniform(0.3, 0.6, size), score).round(4)
    latency = rng.lognormal(2.9, 0.25, size).round(3)
    picks = rng.integers(0, 1 << 30, size)
    return [
        _row(number, filling, (at + place, float(s), float(ms), int(pick)))
        for place, (number, s, ms, pick) in enumerate(
            zip(numbers, score, latency, picks, strict=True)
        )
    ]


def _row(number: int, filling: Filling, drawn: tuple[int, float, float, int]) -> Row:
    place, score, latency_ms, pick = drawn
    line = LINES[place % len(LINES)]
    captured_ns = filling.first_ns + place * _TAKT_NS
    decided_ns = captured_ns + int(latency_ms * 1e6)
    decision = "PASS" if score < 0.3 else "REJECT" if score >= 0.6 else "REVIEW"  # noqa: PLR2004
    values = {
        "id": number,
        "line": line,
        "camera": "cam-1",
        "frame_id": number,
        "serial": f"M{number:08d}",
        "captured_at": _moment(captured_ns),
        "captured_ns": captured_ns,
        "decided_at": _moment(decided_ns),
        "decided_ns": decided_ns,
        "decision": decision,
        "reason": f"score {score:.3f} against the thresholds",
        "fault": None,
        "score": score,
        "picture_score": score,
        "log_score": round(score * 0.5, 4),
        "defect": DEFECTS[min(pick % 11, len(DEFECTS) - 1)],
        "route": "both" if pick % 3 else "picture",
        "look": "glance" if pick % 5 == 0 else "full",
        "log_context": "complete" if pick % 50 else "partial",
        "log_lines": 12 + pick % 30,
        "trunk_version": "1",
        "trunk_sha256": "a" * 64,
        "branch_line": line,
        "branch_version": f"{1 + place * 4 // filling.verdicts}",
        "branch_sha256": "b" * 64,
        "settings_sha256": "c" * 64,
        "latency_ms": latency_ms,
        "stage_ms": json.dumps(
            {
                "decode": round(latency_ms * 0.08, 3),
                "picture": round(latency_ms * 0.5, 3),
                "log": round(latency_ms * 0.1, 3),
            }
        ),
        "evidence": None if decision == "PASS" else f"ab/{number:064x}.png",
        "is_simulated": True,
    }
    return tuple(values[name] for name in _COLUMNS)


def _moment(moment_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment_ns // 1000)


def _insert(engine: Engine, rows: list[Row]) -> None:
    columns = ", ".join(_COLUMNS)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        if driver is None:
            return
        if engine.dialect.name == "postgresql":
            copy = f"COPY verdicts ({columns}) FROM STDIN"
            with driver.cursor() as cursor, cursor.copy(copy) as copying:
                for row in rows:
                    copying.write_row(row)
        else:
            marks = ", ".join("?" * len(_COLUMNS))
            driver.executemany(
                f"INSERT INTO verdicts ({columns}) VALUES ({marks})",  # noqa: S608
                [tuple(map(_for_sqlite, row)) for row in rows],
            )


def _for_sqlite(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


def _index(engine: Engine, rng: np.random.Generator, rows: list[Row]) -> None:
    texts = []
    for row in rows:
        named = dict(zip(_COLUMNS, row, strict=True))
        if named["decision"] != "PASS":
            texts.append(_text(rng, named))
    with engine.begin() as connection:
        index_texts(connection, texts)
        read = update(gathered).where(gathered.c.name == "read")
        connection.execute(read.values(last_id=rows[-1][0]))


def _text(rng: np.random.Generator, row: dict[str, Any]) -> PartText:
    words: list[str] = []
    for pick in rng.integers(0, 1 << 20, 14).tolist():
        said = _SAID[min(pick % 9, len(_SAID) - 1)].format(
            serial=row["serial"], number=pick / 7000, count=pick % 6
        )
        words += words_of(f"{STATIONS[pick % len(STATIONS)]} INFO {said}")
    heaviest = STATIONS[row["id"] % 13 % len(STATIONS)]
    return PartText(
        verdict_id=row["id"],
        captured_ns=row["captured_ns"],
        words=words,
        shares={heaviest: 0.6},
    )


def main(
    database: str,
    verdicts: Annotated[int, typer.Option(help="How many.")] = 1_000_000,
    seed: int = 0,
) -> None:
    """Fill a database, and gather what was filled in."""
    engine, console = open_engine(database), Console()
    now_ns = time.time_ns()
    first_ns = now_ns - verdicts * _TAKT_NS
    filling = Filling(verdicts=verdicts, first_ns=first_ns, seed=seed)
    for what, steps in (("stored", fill(engine, filling)), ("counted", gather(engine))):
        started = time.monotonic()
        for done in steps:
            speed = done / (time.monotonic() - started)
            console.print(f"{done:,} {what}, {speed:,.0f}/s", end="\r")
        console.print()
    _fix_sequence(engine)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))
    console.print(f"{shown(database)}: {verdicts:,} simulated verdicts added")


def _fix_sequence(engine: Engine) -> None:
    """Let PostgreSQL go on counting where the rows end."""
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT setval(pg_get_serial_sequence('verdicts', 'id'), "
                "(SELECT max(id) FROM verdicts))"
            )
        )


if __name__ == "__main__":
    typer.run(main)
