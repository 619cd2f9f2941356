"""A database whose transaction also keeps offsets and messages, as a worker's does."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.engine import store_error
from connectors.database.verdict_store import SqlVerdictStore
from inspector.ports import Batch, StoreReceipt


class StoreWithOffsets:
    """Keeps verdicts, the offset they came from, and one message for each of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._verdicts = SqlVerdictStore(engine)
        self.batches = 0

    def store_batch(self, batch: Batch) -> StoreReceipt:
        """All in one transaction; a second time changes nothing."""
        try:
            with self._engine.begin() as connection:
                receipt = self._verdicts.store_in(connection, batch.verdicts)
                self._keep_along(connection, batch)
        except SQLAlchemyError as error:
            raise store_error(self._engine, error) from error
        self.batches += 1
        return receipt

    def close(self) -> None:
        self._verdicts.close()

    def _keep_along(self, connection: Connection, batch: Batch) -> None:
        upsert = (
            "INSERT INTO offsets (topic, next) VALUES ('frames', :next) "
            "ON CONFLICT (topic) DO UPDATE SET next = excluded.next"
        )
        connection.execute(text(upsert), {"next": batch.along["next"]})
        message = (
            "INSERT INTO messages (frame_id) VALUES (:frame_id) "
            "ON CONFLICT (frame_id) DO NOTHING"
        )
        for verdict in batch.verdicts:
            connection.execute(text(message), {"frame_id": verdict.frame_id})


def make_tables(engine: Engine) -> None:
    """Make what `StoreWithOffsets` needs beside the record."""
    with engine.begin() as connection:
        for table in (
            "offsets (topic VARCHAR(9) PRIMARY KEY, next INTEGER)",
            "messages (number INTEGER, frame_id BIGINT PRIMARY KEY)",
        ):
            connection.execute(text(f"CREATE TABLE {table}"))
