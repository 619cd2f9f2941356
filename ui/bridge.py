"""The one object that crosses threads.

```
lookout thread ──▶ one-slot mailbox ─┐
                                     ├──▶ a timer of 33 ms, the window's thread
workers (desk ...) ──▶ answers ─┘
```
No signal ever crosses a thread: a queued signal for each frame piles up when the window
is slow, while a mailbox with one slot only ever holds the newest state. The timer
spends at most some milliseconds on answers and leaves the rest for its next turn.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.errors import InspectorError
from ui.mailbox import Mailbox

_log = logging.getLogger(__name__)

PULL_MS = 33
_BUDGET_S = 0.010
"""Time that one turn of the timer spends on answers."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    slot: str
    number: int
    work: Callable[[], object]
    then: Callable[[object], None]
    failed: Callable[[InspectorError], None]


class Worker:
    """A thread that answers questions one by one; of one slot only the newest.

    Args:
        name: of the thread.
        answers: where its answers go.
    """

    def __init__(self, name: str, answers: SimpleQueue[Callable[[], None]]) -> None:
        self._answers = answers
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._newest: dict[str, int] = {}
        self._count = 0
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def ask(self, question: _Question) -> None:
        """Queue a question; it replaces an older one of its slot."""
        self._questions.put(question)

    def number(self, slot: str) -> int:
        """Number the next question of a slot."""
        self._count += 1
        if slot:
            self._newest[slot] = self._count
        return self._count

    def stop(self, within_s: float = 2.0) -> None:
        """End after the question in hand."""
        self._questions.put(None)
        self._thread.join(within_s)

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            if self._is_old(question):
                continue
            self._answer(question)

    def _is_old(self, question: _Question) -> bool:
        return bool(question.slot) and (
            self._newest.get(question.slot) != question.number
        )

    def _answer(self, question: _Question) -> None:
        try:
            found = question.work()
        except InspectorError as error:
            told = error
            self._answers.put(lambda: question.failed(told))
            return

        def deliver() -> None:
            if not self._is_old(question):
                question.then(found)

        self._answers.put(deliver)


class Bridge(QObject):
    """Carries states and answers to the window's thread, at the timer's pace.

    Args:
        states: the mailbox that the lookout fills.
    """

    state = Signal(object)
    """The newest state; emitted on the window's thread alone."""
    turned = Signal()
    """Each turn of the timer, for ages that grow by themselves."""
    trouble = Signal(str)
    """What a question that nobody handles failed with."""

    def __init__(self, states: Mailbox[object]) -> None:
        super().__init__()
        self._states = states
        self._answers: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._workers: dict[str, Worker] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(PULL_MS)
        self._timer.timeout.connect(self.pull)

    def start(self) -> None:
        """Begin to pull."""
        self._timer.start()

    def stop(self) -> None:
        """Pull no more, and end the workers."""
        self._timer.stop()
        for worker in self._workers.values():
            worker.stop()
        self._workers.clear()

    def ask(
        self,
        work: Callable[[], T],
        then: Callable[[T], None],
        *,
        slot: str = "",
        failed: Callable[[InspectorError], None] | None = None,
        worker: str = "desk",
    ) -> None:
        """Have a question answered off the window's thread.

        Args:
            work: asks the database or reads a file; raises `InspectorError`.
            then: is given the answer, on the window's thread.
            slot: a newer question of the same slot makes this one void; "" never.
            failed: is given the error; without it, `trouble` tells of it.
            worker: which thread: `desk` for people's acts, `shelf` for pictures, `slow`
                for what may take seconds.
        """
        asked = self._worker(worker)
        asked.ask(
            _Question(
                slot=slot,
                number=asked.number(slot),
                work=work,
                then=then,  # type: ignore[arg-type]  # it is given what work gives
                failed=failed or (lambda error: self.trouble.emit(str(error))),
            )
        )

    def pull(self) -> None:
        """Hand over the newest state and as many answers as the budget allows."""
        state = self._states.take()
        if state is not None:
            self.state.emit(state)
        until = time.perf_counter() + _BUDGET_S
        while time.perf_counter() < until:
            try:
                answer = self._answers.get_nowait()
            except Empty:
                break
            answer()
        self.turned.emit()

    def _worker(self, name: str) -> Worker:
        if name not in self._workers:
            self._workers[name] = Worker(name, self._answers)
        return self._workers[name]
