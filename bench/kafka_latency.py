"""How long from a frame produced to its verdict consumed, through a real Kafka.

    python -m bench.kafka_latency --rate 30 --seconds 60 --model M --line poly

Starts an Apache Kafka (KAFKA_HOME, or beside the checkout) and one worker, sends noise
pictures of 640x480 (PNG, 300 KB), and reads the verdicts in this process. Without
--model the worker's model looks at nothing for 10 ms.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from kafka import KafkaConsumer, TopicPartition

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.fed_plant import Plant
from tests.kafka_broker import ApacheKafka, real_kafka_home

_WARM_UP = 60
_ROOT = Path(__file__).parents[1]


def latency(
    rate: Annotated[float, typer.Option(help="Frames/s.")] = 30.0,
    seconds: Annotated[float, typer.Option(help="How long.")] = 30.0,
    model: Annotated[Path | None, typer.Option(help="A trained model.")] = None,
    line: Annotated[str, typer.Option(help="A line of that model.")] = "poly",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the result here.")
    ] = None,
) -> None:
    """Measure; prints percentiles in ms."""
    home = real_kafka_home()
    if home is None:
        print("needs an Apache Kafka and Java 17: set KAFKA_HOME", file=sys.stderr)
        raise typer.Exit(2)
    with TemporaryDirectory(prefix="latency-") as name:
        folder = Path(name)
        (folder / "kafka").mkdir()
        kafka = ApacheKafka(home, folder / "kafka")
        try:
            plant = Plant(kafka, folder, f"sqlite:///{folder / 'latency.db'}")
            chosen = {} if model is None else {"model": str(model.resolve())}
            plant.line(line, **chosen)
            result = _measure(plant, line, rate, seconds)
            plant.close()
        finally:
            kafka.stop()
    print(json.dumps(result, indent=2))
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def _measure(plant: Plant, line: str, rate: float, seconds: float) -> dict[str, Any]:
    worker = _start(plant, line)
    count = int(rate * seconds) + _WARM_UP
    seen: dict[int, float] = {}
    reading = threading.Thread(target=_read, args=(plant, count, seen))
    reading.start()
    plant.frame(line, 0)  # the worker is up when this one has its verdict
    while not seen:
        time.sleep(0.05)
    _send(plant, line, rate, count)
    reading.join(60)
    worker.send_signal(signal.SIGTERM)
    worker.wait(60)
    account = json.loads((plant.folder / "work.json").read_text())["lines"][line]
    taken = np.array([took for number, took in seen.items() if number > _WARM_UP])
    return {
        "rate": rate,
        "frames": count,
        "verdicts": len(seen),
        "produced_to_consumed_ms": _percentiles(taken),
        "received_to_stored_ms": account["latency_ms"],
        "decisions": account["decisions"],
    }


def _start(plant: Plant, line: str) -> subprocess.Popen[bytes]:
    import tomli_w  # noqa: PLC0415

    settings = plant.settings().model_dump(mode="json", exclude_none=True)
    path = plant.folder / "worker.toml"
    path.write_text(tomli_w.dumps(settings))
    has_model = "unused" not in (plant.folder / f"lines/{line}.toml").read_text()
    program = (
        ["inspector", "work", str(path), "--json", str(plant.folder / "work.json")]
        if has_model
        else ["bench.soak_worker", str(path), "worker-1", plant.database]
    )
    environment = {
        **os.environ,
        "INSPECTOR_DATABASE_URL": plant.database,
        "SOAK_JSON": str(plant.folder / "work.json"),
    }
    command = [sys.executable, "-m", *program]
    return subprocess.Popen(command, cwd=_ROOT, env=environment)


def _send(plant: Plant, line: str, rate: float, count: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (480, 640), np.uint8)
    picture = bytes(cv2.imencode(".png", pixels)[1])
    began = time.monotonic()
    for number in range(1, count):
        time.sleep(max(began + number / rate - time.monotonic(), 0))
        stamp = {"capturedns": time.time_ns(), "sha256": ""}
        plant.frame(line, number, value=picture, headers=stamp)


def _read(plant: Plant, count: int, seen: dict[int, float]) -> None:
    consumer = KafkaConsumer(
        **plant.broker.common, auto_offset_reset="earliest", enable_auto_commit=False
    )
    consumer.assign([TopicPartition(plant.topics["verdicts"], 0)])
    consumer.seek_to_beginning()
    quiet_until = time.monotonic() + 120
    while len(seen) < count and time.monotonic() < quiet_until:
        for records in consumer.poll(200).values():
            now_ns = time.time_ns()
            for record in records:
                said = json.loads(record.value)
                took_ms = (now_ns - said["captured_ns"]) / 1e6
                seen.setdefault(said["frame_id"], took_ms)
    consumer.close()


def _percentiles(taken: Any) -> dict[str, float]:
    if not len(taken):
        return {}
    return {
        f"p{each}": round(float(np.percentile(taken, each)), 1)
        for each in (50, 90, 99, 100)
    }


if __name__ == "__main__":
    typer.run(latency)
