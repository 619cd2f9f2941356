"""A program that replays a spool and is killed as soon as a commit has succeeded."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from connectors.database.engine import open_engine
from connectors.database.spool import SpooledStore
from inspector.ports import Batch, StoreReceipt
from tests.connectors.database.recording_store import StoreWithOffsets


class Deadly(StoreWithOffsets):
    """Kills its process after so many commits."""

    kill_after = 1

    def store_batch(self, batch: Batch) -> StoreReceipt:
        receipt = super().store_batch(batch)
        if self.batches == self.kill_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


def replay(folder: Path, kill_after: int) -> None:
    """Replay the spool in a folder until the end comes."""
    inner = Deadly(open_engine(f"sqlite:///{folder / 'v.db'}"))
    inner.kill_after = kill_after
    SpooledStore(inner, folder / "spool.db")
    time.sleep(60)


if __name__ == "__main__":
    replay(Path(sys.argv[1]), int(sys.argv[2]))
