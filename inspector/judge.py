"""From a window to a verdict: check the picture, score it, decide, say why.

A model is on duty together with the rules it decides by and the watch on its drift, so
that no part is ever scored by one version and decided by the thresholds of another.
Whoever exchanges the roster does it between two parts: a part looks at it once.

The judge touches no disk. What is worth keeping as evidence leaves it beside the
verdict, and whoever stores the row keeps the picture first.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from inspector.branches import is_canarys
from inspector.deciding import (
    Facts,
    Judgement,
    Trouble,
    decide,
    is_probability,
    late,
)
from inspector.errors import PictureError
from inspector.evidence import Evidence
from inspector.ports import DriftWatch, Model, PictureDecoder
from inspector.settings import DecisionRules
from inspector.types import (
    NS_PER_MS,
    Decision,
    Fault,
    Frame,
    LogContext,
    Pixels,
    Route,
    Sample,
    Scores,
    Verdict,
    Window,
)

_log = logging.getLogger(__name__)

Unusable = Callable[[Pixels], str | None]
"""Says why a decoded picture shows nothing, or `None` if it is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The two clocks: monotonic for ages, UTC for records; both in nanoseconds."""

    mono_ns: Callable[[], int] = time.monotonic_ns
    utc_ns: Callable[[], int] = time.time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The settings a line is judged by, and the hash that names them in each row."""

    decisions: DecisionRules
    settings_sha256: str
    model_folder: str = ""
    """Where the model lies, as it was given: kept with the evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict on its way to the store."""

    verdict: Verdict
    received_mono_ns: int
    decided_mono_ns: int
    evidence: Evidence | None = field(repr=False)
    """What is to be kept: the part has a picture, and did not pass or is audited."""
    broke: bool = False
    """Whether the branch that the verdict names crashed or stalled on this part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A model on duty: exchanged whole, with its rules and its watch."""

    model: Model
    rules: Rulebook
    drift: DriftWatch | None = None
    """Told of every part that was scored; `None` watches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Who judges which parts of a line."""

    live: Duty
    canary: Duty | None = None
    every: int = 1
    """The canary judges one part in so many."""

    def on(self, frame: Frame) -> Duty:
        """Say who judges a part, by a rule that can be replayed."""
        if self.canary is not None and self._is_canarys(frame):
            return self.canary
        return self.live

    def _is_canarys(self, frame: Frame) -> bool:
        return is_canarys(frame.line, frame.camera, frame.frame_id, self.every)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """A part that is to be judged, by whom, and until when."""

    window: Window
    duty: Duty
    taken_mono_ns: int
    until_mono_ns: int
    """When whoever waits for the verdict stops waiting."""


class StageTimes:
    """A part's own stop-watch; each lap ends one stage.

    `last_ns` is the monotonic time at which the latest stage ended.
    """

    def __init__(self, mono_ns: Callable[[], int]) -> None:
        self._mono_ns = mono_ns
        self.last_ns = mono_ns()
        self.stage_ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """End a stage now, and begin the next."""
        now_ns = self._mono_ns()
        self.stage_ms[stage] = (now_ns - self.last_ns) / NS_PER_MS
        self.last_ns = now_ns

    def insert(self, stage_ms: Mapping[str, float]) -> None:
        """Take over stages that were timed elsewhere, and begin the next now."""
        finite = {name: ms for name, ms in stage_ms.items() if math.isfinite(ms)}
        self.stage_ms.update(finite)
        self.last_ns = self._mono_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Findings:
    """What looking at a part has brought to light so far."""

    scores: Scores | None = None
    trouble: Trouble | None = None
    has_picture: bool = False
    drift: str | None = None
    broke: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What was decided of a part, and the scores that it was decided by."""

    judgement: Judgement
    scores: Scores


_READ = "decode"
"""The stage before the model's: what breaks after it, the branch broke."""
_PATIENCE = 0.9
"""Share of the deadline that a part may be looked at: its verdict must be in time."""
_UNHURRIED = 20
"""Deadlines that a part gets beside the line, on a thread that gives way to others."""

