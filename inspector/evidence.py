"""What is kept of a part that did not pass, so that it can be judged again.

The picture is one file, named by its content. Beside it lies the part's window: the log
lines with what each weighed, the defect map, and the model and rules that decided, as
JSON. Its name follows from the part's identity and the moment of the decision, so that
a row of the record finds it, and so that judging a part again never touches what an
earlier verdict stands on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspector.errors import InputError
from inspector.settings import DecisionRules, ModelSettings
from inspector.types import (
    FloatArray,
    Frame,
    LogContext,
    LogLine,
    Look,
    Pixels,
    Route,
    Sample,
    Scores,
    Verdict,
    Window,
)

_DIGITS = 5
"""Decimals of weights and of cells: more than any eye or threshold tells apart."""

WINDOWS, OVERLAYS = "windows", "overlays"
"""Folders inside the evidence folder."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What led to a verdict, on its way to be kept."""

    window: Window = field(repr=False)
    scores: Scores | None = field(repr=False)
    """What the model said; `None` if it was not asked or could not say."""
    rules: DecisionRules
    model: str
    """The model's folder as it was given; empty if the model came from nowhere."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class KeptLine(_Strict):
    """A log line of the window, and its share of the log's say."""

    logged_ns: int
    station: str
    level: str
    text: str
    weight: Share | None


class KeptModel(_Strict):
    """The model that decided, and where it lay."""

    folder: str
    branch: str
    """The branch's version."""
    trunk_sha256: str
    branch_sha256: str


class WindowRecord(_Strict):
    """A part's window as kept: all that judging it again needs but the picture."""

    format: Literal[1] = 1
    line: str
    camera: str
    frame_id: int
    serial: str | None
    captured_ns: int
    decided_ns: int
    is_simulated: bool
    log_context: LogContext
    log_lines: tuple[KeptLine, ...]
    score: Share | None
    route: Route
    look: Look
    defect_map: tuple[tuple[Share, ...], ...] | None
    """Rows of cells; `None` if the picture was not looked at, or not with success."""
    model: KeptModel
    rules: DecisionRules

    @classmethod
    def of(cls, verdict: Verdict, evidence: Evidence) -> Self:
        """Write down what led to a verdict."""
        scores = evidence.scores
        return cls(
            line=_text(verdict.line),
            camera=_text(verdict.camera),
            frame_id=verdict.frame_id,
            serial=None if verdict.serial is None else _text(verdict.serial),
            captured_ns=verdict.captured_ns,
            decided_ns=verdict.decided_ns,
            is_simulated=verdict.is_simulated,
            log_context=verdict.log_context,
            log_lines=_kept_lines(evidence),
            score=verdict.score,
            route=verdict.route,
            look=Look.NONE if scores is None else scores.look,
            defect_map=None if scores is None else _cells(scores.defect_map),
            model=_kept_model(verdict, evidence),
            rules=evidence.rules,
        )

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Self:
        """Read what `as_json` wrote.

        Raises:
            InputError: it is damaged, or of another version of this program.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            field_name = ".".join(map(str, first["loc"])) or "(whole file)"
            what = f"is not a part's window: field {field_name}: {first['msg']}"
            raise InputError.single(where, what) from error

    def as_json(self) -> bytes:
        """Write it as UTF-8 JSON."""
        return self.model_dump_json().encode()

    def settings(self) -> ModelSettings:
        """The model's settings as they were when the part was judged."""
        return ModelSettings(
            line=self.line, branch=self.model.branch, decisions=self.rules
        )

    def sample(self, pixels: Pixels | None) -> Sample:
        """Make what the model reads of the part, to judge it again."""
        frame = Frame(
            line=self.line,
            camera=self.camera,
            frame_id=self.frame_id,
            serial=self.serial,
            captured_ns=self.captured_ns,
            received_mono_ns=0,
            is_simulated=self.is_simulated,
        )
        window = Window(
            frame=frame,
            log_lines=tuple(
                LogLine(
                    line=self.line,
                    logged_ns=each.logged_ns,
                    station=each.station,
                    level=each.level,
                    text=each.text,
                )
                for each in self.log_lines
            ),
            log_context=self.log_context,
            closed_mono_ns=0,
        )
        return Sample(window=window, pixels=pixels)


def record_name(line: str, camera: str, frame_id: int, decided_ns: int) -> str:
    """Name a part's window inside the evidence folder."""
    return f"{WINDOWS}/{_key(line, camera, frame_id, decided_ns)}.json"


def overlay_name(line: str, camera: str, frame_id: int, decided_ns: int) -> str:
    """Name the picture for people of a part that was rejected."""
    return f"{OVERLAYS}/{_key(line, camera, frame_id, decided_ns)}.png"


def line_weights(window: Window, scores: Scores | None) -> tuple[float | None, ...]:
    """Give each log line's weight; `None` each where the model told none it could.

    A weight that is not a number from 0 to 1 is none either.
    """
    count = len(window.log_lines)
    weights = None if scores is None else scores.line_weights
    if weights is None or weights.shape != (count,):
        return (None,) * count
    sound = np.isfinite(weights) & (weights >= 0) & (weights <= 1)
    return tuple(
        round(float(weight), _DIGITS) if is_sound else None
        for weight, is_sound in zip(weights, sound, strict=True)
    )


def _kept_lines(evidence: Evidence) -> tuple[KeptLine, ...]:
    weights = line_weights(evidence.window, evidence.scores)
    return tuple(
        KeptLine(
            logged_ns=line.logged_ns,
            station=_text(line.station),
            level=_text(line.level),
            text=_text(line.text),
            weight=weight,
        )
        for line, weight in zip(evidence.window.log_lines, weights, strict=True)
    )


def _kept_model(verdict: Verdict, evidence: Evidence) -> KeptModel:
    return KeptModel(
        folder=_text(evidence.model),
        branch=verdict.branch.version,
        trunk_sha256=verdict.trunk.sha256,
        branch_sha256=verdict.branch.sha256,
    )


def _key(line: str, camera: str, frame_id: int, decided_ns: int) -> str:
    identity = "\0".join((_text(line), _text(camera), f"{frame_id}", f"{decided_ns}"))
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return f"{digest[:2]}/{digest}"


def _cells(defect_map: FloatArray | None) -> tuple[tuple[float, ...], ...] | None:
    if defect_map is None or not np.isfinite(defect_map).all():
        return None
    rounded = np.round(defect_map.astype(np.float64).clip(0, 1), _DIGITS)
    return tuple(tuple(row) for row in rounded.tolist())


def _text(words: str) -> str:
    """Replace what JSON cannot hold: no odd sign may cost a part its evidence."""
    return words.encode("utf-8", "replace").decode()
