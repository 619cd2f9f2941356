"""A line runs to its end or to a signal, and its account is printed whole."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from inspector.account import Account, Loss, Tally
from inspector.commands.line_operation import (
    AccountFiles,
    account_tables,
    operate,
    operate_and_report,
    write_json,
)
from inspector.errors import InspectorError, StoreError
from inspector.pipeline import Pipeline
from inspector.storing import Archive
from tests.inspector.line_fakes import (
    FakeModel,
    ListedFrames,
    PictureDrawer,
    VerdictShelf,
)
from tests.inspector.test_pipeline import Line, fresh_frames, slowly


@contextmanager
def signals_after(delay_s: float, *numbers: signal.Signals) -> Iterator[None]:
    def send() -> None:
        for number in numbers:
            os.kill(os.getpid(), number)
            time.sleep(0.05)

    sender = threading.Timer(delay_s, send)
    sender.start()
    yield
    sender.join()


@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGINT,),
        (signal.SIGTERM,),
        (signal.SIGTERM, signal.SIGTERM, signal.SIGINT),
    ],
)
def test_a_signal_finishes_the_parts_in_hand(numbers: tuple[signal.Signals]) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    line = Line(
        ListedFrames(fresh_frames(10), stays_open=True), model=FakeModel(act=slowly)
    )
    started = time.monotonic()
    with signals_after(0.1, *numbers):
        account = operate(line.pipeline())
    assert (account.verdicts, account.faults) == (account.parts, {})
    assert account.verdicts >= 1
    assert time.monotonic() - started < 5
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_line_ends_by_itself() -> None:
    assert operate(Line(ListedFrames(fresh_frames(10))).pipeline()).verdicts == 10


def test_a_line_that_breaks_down_is_an_error() -> None:
    line = Line(ListedFrames(fresh_frames(3)), shelf=VerdictShelf(failures=10**9))
    with pytest.raises(StoreError, match="locked"):
        operate(line.pipeline())


@dataclass
class Leaking:
    """A line that lost a part and did not notice."""

    account: Account

    def run(self) -> Account:
        return self.account

    def stop(self) -> None: ...


def test_an_account_that_does_not_balance_is_an_error() -> None:
    tally = Tally()
    tally.triggered()
    tally.triggered()
    tally.lost(Loss.UNSTORED)
    pipeline: Any = Leaking(tally.account())
    with pytest.raises(InspectorError, match="2 parts, 0 verdicts, 1 counted faults"):
        operate(pipeline)


def test_the_tables_show_every_count_and_every_stage() -> None:
    pipeline: Pipeline = Line(ListedFrames(fresh_frames(10))).pipeline()
    shown = Console(file=StringIO(), width=100)
    for table in account_tables(pipeline.run()):
        shown.print(table)
    assert isinstance(shown.file, StringIO)
    text = shown.file.getvalue()
    for words in ("triggered", "decision: PASS", "route: both", "frame to stored"):
        assert words in text
    for stage in ("queue", "window", "decode", "decide", "store"):
        assert stage in text


def an_archive(shelf: VerdictShelf) -> Archive:
    return Archive(
        verdicts=shelf, evidence=PictureDrawer(), encode_png=lambda _pixels: b""
    )


def test_the_account_is_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(ListedFrames(fresh_frames(3)))
    files = AccountFiles(json=tmp_path / "a.json", markdown=tmp_path / "a.md")
    operate_and_report(line.pipeline(), an_archive(line.shelf), files)
    said = json.loads((tmp_path / "a.json").read_text())
    assert (said["parts"], said["verdicts"], said["faults"]) == (3, 3, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.md"]
    assert "| frame to stored |" in (tmp_path / "a.md").read_text()
    assert "triggered" in capsys.readouterr().out


def test_a_line_that_breaks_down_still_says_what_became_of_its_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Line(ListedFrames(fresh_frames(3)), shelf=VerdictShelf(failures=10**9))
    with pytest.raises(StoreError):
        operate_and_report(
            line.pipeline(),
            an_archive(line.shelf),
            AccountFiles(json=tmp_path / "a.json"),
        )
    said = json.loads((tmp_path / "a.json").read_text())
    assert (said["parts"], said["verdicts"]) == (3, 0)
    assert sum(said["faults"].values()) == 3
    assert "unstored" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "a.json"
    with pytest.raises(InspectorError, match=r"a\.json: cannot be written"):
        write_json(path, {})


def test_what_is_not_a_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"p99": float("nan")})
    assert list(tmp_path.iterdir()) == []
