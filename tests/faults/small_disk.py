"""Tasks that fill a small disk; each prints what became of it as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from connectors.database.engine import open_engine
from connectors.database.evidence import EvidenceFolder
from connectors.database.schema import upgrade
from connectors.database.spool_file import SpoolFile
from connectors.database.verdict_store import SqlVerdictStore
from inspector.errors import StoreAwayError, StoreError
from inspector.ports import Batch
from tests.builders import a_verdict

_MANY = 100_000


def spool(folder: Path) -> dict[str, int]:
    """Fill a spool whose own bound is larger than the disk, and empty it again."""
    file = SpoolFile(folder / "spool.db", 10**9)
    kept = _until_away(lambda number: file.append(_batch(number)))
    numbers: list[int] = []
    while found := file.oldest(8):
        numbers += [each.batch.verdicts[0].frame_id for each in found]
        file.remove_until(found[-1].number)
    file.append(_batch(_MANY))
    return {
        "kept": kept,
        "full": 1,
        "replayed": len(numbers),
        "in_order": numbers == list(range(kept)),
        "kept_afterwards": file.level().batches,
    }


def database(folder: Path) -> dict[str, int]:
    """Fill a SQLite database."""
    engine = open_engine(f"sqlite:///{folder / 'v.db'}")
    upgrade(engine)
    store = SqlVerdictStore(engine)
    stored = _until_away(lambda number: store.store(_batch(number).verdicts))
    return {"stored": stored, "away": 1}


def evidence(folder: Path) -> dict[str, int]:
    """Fill the evidence folder."""
    kept, store = 0, EvidenceFolder(folder)
    try:
        for number in range(_MANY):
            store.keep(b"%08d" % number + bytes(20_000), ".png")
            kept += 1
    except StoreError:
        files = sum(each.is_file() for each in folder.rglob("*"))
        return {"kept": kept, "lost": 1, "files": files}
    return {}


def _batch(number: int) -> Batch:
    verdict = a_verdict(frame_id=number, reason="x" * 2000)
    return Batch(verdicts=(verdict,), along={"next": number})


def _until_away(act: Callable[[int], object]) -> int:
    for number in range(_MANY):
        try:
            act(number)
        except StoreAwayError:
            return number
    return _MANY


if __name__ == "__main__":
    task = {each.__name__: each for each in (spool, database, evidence)}[sys.argv[1]]
    sys.stdout.write(json.dumps(task(Path(sys.argv[2]))))
