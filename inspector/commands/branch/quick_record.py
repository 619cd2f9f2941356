"""The record of branches, opened in a hurry: a rollback must hold within a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inspector.commands.branch.options import Said
from inspector.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from inspector.ports import BranchActs


@contextmanager
def open_acts(said: Said, line: str) -> Iterator[tuple[BranchActs, Engine]]:
    """Open the record of branches, and the database that it is in.

    The database's form is looked at only when it does not answer: what that needs takes
    longer to import than a rollback may take.

    Raises:
        InputError: nothing says where the record is.
        SettingsError: there is none, or it is not up to date.
        StoreError: it cannot be read or written.
    """
    from connectors.database.branch_acts import SqlBranchActs
    from connectors.database.engine import is_absent, open_engine

    engine = open_engine(said.record_url(line))
    try:
        if is_absent(engine):
            _require_current(engine)
        yield SqlBranchActs(engine), engine
    except StoreError:
        _require_current(engine)
        raise
    finally:
        engine.dispose()


def _require_current(engine: Engine) -> None:
    from connectors.database.schema import require_current

    require_current(engine)