_UNSCORED = Scores(
    score=math.nan,
    picture_score=None,
    log_score=None,
    route=Route.NONE,
    defect=None,
    defect_map=None,
)


class Judge:
    """Judges the parts of one line, one window at a time.

    Args:
        model: scores the samples; may be exchanged between two windows.
        decode: turns encoded bytes into pixels, or raises `PictureError`.
        unusable: refuses pictures that show nothing.
        rules: thresholds, deadline, and the hash of the settings they come from.
        drift: told of every part that was scored; `None` watches nothing.
        audit_every: of every so many-th part that passed, evidence is kept too, so that
            a person can look at it blindly; `None` of none.
        clocks: replaced in tests.
    """

    def __init__(  # noqa: PLR0913 - the judge's tools, each named once
        self,
        model: Model,
        decode: PictureDecoder,
        unusable: Unusable,
        *,
        rules: Rulebook,
        drift: DriftWatch | None = None,
        audit_every: int | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._audit_every = audit_every
        self._roster = Roster(live=Duty(model=model, rules=rules, drift=drift))
        self._decode = decode
        self._unusable = unusable
        self._clocks = clocks or Clocks()

    @property
    def roster(self) -> Roster:
        """Who judges which parts now."""
        return self._roster

    def exchange(self, roster: Roster) -> None:
        """Let others judge, from the next part on; from any thread."""
        self._roster = roster

    def beside(self, duty: Duty) -> Judge:
        """Make a judge with the same eyes, whose verdicts nobody waits for.

        It judges by the same rules, but gives a part many times the deadline.
        """
        deadline_ms = duty.rules.decisions.deadline_ms * _UNHURRIED
        rules = duty.rules.decisions.model_copy(update={"deadline_ms": deadline_ms})
        return Judge(
            duty.model,
            self._decode,
            self._unusable,
            rules=replace(duty.rules, decisions=rules),
            audit_every=self._audit_every,
            clocks=self._clocks,
        )

    def turn_anew(self, window: Window) -> Turn:
        """Let a part be judged as if it came now: its latency is what that takes."""
        now_ns = self._clocks.mono_ns()
        frame = replace(window.frame, received_mono_ns=now_ns)
        return self.turn(replace(window, frame=frame, closed_mono_ns=now_ns), now_ns)

    def turn(self, window: Window, taken_mono_ns: int) -> Turn:
        """Say who judges a part, and how long that may take.

        So long that the verdict is there before the part's deadline; a part that had to
        wait gets half of its deadline all the same: no branch made it wait.

        Args:
            window: the part's frame and the log lines that concern it.
            taken_mono_ns: when the frame left the inbox and began to wait for its log.
        """
        duty, now_ns = self._roster.on(window.frame), self._clocks.mono_ns()
        deadline_ns = int(duty.rules.decisions.deadline_ms * NS_PER_MS)
        due_ns = window.frame.received_mono_ns + int(_PATIENCE * deadline_ns)
        return Turn(
            window=window,
            duty=duty,
            taken_mono_ns=taken_mono_ns,
            until_mono_ns=max(due_ns, now_ns + deadline_ns // 2),
        )

    def judge(self, window: Window, taken_mono_ns: int) -> Judged:
        """Judge one part now; see `turn` and `take`."""
        return self.take(self.turn(window, taken_mono_ns))

    def take(self, turn: Turn) -> Judged:
        """Judge one part; whatever happens on the way, there is a verdict."""
        window, duty = turn.window, turn.duty
        times = StageTimes(self._clocks.mono_ns)
        times.insert(_waits(window, turn.taken_mono_ns, self._clocks.mono_ns()))
        findings = self._look(duty, window, times)
        return self._conclude(duty, window, findings, times)

    def refuse(self, frame: Frame, trouble: Trouble) -> Judged:
        """Give a part that cannot be looked at its verdict: REVIEW, with the reason."""
        now_ns = self._clocks.mono_ns()
        window = Window(
            frame=frame,
            log_lines=(),
            log_context=LogContext.MISSING,
            closed_mono_ns=now_ns,
        )
        return self._give_up(self.turn(window, now_ns), _Findings(trouble=trouble))

    def stalled(self, turn: Turn) -> Judged:
        """Give a part whose branch does not come back its verdict: REVIEW."""
        words = f"no score {self._age_ms(turn.window.frame):.0f} ms after its arrival"
        trouble = Trouble(fault=Fault.STALLED, words=words)
        return self._give_up(turn, _Findings(trouble=trouble, broke=True))

    def _give_up(self, turn: Turn, findings: _Findings) -> Judged:
        times = StageTimes(self._clocks.mono_ns)
        times.insert({"queue": self._age_ms(turn.window.frame)})
        return self._conclude(turn.duty, turn.window, findings, times)

    def _look(self, duty: Duty, window: Window, times: StageTimes) -> _Findings:
        age_ms, rules = self._age_ms(window.frame), duty.rules.decisions
        if age_ms > rules.deadline_ms:
            return _Findings(trouble=late(age_ms, rules))
        # The top of the window: whatever breaks below costs this part its automatic
        # verdict, never the line, and never silently.
        try:
            return self._score(duty, window, times)
        except Exception as error:  # noqa: BLE001 - the top of the window
            _log.exception(
                "part %s of line %s", window.frame.frame_id, window.frame.line
            )
            words = f"{type(error).__name__} while judging: {error}"
            trouble = _trouble(Fault.EXCEPTION, words)
            return _Findings(trouble=trouble, broke=_READ in times.stage_ms)

    def _score(self, duty: Duty, window: Window, times: StageTimes) -> _Findings:
        """Score the part; without a sound picture the log alone is scored."""
        picture = self._picture(window.frame)
        times.lap(_READ)
        pixels, trouble = (
            (None, picture) if isinstance(picture, Trouble) else (picture, None)
        )
        findings = _Findings(trouble=trouble, has_picture=pixels is not None)
        sample = Sample(window=window, pixels=pixels)
        try:
            scores = duty.model.score(sample)
        except PictureError as error:
            refused = _trouble(Fault.PICTURE_UNUSABLE, str(error))
            return replace(findings, trouble=trouble or refused)
        times.insert(scores.stage_ms)
        if duty.drift is None:
            return replace(findings, scores=scores)
        moved = duty.drift.look(sample, scores)
        times.lap("drift")
        return replace(findings, scores=scores, drift=moved)

    def _picture(self, frame: Frame) -> Pixels | Trouble:
        trouble = _damage(frame)
        if trouble is not None:
            return trouble
        try:
            pixels = self._pixels(frame)
        except PictureError as error:
            return _trouble(Fault.DECODE, str(error))
        why = self._unusable(pixels)
        if why is not None:
            return _trouble(Fault.PICTURE_UNUSABLE, why)
        return pixels

    def _pixels(self, frame: Frame) -> Pixels:
        if frame.pixels is not None:
            return frame.pixels
        return self._decode(frame.encoded or b"")

    def _conclude(
        self, duty: Duty, window: Window, findings: _Findings, times: StageTimes
    ) -> Judged:
        facts = Facts(
            scores=findings.scores,
            trouble=findings.trouble,
            has_picture=findings.has_picture,
            model_verified=duty.model.verified,
            age_ms=self._age_ms(window.frame),
            drift=findings.drift,
        )
        judgement = decide(facts, duty.rules.decisions)
        times.lap("decide")
        said = _Said(judgement=judgement, scores=findings.scores or _UNSCORED)
        return Judged(
            verdict=self._verdict(duty, window, said, times),
            received_mono_ns=window.frame.received_mono_ns,
            decided_mono_ns=times.last_ns,
            evidence=self._evidence(duty, window, findings.scores, judgement.decision),
            broke=findings.broke,
        )

    def _verdict(
        self, duty: Duty, window: Window, said: _Said, times: StageTimes
    ) -> Verdict:
        frame, scores, judgement = window.frame, said.scores, said.judgement
        return Verdict(
            line=frame.line,
            camera=frame.camera,
            frame_id=frame.frame_id,
            serial=frame.serial,
            captured_ns=frame.captured_ns,
            decided_ns=self._clocks.utc_ns(),
            decision=judgement.decision,
            reason=judgement.reason,
            fault=judgement.fault,
            score=_recordable(scores.score),
            picture_score=_recordable(scores.picture_score),
            log_score=_recordable(scores.log_score),
            defect=scores.defect,
            route=scores.route,
            look=scores.look,
            log_context=window.log_context,
            log_lines=len(window.log_lines),
            trunk=duty.model.trunk,
            branch=duty.model.branch,
            settings_sha256=duty.rules.settings_sha256,
            latency_ms=(times.last_ns - frame.received_mono_ns) / NS_PER_MS,
            stage_ms=MappingProxyType(times.stage_ms),
            evidence=None,
            is_simulated=frame.is_simulated,
        )

    def _evidence(
        self, duty: Duty, window: Window, scores: Scores | None, decision: Decision
    ) -> Evidence | None:
        """Let go of pictures of parts that passed: they are large, and they queue.

        Of those, the sample for the audit is kept.
        """
        frame, every = window.frame, self._audit_every
        has_picture = bool(frame.encoded) or frame.pixels is not None
        passed = decision is Decision.PASS
        if not has_picture or (passed and not is_sampled(frame, every)):
            return None
        return Evidence(
            window=window,
            scores=scores,
            rules=duty.rules.decisions,
            model=duty.rules.model_folder,
        )

    def _age_ms(self, frame: Frame) -> float:
        return (self._clocks.mono_ns() - frame.received_mono_ns) / NS_PER_MS


def is_sampled(frame: Frame, every: int | None) -> bool:
    """Whether a part is of the audit's sample: by chance, not by what was seen of it.

    The same for every worker and every replay, and another choice than a canary's.
    """
    if every is None:
        return False
    return is_canarys(f"audit/{frame.line}", frame.camera, frame.frame_id, every)


def _waits(window: Window, taken_ns: int, started_ns: int) -> dict[str, float]:
    """Split what came before: waiting for a turn (queue), for the log (window)."""
    for_log_ns = max(0, window.closed_mono_ns - taken_ns)
    for_turn_ns = started_ns - window.frame.received_mono_ns - for_log_ns
    return {"queue": for_turn_ns / NS_PER_MS, "window": for_log_ns / NS_PER_MS}


def _damage(frame: Frame) -> Trouble | None:
    """Say what is wrong with a picture before it is decoded."""
    if frame.problem is not None:
        return _trouble(Fault.PICTURE_MISSING, frame.problem)
    if frame.encoded is None and frame.pixels is None:
        return _trouble(Fault.PICTURE_MISSING, "the camera delivered no picture")
    if frame.sha256 is None or frame.encoded is None:
        return None
    found = hashlib.sha256(frame.encoded).hexdigest()
    if found == frame.sha256.lower():
        return None
    return _trouble(
        Fault.CHECKSUM,
        f"the picture's sha256 is {found[:12]}, the sender's {frame.sha256[:12]}",
    )


def _trouble(fault: Fault, words: str) -> Trouble:
    """Keep the words of others short, on one line, and never empty."""
    shown = "".join(sign if sign.isprintable() else " " for sign in words[:300])
    return Trouble(fault=fault, words=shown.strip() or fault.value)


def _recordable(score: float | None) -> float | None:
    """Keep what is not a probability out of the record; the reason names it."""
    return score if score is not None and is_probability(score) else None
