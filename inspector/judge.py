"""From a window to a verdict: check the picture, score it, decide, say why.

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
from inspector.frozen import FrozenWatch
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

Unusable = Callable[[Pixels], Trouble | None]
"""Says why a decoded picture shows nothing, or `None` if it is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The two clocks: monotonic for ages, UTC for records; both in nanoseconds."""

    mono_ns: Callable[[], int] = time.monotonic_ns
    utc_ns: Callable[[], int] = time.time_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict on its way to the store."""

    verdict: Verdict
    received_mono_ns: int
    decided_mono_ns: int
    evidence: Evidence | None = field(repr=False)
    """What is to be kept: the part did not pass and has a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The settings a line is judged by, and the hash that names them in each row."""

    decisions: DecisionRules
    settings_sha256: str
    model_folder: str = ""
    """Where the model lies, as it was given: kept with the evidence."""


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
        frozen: notices a camera that hangs; `None` notices nothing.
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
        frozen: FrozenWatch | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        self._frozen = frozen or FrozenWatch(0)
        self._model = model
        self._decode = decode
        self._unusable = unusable
        self._rules = rules
        self._drift = drift
        self._clocks = clocks or Clocks()

    def judge(self, window: Window, taken_mono_ns: int) -> Judged:
        """Judge one part; whatever happens on the way, there is a verdict.

        Args:
            window: the part's frame and the log lines that concern it.
            taken_mono_ns: when the frame left the inbox and began to wait for its log.
        """
        times = StageTimes(self._clocks.mono_ns)
        times.insert(_waits(window, taken_mono_ns, self._clocks.mono_ns()))
        findings = self._look(window, times)
        return self._conclude(window, findings, times)

    def refuse(self, frame: Frame, trouble: Trouble) -> Judged:
        """Give a part that cannot be looked at its verdict: REVIEW, with the reason."""
        now_ns = self._clocks.mono_ns()
        window = Window(
            frame=frame,
            log_lines=(),
            log_context=LogContext.MISSING,
            closed_mono_ns=now_ns,
        )
        times = StageTimes(self._clocks.mono_ns)
        times.insert({"queue": (now_ns - frame.received_mono_ns) / NS_PER_MS})
        return self._conclude(window, _Findings(trouble=trouble), times)

    def _look(self, window: Window, times: StageTimes) -> _Findings:
        age_ms = self._age_ms(window.frame)
        if age_ms > self._rules.decisions.deadline_ms:
            return _Findings(trouble=late(age_ms, self._rules.decisions))
        # The top of the window: whatever breaks below costs this part its automatic
        # verdict, never the line, and never silently.
        try:
            return self._score(window, times)
        except Exception as error:  # noqa: BLE001 - the top of the window
            _log.exception(
                "part %s of line %s", window.frame.frame_id, window.frame.line
            )
            words = f"{type(error).__name__} while judging: {error}"
            return _Findings(trouble=_trouble(Fault.EXCEPTION, words))

    def _score(self, window: Window, times: StageTimes) -> _Findings:
        """Score the part; without a sound picture the log alone is scored."""
        picture = self._picture(window.frame)
        times.lap("decode")
        pixels, trouble = (
            (None, picture) if isinstance(picture, Trouble) else (picture, None)
        )
        findings = _Findings(trouble=trouble, has_picture=pixels is not None)
        sample = Sample(window=window, pixels=pixels)
        try:
            scores = self._model.score(sample)
        except PictureError as error:
            refused = _trouble(Fault.PICTURE_UNUSABLE, str(error))
            return replace(findings, trouble=trouble or refused)
        times.insert(scores.stage_ms)
        drift = self._watch(sample, scores, times)
        return replace(findings, scores=scores, drift=drift)

    def _watch(self, sample: Sample, scores: Scores, times: StageTimes) -> str | None:
        if self._drift is None:
            return None
        moved = self._drift.look(sample, scores)
        times.lap("drift")
        return moved

    def _picture(self, frame: Frame) -> Pixels | Trouble:
        trouble = _damage(frame) or self._frozen.look(frame)
        if trouble is not None:
            return trouble
        try:
            pixels = self._pixels(frame)
        except PictureError as error:
            return _trouble(error.fault, str(error))
        return self._unusable(pixels) or pixels

    def _pixels(self, frame: Frame) -> Pixels:
        if frame.pixels is not None:
            return frame.pixels
        return self._decode(frame.encoded or b"")

    def _conclude(
        self, window: Window, findings: _Findings, times: StageTimes
    ) -> Judged:
        facts = Facts(
            scores=findings.scores,
            trouble=findings.trouble,
            has_picture=findings.has_picture,
            model_verified=self._model.verified,
            age_ms=self._age_ms(window.frame),
            drift=findings.drift,
        )
        judgement = decide(facts, self._rules.decisions)
        times.lap("decide")
        scores = findings.scores or _UNSCORED
        return Judged(
            verdict=self._verdict(window, scores, judgement, times),
            received_mono_ns=window.frame.received_mono_ns,
            decided_mono_ns=times.last_ns,
            evidence=self._evidence(window, findings.scores, judgement.decision),
        )

    def _verdict(
        self, window: Window, scores: Scores, judgement: Judgement, times: StageTimes
    ) -> Verdict:
        frame = window.frame
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
            trunk=self._model.trunk,
            branch=self._model.branch,
            settings_sha256=self._rules.settings_sha256,
            latency_ms=(times.last_ns - frame.received_mono_ns) / NS_PER_MS,
            stage_ms=MappingProxyType(times.stage_ms),
            evidence=None,
            is_simulated=frame.is_simulated,
        )

    def _evidence(
        self, window: Window, scores: Scores | None, decision: Decision
    ) -> Evidence | None:
        """Let go of pictures of parts that passed: they are large, and they queue."""
        has_picture = bool(window.frame.encoded) or window.frame.pixels is not None
        if not has_picture or decision is Decision.PASS:
            return None
        return Evidence(
            window=window,
            scores=scores,
            rules=self._rules.decisions,
            model=self._rules.model_folder,
        )

    def _age_ms(self, frame: Frame) -> float:
        return (self._clocks.mono_ns() - frame.received_mono_ns) / NS_PER_MS


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
