"""Soak: lines fed by Kafka while everything that can break breaks, at random.

Two workers, each a process of its own, judge four lines; brokers are killed and started
again, the database goes away, workers are killed and others come in between (a
rebalance). At the end parts = verdicts + counted faults must hold, no part may be lost
or doubled, and every verdict must be on the topic under one id.

    python bench/soak.py --seconds 600 --events 40 --seed 1

Needs an Apache Kafka (KAFKA_HOME, or beside the checkout) and Java 17 or newer. The
model looks at nothing: what is tested is that nothing is lost, not how it is judged.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

sys.path.insert(0, str(Path(__file__).parents[1]))

from inspector.delivery import verdict_id
from tests.fed_plant import Plant, line_in_each_partition
from tests.kafka_broker import ApacheKafka, real_kafka_home

_SETTLE_S = 120.0
_EVENTS = ("broker", "database", "kill", "rebalance")
_BROKER_AWAY_S = (0.5, 3.0)
_DATABASE_AWAY_S = (1.0, 4.0)
_SHOWN = 20
_SKIPPED_EVERY = 97
"""Every so many frame numbers one is left out, as a camera with a bad cable would."""


@dataclass
class Soak:
    """One run: the plant, its workers, and what was sent."""

    plant: Plant
    kafka: ApacheKafka
    lines: list[str]
    rate: float
    chance: random.Random
    promised: dict[tuple[str, int], Any] = field(default_factory=dict)
    """What the producer said of each line's number: acknowledged, or not."""
    skipped: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    names: int = 0

    @property
    def parts(self) -> set[tuple[str, int]]:
        """The parts that the broker has acknowledged: none of them may be lost."""
        return {part for part, said in self.promised.items() if said.succeeded()}

    def feed(self) -> None:
        """Send frames at the rate, whatever is away; the producer tries again."""
        number, began = 0, time.monotonic()
        while not self.stopping.is_set():
            for line in self.lines:
                self._send(line, number)
            number += 1
            due = began + number * len(self.lines) / self.rate
            self.stopping.wait(max(due - time.monotonic(), 0))
        for line in self.lines:  # so that a number that is left out last is noticed
            for last in range(number, number + 40):
                self._give(line, last)
        self.plant.producer.flush(timeout=_SETTLE_S)

    def start_worker(self) -> None:
        """Start another worker process."""
        self.names += 1
        log = (self.plant.folder / f"worker-{self.names}.log").open("wb")
        command = [
            *(sys.executable, "-m", "bench.soak_worker"),
            *(str(self.plant.folder / "worker.toml"), f"worker-{self.names}"),
            self.plant.database,
        ]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        root = Path(__file__).parents[1]
        with log:
            self.workers.append(
                subprocess.Popen(
                    command, stdout=log, stderr=log, cwd=root, env=environment
                )
            )

    def break_something(self, what: str) -> None:
        """Let one thing go wrong, and heal."""
        acts: dict[str, Callable[[], None]] = {
            "broker": self._restart_broker,
            "database": self._lock_database,
            "kill": self._kill_worker,
            "rebalance": self._let_one_go,
        }
        acts[what]()
        self.happened[what] += 1

    def stop_workers(self) -> None:
        """Ask all workers to end, and wait for them."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(60)

    def _send(self, line: str, number: int) -> None:
        if number % _SKIPPED_EVERY == _SKIPPED_EVERY - 1:
            self.skipped[line] += 1
            return
        self._give(line, number)

    def _give(self, line: str, number: int) -> None:
        self.promised[line, number] = self.plant.frame(line, number)

    def _restart_broker(self) -> None:
        self.kafka.kill()
        time.sleep(self.chance.uniform(*_BROKER_AWAY_S))
        self.kafka.start()

    def _lock_database(self) -> None:
        """Hold the one lock for writing: every commit fails meanwhile."""
        file = self.plant.database.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as held:
            held.execute("BEGIN IMMEDIATE")
            time.sleep(self.chance.uniform(*_DATABASE_AWAY_S))
            held.execute("ROLLBACK")

    def _kill_worker(self) -> None:
        victim = self.workers.pop(self.chance.randrange(len(self.workers)))
        victim.kill()
        victim.wait()
        self.start_worker()

    def _let_one_go(self) -> None:
        """A worker ends in good order, and another one comes: two rebalances."""
        leaving = self.workers.pop(self.chance.randrange(len(self.workers)))
        leaving.send_signal(signal.SIGTERM)
        self.start_worker()
        leaving.wait(60)


def check(soak: Soak, told: list[dict[str, Any]]) -> dict[str, Any]:
    """Compare what was sent with what is stored and what was published."""
    rows, faults = soak.plant.rows(), soak.plant.faults()
    stored = Counter((row.line, row.frame_id) for row in rows)
    ids = {
        verdict_id(row.line, row.camera, row.frame_id, row.captured_ns) for row in rows
    }
    published: dict[tuple[str, int], set[str]] = {}
    for each in told:
        published.setdefault((each["line"], each["frame_id"]), set()).add(each["id"])
    parts, skipped = soak.parts, sum(soak.skipped.values())
    gaps = sum(fault.parts for fault in faults if fault.kind == "gap")
    return {
        "sent": len(soak.promised),
        "acknowledged": len(parts),
        "left_out": skipped,
        "verdicts": len(rows),
        "decisions": dict(Counter(row.decision for row in rows)),
        "verdict_faults": dict(Counter(row.fault for row in rows if row.fault)),
        "gaps_counted": gaps,
        "other_faults": dict(Counter(f.kind for f in faults if f.kind != "gap")),
        "lost": len(parts - set(stored)),
        "first_lost": sorted(parts - set(stored))[:_SHOWN],
        "doubled": sum(count - 1 for count in stored.values()),
        "balances": len(parts | set(stored)) + skipped == len(rows) + gaps,
        "published": len(told),
        "published_again": len(told) - len({each["id"] for each in told}),
        "not_published": len(ids - {each["id"] for each in told}),
        "with_two_ids": sum(len(each) > 1 for each in published.values()),
    }


def soak(
    seconds: Annotated[float, typer.Option(help="How long frames are sent.")] = 60.0,
    events: Annotated[int, typer.Option(help="How many things go wrong.")] = 8,
    rate: Annotated[float, typer.Option(help="Parts/s, over all lines.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Of what goes wrong, and when.")] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the result here.")
    ] = None,
) -> None:
    """Feed lines while everything breaks, and account for every part."""
    home = real_kafka_home()
    if home is None:
        print("needs an Apache Kafka and Java 17: set KAFKA_HOME", file=sys.stderr)
        raise typer.Exit(2)
    asked = _Asked(seconds=seconds, events=events, rate=rate, seed=seed)
    with TemporaryDirectory(prefix="soak-") as name:
        result = _run(Path(name), home, asked)
    print(json.dumps(result, indent=2))
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n")
    good = result["balances"] and not any(
        result[each] for each in ("lost", "doubled", "not_published", "with_two_ids")
    )
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the soak is to be."""

    seconds: float
    events: int
    rate: float
    seed: int


