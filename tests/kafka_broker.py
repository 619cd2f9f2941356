"""A Kafka broker for tests: a real one where there is one, else librdkafka's mock.

Looked for in this order: a running broker whose address is in INSPECTOR_TEST_KAFKA; an
Apache Kafka in KAFKA_HOME or beside the checkout, started with a Java of 17 or newer on
loopback with free ports and a folder of its own; librdkafka's mock cluster.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_BESIDE = Path(__file__).parents[2] / "shared/kafka"
_NEWEST_NEEDED = 17
_UP_WITHIN_S = 60.0
_DOWN_WITHIN_S = 30.0
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}
num.partitions=1
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes=16777216
replica.fetch.max.bytes=16777216
"""


class Broker:
    """A broker that tests may talk to; `can_die` ones may also be killed."""

    kind = "a broker that was running already"
    can_die = False

    def __init__(self, address: str) -> None:
        self.address = address

    @property
    def common(self) -> dict[str, Any]:
        """Arguments for kafka-python's clients."""
        return {"bootstrap_servers": self.address}

    @property
    def settings(self) -> dict[str, Any]:
        """What a worker's table `[kafka]` says of it."""
        return {"brokers": [self.address]}

    def topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str:
        """Make a topic, and wait until it is there; returns its name."""
        from kafka import KafkaAdminClient  # noqa: PLC0415
        from kafka.admin import NewTopic  # noqa: PLC0415

        admin = KafkaAdminClient(**self.common)
        try:
            wanted = NewTopic(
                name=name,
                num_partitions=partitions,
                replication_factor=1,
                topic_configs=dict(config or {}),
            )
            admin.create_topics([wanted])
            admin.wait_for_topics([name])
        finally:
            admin.close()
        return name

    def stop(self) -> None:
        """Do nothing: it is somebody else's."""


class MockBroker(Broker):
    """librdkafka's mock cluster, in this process."""

    kind = "librdkafka's mock cluster (no Apache Kafka or no Java 17 was found)"

    def __init__(self) -> None:
        from confluent_kafka import Producer  # noqa: PLC0415

        self._cluster = Producer(
            {"bootstrap.servers": "unused", "test.mock.num.brokers": 1}
        )
        brokers = self._cluster.list_topics(timeout=10).brokers
        first = next(iter(brokers.values()))
        super().__init__(f"{first.host}:{first.port}")

    @property
    def common(self) -> dict[str, Any]:
        return {"bootstrap_servers": self.address, "api_version": (2, 3)}

    @property
    def settings(self) -> dict[str, Any]:
        return {"brokers": [self.address], "api_version": (2, 3)}


class ApacheKafka(Broker):
    """A real Apache Kafka in KRaft mode, on loopback, with a folder of its own."""

    can_die = True

    def __init__(self, home: Path, folder: Path) -> None:
        self._home = home
        self._folder = folder
        broker, controller = _free_port(), _free_port()
        super().__init__(f"127.0.0.1:{broker}")
        self._config = folder / "server.properties"
        self._config.write_text(
            _PROPERTIES.format(
                broker=broker, controller=controller, folder=folder / "data"
            )
        )
        jar = next(home.glob("libs/kafka-clients-*.jar"))
        version = jar.stem.removeprefix("kafka-clients-")
        self.kind = f"Apache Kafka {version} in KRaft mode"
        self._process: subprocess.Popen[bytes] | None = None
        cluster = uuid.uuid4().hex[:22]
        tool = self._java("kafka.tools.StorageTool")
        done = subprocess.run(  # noqa: S603
            [*tool, "format", "-t", cluster, "-c", str(self._config)],
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode() + done.stdout.decode())
        self.start()

    def start(self) -> None:
        """Start it, or start it again on the same folder; waits until it answers."""
        log = (self._folder / "kafka.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603
            [*self._java("kafka.Kafka"), str(self._config)],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self._wait_until_up()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_DOWN_WITHIN_S)
            self._process = None

    def _java(self, name: str) -> list[str]:
        return [
            _java_command() or "java",
            "-Xmx384m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            f"{self._home}/libs/*",
            name,
        ]

    def _wait_until_up(self) -> None:
        from kafka import KafkaAdminClient  # noqa: PLC0415
        from kafka.errors import KafkaError  # noqa: PLC0415

        until = time.monotonic() + _UP_WITHIN_S
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError((self._folder / "kafka.log").read_text()[-4000:])
            if not self._listens():
                time.sleep(0.1)
                continue
            try:
                admin = KafkaAdminClient(**self.common, bootstrap_timeout_ms=1000)
                admin.list_topics()
                admin.close()
            except KafkaError:
                time.sleep(0.2)
            else:
                return
        message = f"Kafka did not answer within {_UP_WITHIN_S:g} s"
        raise RuntimeError(message)

    def _listens(self) -> bool:
        host, _, port = self.address.partition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        except OSError:
            return False


@contextmanager
def some_broker(folder: Path) -> Iterator[Broker]:
    """Give the best broker there is, and stop it at the end if we started it."""
    broker = _find(folder)
    try:
        yield broker
    finally:
        broker.stop()


def real_kafka_home() -> Path | None:
    """Where an Apache Kafka is that can be started here; `None` if there is none."""
    named = os.environ.get("KAFKA_HOME")
    home = Path(named) if named else _BESIDE
    has_jars = any(home.glob("libs/kafka-clients-*.jar"))
    return home if has_jars and _java_command() else None


def _find(folder: Path) -> Broker:
    address = os.environ.get("INSPECTOR_TEST_KAFKA")
    if address:
        return Broker(address)
    home = real_kafka_home()
    if home is not None:
        return ApacheKafka(home, folder)
    pytest.importorskip("confluent_kafka", reason="needs a Kafka broker, or its mock")
    return MockBroker()


def _java_command() -> str | None:
    command = shutil.which("java")
    if command is None:
        return None
    done = subprocess.run(  # noqa: S603
        [command, "-version"], capture_output=True, text=True, check=False
    )
    found = re.search(r'version "(\d+)', done.stderr)
    return command if found and int(found[1]) >= _NEWEST_NEEDED else None


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
