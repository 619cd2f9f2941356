"""Finds the parts that people have confirmed or overruled, to judge them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select, tuple_

from connectors.database.evidence import read_evidence
from connectors.database.read import as_verdict
from connectors.database.tables import verdicts
from connectors.database.values import reading
from connectors.database.verifications import SqlVerifications
from inspector.evidence import WindowRecord, record_name
from inspector.gate import Known, ReplayPart, ReplaySet
from inspector.ports import PictureDecoder
from inspector.types import Decision, Sample, Verdict
from inspector.verification import (
    PartKey,
    Verification,
    is_bad,
    words_that_count,
)

_ASKED_AT_ONCE = 200
"""Parts in one question: SQLite bounds the parameters of a statement."""
NO_PICTURE = "no picture was kept of them, as of every part that passes"
ANOTHER_PART = "the verdict under their number is of another part"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptParts:
    """Where what was kept of parts lies, and how to read its pictures."""

    engine: Engine
    evidence: Path
    decode: PictureDecoder


def verified_parts(kept: KeptParts, line: str, most: int) -> ReplaySet:
    """Give the newest parts of a line that people have looked at, as the gate needs.

    A part's window and picture are read when it is judged again, not here.

    Args:
        kept: where to look.
        line: its name.
        most: at most so many parts.

    Raises:
        StoreError: the database cannot be read.
    """
    words = words_that_count(SqlVerifications(kept.engine).of_line(line)).values()
    newest = sorted(words, key=lambda word: word.captured_ns, reverse=True)
    parts: list[ReplayPart] = []
    left_out: Counter[str] = Counter()
    for word, verdict in _with_verdicts(kept.engine, newest):
        if len(parts) == most:
            break
        why = _why_not(word, verdict)
        if why is None:
            parts.append(_part(kept, word, verdict))
        else:
            left_out[why] += 1
    return ReplaySet(parts=tuple(parts), left_out=dict(left_out))


def _with_verdicts(
    engine: Engine, words: Sequence[Verification]
) -> Iterator[tuple[Verification, Verdict]]:
    """Give each word with the verdict on its part, in the order of the words."""
    for at in range(0, len(words), _ASKED_AT_ONCE):
        some = words[at : at + _ASKED_AT_ONCE]
        found = _verdicts_on(engine, [word.part for word in some])
        yield from ((word, found[word.part]) for word in some if word.part in found)


def _verdicts_on(engine: Engine, parts: Sequence[PartKey]) -> dict[PartKey, Verdict]:
    table = verdicts.c
    identity = tuple_(table.line, table.camera, table.frame_id)
    question = select(verdicts).where(identity.in_(parts))
    with reading(engine) as connection:
        rows = connection.execute(question).mappings().all()
    found = map(as_verdict, rows)
    return {(each.line, each.camera, each.frame_id): each for each in found}


def _why_not(word: Verification, verdict: Verdict) -> str | None:
    if word.captured_ns != verdict.captured_ns:
        return ANOTHER_PART
    return NO_PICTURE if verdict.evidence is None else None


def _part(kept: KeptParts, word: Verification, verdict: Verdict) -> ReplayPart:
    return ReplayPart(
        name=f"part {verdict.frame_id} of camera {verdict.camera}",
        bad=is_bad(verdict.decision, word.outcome) is True,
        known=Known.VERIFIED,
        was_rejected=verdict.decision is Decision.REJECT,
        read=lambda: _read(kept, verdict),
    )


def _read(kept: KeptParts, verdict: Verdict) -> Sample:
    """Read what was kept of a part.

    Raises:
        InputError: it is lost or was altered.
        PictureError: its picture cannot be decoded.
    """
    identity = verdict.line, verdict.camera, verdict.frame_id
    name = record_name(*identity, verdict.decided_ns)
    content = read_evidence(kept.evidence, name)
    record = WindowRecord.from_json(content, f"{kept.evidence / name}")
    picture = read_evidence(kept.evidence, verdict.evidence or "")
    return record.sample(kept.decode(picture))
