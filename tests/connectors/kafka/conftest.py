"""A plant for each test that needs a broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fed_plant import Plant
from tests.kafka_broker import Broker


@pytest.fixture
def plant(kafka_broker: Broker, tmp_path: Path) -> Iterator[Plant]:
    made = Plant(kafka_broker, tmp_path, f"sqlite:///{tmp_path / 'plant.db'}")
    yield made
    made.close()
