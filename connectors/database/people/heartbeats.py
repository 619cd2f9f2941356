"""Keeps what each line last said of itself, and says it once a second."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from connectors.database.people.tables import heartbeats
from connectors.database.values import reading, writing
from inspector.errors import StoreError
from inspector.health import Heartbeat, Pulse

_log = logging.getLogger(__name__)

BEAT_EVERY_S = 1.0


def write_heartbeat(engine: Engine, beat: Heartbeat) -> None:
    """Keep what a line says, in place of what it said before.

    Raises:
        StoreError: it is not kept.
    """
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(heartbeats).values(
        line=beat.line, beat_ns=beat.beat_ns, said=asdict(beat)
    )
    newer = {"beat_ns": insert.excluded.beat_ns, "said": insert.excluded.said}
    statement = insert.on_conflict_do_update(index_elements=["line"], set_=newer)
    with writing(engine) as connection:
        connection.execute(statement)


def read_heartbeats(engine: Engine) -> dict[str, Heartbeat]:
    """Give what each line last said, by its name.

    Raises:
        StoreError: it cannot be read.
    """
    known = set(Heartbeat.__dataclass_fields__)
    with reading(engine) as connection:
        rows = connection.execute(select(heartbeats.c.said).order_by(heartbeats.c.line))
        said = [{k: v for k, v in row.said.items() if k in known} for row in rows]
    return {each["line"]: Heartbeat(**each) for each in said}


@contextmanager
def beating(engine: Engine, pulse: Pulse, evidence: Path | None) -> Iterator[None]:
    """Say once a second how a line is, on a thread, until the line ends.

    A database that cannot be written is not the line's trouble here: it is noted in the
    program's log, and said again a second later.

    Args:
        engine: of a database that is up to date.
        pulse: what the line notes of itself.
        evidence: the folder whose disk is watched; `None` watches none.
    """
    over = threading.Event()
    thread = threading.Thread(
        target=_beat_until, args=(over, engine, pulse, evidence), name="heartbeat"
    )
    thread.start()
    ended = {"stopped": "it broke down", "is_broken": True}
    try:
        yield
        ended = {"stopped": "its sources ended, or it was asked to"}
    finally:
        over.set()
        thread.join()
        pulse.note(**ended)
        _say(engine, pulse, evidence)


def _beat_until(
    over: threading.Event, engine: Engine, pulse: Pulse, evidence: Path | None
) -> None:
    while not over.is_set():
        _say(engine, pulse, evidence)
        over.wait(BEAT_EVERY_S)


def _say(engine: Engine, pulse: Pulse, evidence: Path | None) -> None:
    if evidence is not None:
        pulse.note(disk_free=_free(evidence))
    try:
        write_heartbeat(engine, pulse.beat())
    except StoreError as error:
        _log.warning("heartbeat of line %s: %s", pulse.line, error)


def _free(folder: Path) -> float | None:
    try:
        disk = shutil.disk_usage(folder)
        return disk.free / disk.total
    except OSError:
        return None
