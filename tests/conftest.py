"""What several suites share: databases, recordings, and one small trained model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.databases import fresh_postgresql, start_postgresql
from tests.kafka_broker import Broker, some_broker

if TYPE_CHECKING:
    from tests.fed_plant import Plant
    from tests.small_model import SmallModel


BROKER_KIND = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from start_postgresql(tmp_path_factory.mktemp("pg"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'verdicts.db'}"
    return fresh_postgresql(request.getfixturevalue("postgresql_server"))


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> SmallModel:
    """A model that was trained for seconds on a small simulated line."""
    from tests.small_model import train_small_model  # noqa: PLC0415 - torch is slow

    return train_small_model(tmp_path_factory.mktemp("small"))


@pytest.fixture
def recordings() -> Path:
    """The three recorded lines beside the checkout."""
    folder = Path(__file__).parents[2] / "shared/recordings"
    if not folder.is_dir():
        pytest.skip("the three recorded lines are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def kafka_broker(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Broker]:
    """The session's broker; which one it is stands at the end of the report."""
    with some_broker(tmp_path_factory.mktemp("kafka")) as broker:
        request.config.stash[BROKER_KIND] = broker.kind
        yield broker


@pytest.fixture
def plant(kafka_broker: Broker, tmp_path: Path) -> Iterator[Plant]:
    """A plant whose machines speak Kafka, with a database of its own."""
    from tests.fed_plant import Plant  # noqa: PLC0415 - Kafka and OpenCV are slow

    made = Plant(kafka_broker, tmp_path, f"sqlite:///{tmp_path / 'plant.db'}")
    yield made
    made.close()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    kind = config.stash.get(BROKER_KIND, None)
    if kind is not None:
        terminalreporter.write_line(f"Kafka tests ran against {kind}")
