"""Markdown: tables that render, and nothing of the machine but what it can do."""

from __future__ import annotations

import pytest

from inspector.measures.estimates import Estimate, Rate
from inspector.reporting.machine import Machine, instructions_in, this_machine
from inspector.reporting.markdown import as_markdown, typed
from inspector.reporting.tables import Section, counted, interval, share, sheet

MACHINE = Machine(
    cores=2,
    instructions=("AVX2",),
    system="Linux, Python 3.11.2",
    packages={"onnxruntime-gpu": "1.31.1"},
    threads="1",
)


def test_a_page_holds_tables_notes_command_and_machine() -> None:
    table = sheet("Areas", ("method", "AUROC"), [("a|b", "0.9")])
    section = Section(title="Fusion", sheets=(table,), notes=("Of parts.",))
    command = ["/opt/x/bin/inspector", "evaluate", "recordings/poly", "--model", "M"]
    text = as_markdown("Line poly", [section], command, MACHINE)
    assert text.startswith("# Line poly\n\nMade on 20")
    assert "`inspector evaluate recordings/poly --model M`" in text
    assert "on 2 cores (AVX2), Linux, Python 3.11.2, onnxruntime-gpu 1.31.1" in text
    assert "## Fusion\n\n**Areas**\n\n| method | AUROC |\n| --- | --: |\n" in text
    assert "| a\\|b | 0.9 |\n\nOf parts.\n" in text


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("/home/someone/poly", "poly"),
        ("../elsewhere/poly", "poly"),
        ("--out=/tmp/M", "--out=M"),
        ("sqlite:////tmp/M/verdicts.db", "sqlite:///verdicts.db"),
        ("sqlite:///verdicts.db", "sqlite:///verdicts.db"),
        ("recordings/poly", "recordings/poly"),
        ("--split=test", "--split=test"),
        ("two words", "'two words'"),
    ],
)
def test_a_command_does_not_tell_where_things_lie(argument: str, shown: str) -> None:
    assert typed(["/x/inspector/__main__.py", argument]).split(" ", 1)[1] == shown


def test_the_program_is_called_by_its_name() -> None:
    assert typed(["/x/inspector/__main__.py"]) == "inspector"
    assert typed(["/x/bin/inspector"]) == "inspector"


def test_the_machine_at_hand_is_described_without_its_name() -> None:
    found = this_machine()
    assert found.cores >= 1
    assert "numpy" in found.packages
    assert "/" not in f"{found}"


def test_telling_instructions_are_named() -> None:
    flags = "fpu avx2 amx_tile avx512f".split()
    assert instructions_in(flags) == ("AVX2", "AVX-512", "AMX")
    assert instructions_in([]) == ()


def test_figures_are_written_with_what_they_were_counted_from() -> None:
    assert (
        interval(Estimate(value=0.5, low=0.25, high=0.75)) == "0.500 (0.250 to 0.750)"
    )
    assert interval(Estimate(value=0.0, low=-0.1, high=0.1), "+") == (
        "+0.000 (-0.100 to +0.100)"
    )
    assert interval(None) == share(Rate(count=0, of=0)) == ""
    assert counted(Rate(count=2, of=116)) == "2 / 116"
    assert share(Rate(count=2, of=116)) == "0.017 (0.005 to 0.061)"


def test_a_row_that_does_not_fill_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fill"):
        sheet("x", ("a", "b"), [("only",)])
