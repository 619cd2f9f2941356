"""Looks through the topic of dead letters, and sends messages where they came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from connectors.kafka.clients import Clients
from connectors.kafka.delivering import ORIGIN_HEADERS
from inspector.delivery import Headers
from inspector.errors import InputError, SourceError

_READ_MS = 1000
_ASK_MS = 5000
_SENT_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message that nothing could be made of."""

    name: str
    """Its own place, `PARTITION:OFFSET`."""
    kind: str
    reason: str
    topic: str
    partition: str
    offset: str
    key: bytes | None
    headers: Headers
    """Those that the message had."""
    value: bytes = field(repr=False)


class DeadLetterBox:
    """Reads the dead letters of one plant.

    Args:
        clients: reach the broker.

    Raises:
        SourceError: the broker does not answer.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._topic = clients.settings.topics.dead_letters

    def letters(self) -> Iterator[DeadLetter]:
        """Give all letters there are now, partition by partition, the oldest first.

        Raises:
            SourceError: the broker does not answer.
        """
        consumer = self._reader()
        try:
            for number in sorted(consumer.partitions_for_topic(self._topic) or ()):
                yield from self._read(consumer, TopicPartition(self._topic, number))
        except KafkaError as error:
            raise self._silent(error) from error
        finally:
            consumer.close(autocommit=False)

    def letter(self, name: str) -> DeadLetter:
        """Give one letter.

        Raises:
            InputError: there is none of that name.
            SourceError: the broker does not answer.
        """
        for letter in self.letters():
            if letter.name == name:
                return letter
        what = "is not there: inspector deadletters list names those there are"
        where = f"dead letter {name}"
        raise InputError.single(where, what)

    def replay(self, letter: DeadLetter) -> None:
        """Send a message to the topic it came from, as it was; the letter stays.

        Raises:
            SourceError: it was not acknowledged.
        """
        try:
            producer = self._clients.producer()
            try:
                sending = producer.send(
                    letter.topic,
                    key=letter.key,
                    value=letter.value,
                    headers=list(letter.headers),
                )
                sending.get(timeout=_SENT_WITHIN_S)
            finally:
                producer.close(timeout=1)
        except KafkaError as error:
            raise self._silent(error) from error

    def _reader(self) -> KafkaConsumer:
        try:
            return self._clients.reader()
        except KafkaError as error:
            raise self._silent(error) from error

    def _read(
        self, consumer: KafkaConsumer, partition: TopicPartition
    ) -> Iterator[DeadLetter]:
        end = consumer.end_offsets([partition], timeout_ms=_ASK_MS)[partition]
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        while consumer.position(partition, timeout_ms=_ASK_MS) < end:
            for records in consumer.poll(_READ_MS).values():
                for record in records:
                    yield _as_letter(record)

    def _silent(self, error: KafkaError) -> SourceError:
        brokers = ", ".join(self._clients.settings.brokers)
        return SourceError(f"Kafka at {brokers}: {type(error).__name__}: {error}")


def _as_letter(record: object) -> DeadLetter:
    headers: list[tuple[str, bytes | None]] = getattr(record, "headers", [])
    said = {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
    return DeadLetter(
        name=f"{getattr(record, 'partition', 0)}:{getattr(record, 'offset', 0)}",
        kind=said.get("inspector-kind", "unknown"),
        reason=said.get("inspector-reason", ""),
        topic=said.get("inspector-topic", ""),
        partition=said.get("inspector-partition", ""),
        offset=said.get("inspector-offset", ""),
        key=getattr(record, "key", None),
        headers=tuple(
            (name.removeprefix(ORIGIN_HEADERS), value or b"")
            for name, value in headers
            if name.startswith(ORIGIN_HEADERS)
        ),
        value=getattr(record, "value", None) or b"",
    )