def _run(folder: Path, home: Path, asked: _Asked) -> dict[str, Any]:
    (folder / "kafka").mkdir()
    kafka = ApacheKafka(home, folder / "kafka")
    chance = random.Random(asked.seed)  # noqa: S311 - the same run again, not a secret
    try:
        plant = Plant(kafka, folder, f"sqlite:///{folder / 'soak.db'}")
        lines = line_in_each_partition(4, [0, 1, 2, 3])
        for line in lines:
            plant.line(line)
        _write_settings(plant)
        running = Soak(plant, kafka, lines, asked.rate, chance)
        for _ in range(2):
            running.start_worker()
        result = _go(running, asked.seconds, asked.events)
        plant.close()
    finally:
        kafka.stop()
    return {
        **asdict(asked),
        "kafka": kafka.kind,
        "happened": dict(running.happened),
        **result,
    }


def _go(soak: Soak, seconds: float, events: int) -> dict[str, Any]:
    feeding = threading.Thread(target=soak.feed, name="feed")
    feeding.start()
    # Each kind in turn, in an order of chance: all of them happen.
    kinds = [_EVENTS[number % len(_EVENTS)] for number in range(events)]
    soak.chance.shuffle(kinds)
    began = time.monotonic()
    for number, kind in enumerate(kinds):
        due = began + (number + soak.chance.uniform(0.3, 0.9)) * seconds / (events + 1)
        time.sleep(max(due - time.monotonic(), 0))
        soak.break_something(kind)
    time.sleep(max(began + seconds - time.monotonic(), 0))
    soak.stopping.set()
    feeding.join()
    return _settle(soak)


def _settle(soak: Soak) -> dict[str, Any]:
    """Wait until nothing changes any more, and then stop the workers."""
    parts = len(soak.parts)
    until = time.monotonic() + _SETTLE_S
    while time.monotonic() < until:
        if len(soak.plant.rows()) >= parts and not _waiting(soak.plant):
            time.sleep(6)  # gaps at the end are noticed after some seconds
            break
        time.sleep(1)
    soak.stop_workers()
    expected = len(soak.plant.rows())
    return check(soak, soak.plant.verdicts(10 * expected, within_s=15))


def _waiting(plant: Plant) -> int:
    file = plant.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=30)) as opened:
        question = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
        return int(opened.execute(question).fetchone()[0])


def _write_settings(plant: Plant) -> None:
    import tomli_w  # noqa: PLC0415

    settings = plant.settings().model_dump(mode="json", exclude_none=True)
    (plant.folder / "worker.toml").write_text(tomli_w.dumps(settings))


if __name__ == "__main__":
    typer.run(soak)
