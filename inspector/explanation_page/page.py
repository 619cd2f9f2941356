"""Lays an explanation out as one self-contained HTML page, to be read or printed.

Serials, stations and log text come from the floor and are hostile input: the template
escapes everything, and charts draw text as text.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from inspector.explaining import (
    LARGEST_REGION,
    PAIRED_LINES,
    Cell,
    Cover,
    Explanation,
    Flip,
    Outcome,
    cells_mask,
)
from inspector.explanation_page.charts import (
    LOG,
    PICTURE,
    Band,
    Side,
    flow_chart,
    scale_chart,
    stage_chart,
)
from inspector.explanation_page.words import WORDS, Language
from inspector.logtext import format_utc_ns
from inspector.model.drawing import as_rgb, heat_over
from inspector.model.pictures import encode_png
from inspector.settings import DecisionRules
from inspector.types import (
    NS_PER_S,
    Decision,
    FloatArray,
    Look,
    Pixels,
    Sample,
    Verdict,
)

_SIGNS = {Decision.PASS: "\u2713", Decision.REJECT: "\u2715", Decision.REVIEW: "?"}
"""Never colour alone: each verdict has its shape too."""
_SIDE = 720
"""Pixels of a picture's longer side in the report; the evidence file has them all."""
_FLOWING_LINES, _FLOWING_CELLS = 6, 4
_WORDS_IN_CHART = 48
_WIDE = ("W", "F")
_OUTLINE = (255, 32, 32)
_SURE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A stored verdict with what led to it."""

    verdict_id: int
    verdict: Verdict
    rules: DecisionRules
    sample: Sample = field(repr=False)
    explanation: Explanation | None
    """`None` for a part that was not decided by its score."""
    cover: Cover


def render(subject: Subject, language: Language) -> str:
    """Write the report.

    Returns:
        An HTML page that needs no other file and no network.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    page = _Page(subject, WORDS[language])
    return environment.get_template("page.html").render(page.content())


class _Page:
    def __init__(self, subject: Subject, words: Mapping[str, str]) -> None:
        self._subject = subject
        self._verdict = subject.verdict
        self._found = subject.explanation
        self._w = words

    def content(self) -> dict[str, Any]:
        """Everything that the template names."""
        decision = self._w[self._verdict.decision]
        scores = self._found.scores if self._found else None
        return {
            "w": self._w,
            "title": self._w["title"].format(decision=decision),
            "verdict": self._verdict,
            "sign": _SIGNS[self._verdict.decision],
            "identity": self._identity(),
            "in_short": self._in_short(),
            "again": self._again(),
            "scale": self._scale(),
            "pictures": list(self._pictures()),
            "picture_note": self._picture_note(),
            "defect": self._verdict.defect
            and self._w["defect"].format(defect=_plain(self._verdict.defect)),
            "flow": Markup(self._flow()),  # noqa: S704 - our own SVG, text escaped
            "log_context": self._log_context(),
            "weighed": scores is not None and scores.line_weights is not None,
            "lines": self._lines(),
            "heaviest": max((*self._weights(), 1e-6)),
            "flips": [self._flip(flip) for flip in self._flips()],
            "flip_caption": self._w["flip_caption"].format(
                reruns=self._found.reruns if self._found else 0
            ),
            "without": list(self._without()),
            "versions": self._versions(),
            "stages": Markup(self._stages()),  # noqa: S704 - our own SVG
        }

    def _identity(self) -> list[tuple[str, str]]:
        verdict, w = self._verdict, self._w
        return [
            (w["serial"], _plain(verdict.serial or w["no_serial"])),
            (w["verdict_id"], f"{self._subject.verdict_id}"),
            (w["line"], _plain(verdict.line)),
            (w["camera"], f"{_plain(verdict.camera)}, {w['frame']} {verdict.frame_id}"),
            (w["captured"], _when(verdict.captured_ns)),
            (w["decided"], _when(verdict.decided_ns)),
        ]

    def _in_short(self) -> str:
        verdict, rules = self._verdict, self._subject.rules
        if verdict.fault is not None or verdict.score is None:
            fault = verdict.fault.value if verdict.fault else verdict.reason
            return self._w["by_fault"].format(fault=_plain(fault))
        return self._w[f"by_score_{verdict.decision}"].format(
            score=verdict.score,
            pass_below=rules.pass_below,
            reject_at=rules.reject_at,
        )

    def _again(self) -> str:
        if self._found is None or self._verdict.score is None:
            return ""
        return self._w["again"].format(
            again=self._found.scores.score, score=self._verdict.score
        )

    def _scale(self) -> Markup:
        verdict, rules, w = self._verdict, self._subject.rules, self._w
        if verdict.score is None:
            return Markup()
        scores = {
            w["picture_alone"]: verdict.picture_score,
            w["log_alone"]: verdict.log_score,
            w["fused"]: verdict.score,
        }
        zones = [
            (w["PASS"], 0.0, rules.pass_below),
            (w["REVIEW"], rules.pass_below, rules.reject_at),
            (w["REJECT"], rules.reject_at, 1.0),
        ]
        return Markup(scale_chart(scores, zones))  # noqa: S704 - our own SVG

    # The picture.

    def _pictures(self) -> Iterator[dict[str, str]]:
        pixels = self._subject.sample.pixels
        if pixels is None:
            return
        plain = _fitted(as_rgb(pixels))
        yield _picture(plain, self._w["picture_plain"])
        defect_map = self._map()
        if defect_map is None:
            return
        heat = self._w["picture_heat"].format(hottest=float(defect_map.max()))
        yield _picture(heat_over(plain, defect_map), heat)
        flip = self._flip_with_region()
        if flip is not None:
            yield from self._covered(pixels, defect_map, flip)

    def _covered(
        self, pixels: Pixels, defect_map: FloatArray, flip: Outcome
    ) -> Iterator[dict[str, str]]:
        cells = flip.removal.cells
        shown = _outlined(_fitted(as_rgb(pixels)), cells, defect_map.shape)
        yield _picture(shown, self._w["picture_outline"])
        mask = cells_mask(cells, defect_map.shape, pixels.shape)
        covered = _fitted(as_rgb(self._subject.cover(pixels, mask)))
        caption = self._w["picture_covered"].format(score=flip.score)
        yield _picture(covered, caption)

    def _flip_with_region(self) -> Outcome | None:
        outcomes = (flip.outcome for flip in self._flips())
        return next((each for each in outcomes if each and each.removal.cells), None)

    def _map(self) -> FloatArray | None:
        found = self._found.scores.defect_map if self._found else None
        return found if found is not None and np.isfinite(found).all() else None

    def _picture_note(self) -> str:
        if self._subject.sample.pixels is None:
            return self._w["picture_missing"]
        return "" if self._map() is not None else self._w["picture_not_looked_at"]

    # The log.

    def _weights(self) -> list[float]:
        """Each line's share; without weights, that of its measured effect."""
        if self._found is None:
            return []
        known = self._found.line_weights
        if all(weight is None for weight in known):
            effects = np.abs(self._found.line_effects)
            return [float(each) for each in effects / max(float(effects.sum()), 1e-9)]
        return [weight or 0.0 for weight in known]

    def _order(self) -> list[int]:
        count = len(self._subject.sample.window.log_lines)
        weights = self._weights() or [0.0] * count
        return sorted(range(count), key=lambda at: (-weights[at], at))

    def _lines(self) -> list[dict[str, Any]]:
        return [self._line(at) for at in self._order()]

    def _line(self, at: int) -> dict[str, Any]:
        line = self._subject.sample.window.log_lines[at]
        before_s = (self._verdict.captured_ns - line.logged_ns) / NS_PER_S
        found = self._found
        return {
            "number": at + 1,
            "weight": found.line_weights[at] if found else None,
            "effect": f"{found.line_effects[at]:+.3f}" if found else "-",
            "time": format_utc_ns(line.logged_ns)[11:23],
            "before": f"{before_s:.1f} s",
            "station": _plain(line.station),
            "level": _plain(line.level),
            "text": _plain(line.text),
        }

    def _log_context(self) -> str:
        context = self._w[f"context_{self._verdict.log_context}"]
        return self._w["log_context"].format(context=context)

    # The flow.

    def _flow(self) -> str:
        found = self._found
        if found is None:
            return ""
        sides = self._sides(found)
        verdict = f"{self._verdict.decision} {found.scores.score:.3f}"
        return flow_chart(sides, verdict) if sides else ""

    def _sides(self, found: Explanation) -> list[Side]:
        """Log and picture, each as broad as it moved the score, if it was scored."""
        moved = self._moved(found)
        total = max(sum(map(abs, moved.values())), 1e-9)
        bands = {LOG: self._line_bands, PICTURE: self._cell_bands}
        names = {LOG: "flow_log", PICTURE: "flow_picture"}
        return [
            Side(
                words=self._w["flow_lowers" if by < 0 else "flow_raises"].format(
                    side=self._w[names[colour]], share=f"{abs(by) / total:.0%}"
                ),
                colour=colour,
                share=abs(by) / total,
                bands=bands[colour](),
            )
            for colour, by in moved.items()
            if by
        ]

    def _moved(self, found: Explanation) -> dict[str, float]:
        """How far the log and the picture each moved the score, in log-odds."""
        if found.scores.log_score is None or found.without_picture is None:
            return {PICTURE: 1.0} if self._map() is not None else {}
        if self._map() is None:
            return {LOG: 1.0}
        whole = _log_odds(found.scores.score)
        return {
            LOG: whole - _log_odds(found.without_log.score),
            PICTURE: whole - _log_odds(found.without_picture.score),
        }

    def _line_bands(self) -> list[Band]:
        weights = self._weights()
        total = max(sum(weights), 1e-9)
        order = self._order()
        shown, rest = order[:_FLOWING_LINES], order[_FLOWING_LINES:]
        bands = [
            Band(words=self._line_words(at), share=weights[at] / total) for at in shown
        ]
        if rest:
            words = self._w["flow_other_lines"].format(count=len(rest))
            left = sum(weights[at] for at in rest) / total
            bands.append(Band(words=words, share=left))
        return bands

    def _line_words(self, at: int) -> str:
        line = self._subject.sample.window.log_lines[at]
        words = f"{at + 1}. {line.station} {line.level} {line.text}"
        return _cut(_plain(words), _WORDS_IN_CHART)

    def _cell_bands(self) -> list[Band]:
        defect_map = self._map()
        if defect_map is None:
            return []
        shares = defect_map / max(float(defect_map.sum()), 1e-9)
        hottest = np.argsort(-shares, axis=None, kind="stable")[:_FLOWING_CELLS]
        bands = []
        for row, column in zip(*np.unravel_index(hottest, shares.shape), strict=True):
            words = self._w["flow_cell"].format(row=row + 1, column=column + 1)
            bands.append(Band(words=words, share=float(shares[row, column])))
        left = max(0.0, 1 - sum(band.share for band in bands))
        return [*bands, Band(words=self._w["flow_other_cells"], share=left)]

    # What would flip it.

    def _flips(self) -> Sequence[Flip]:
        return self._found.flips if self._found else ()

    def _flip(self, flip: Flip) -> dict[str, str]:
        means = flip.goal.means
        proof = ""
        if flip.outcome is not None:
            says = self._reached(flip.outcome, f"flip_{means}")
            which = "flip_smallest" if flip.is_smallest else "flip_irreducible"
            proof = self._w[which]
        else:
            says = self._w[f"flip_nothing_{means}"].format(
                decision=self._w[flip.goal.decision],
                pairs=PAIRED_LINES,
                largest=100 * LARGEST_REGION,
            )
        towards = flip.outcome.decision if flip.outcome else flip.goal.decision
        title = f"{self._w[f'means_{means}']} \u2192 {self._w[towards]}"
        return {"means": title, "says": says, "proof": proof}

    def _reached(self, outcome: Outcome, sentence: str) -> str:
        removal = outcome.removal
        defect_map = self._map()
        cells = 1 if defect_map is None else defect_map.size
        return self._w[sentence].format(
            lines=", ".join(f"{at + 1}" for at in sorted(removal.lines)),
            cells=len(removal.cells),
            share=100 * len(removal.cells) / cells,
            score=outcome.score,
            decision=self._w[outcome.decision],
        )

    def _without(self) -> Iterator[str]:
        found = self._found
        if found is None or found.without_picture is None:
            return
        yield self._w["flip_without_log"].format(
            score=found.without_log.score, decision=self._w[found.without_log.decision]
        )
        yield self._w["flip_without_picture"].format(score=found.without_picture.score)

    # Route, stages, versions.

    def _versions(self) -> list[tuple[str, str]]:
        verdict, w = self._verdict, self._w
        version = w["version"]
        return [
            (w["reason"], _plain(verdict.reason)),
            (w["route"], w[f"route_{verdict.route}"]),
            *(
                []
                if verdict.look is Look.NONE
                else [(w["look"], w[f"look_{verdict.look}"])]
            ),
            (w["latency"], f"{verdict.latency_ms:.1f} ms"),
            (w["trunk"], f"{version} {verdict.trunk.version}, {verdict.trunk.sha256}"),
            (
                w["branch"],
                f"{verdict.branch.line}, {version} {verdict.branch.version}, "
                f"{verdict.branch.sha256}",
            ),
            (w["settings"], verdict.settings_sha256),
            (w["evidence"], _plain(verdict.evidence or "-")),
        ]

    def _stages(self) -> str:
        stages = self._verdict.stage_ms
        return stage_chart(
            {
                self._w.get(f"stage_{name}", _plain(name)): ms
                for name, ms in stages.items()
            }
        )


def _picture(pixels: Pixels, caption: str) -> dict[str, str]:
    encoded = base64.b64encode(encode_png(pixels)).decode()
    return {"base64": encoded, "caption": caption}


def _fitted(pixels: Pixels) -> Pixels:
    """Bring a picture to the size of the report; small ones grow too."""
    height, width = pixels.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=how).astype(np.uint8)


def _outlined(pixels: Pixels, cells: frozenset[Cell], grid: tuple[int, ...]) -> Pixels:
    mask = cells_mask(cells, grid, pixels.shape).astype(np.uint8)
    edges, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    shown = np.ascontiguousarray(pixels)
    cv2.drawContours(shown, edges, -1, _OUTLINE, 3)
    return shown


def _when(moment_ns: int) -> str:
    """Show a moment to the millisecond; the record keeps all of it."""
    return f"{format_utc_ns(moment_ns)[:23].replace('T', ' ')} UTC"


def _plain(words: str) -> str:
    """Keep signs that would steer a reader's eye or terminal out of the page."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in words)


def _cut(words: str, room: int) -> str:
    """Cut words to so many columns; a Chinese sign takes two."""
    used = 0
    for at, sign in enumerate(words):
        used += 2 if unicodedata.east_asian_width(sign) in _WIDE else 1
        if used > room:
            return f"{words[:at]}\u2026"
    return words


def _log_odds(score: float) -> float:
    sure = min(max(score, _SURE), 1 - _SURE)
    return float(np.log(sure / (1 - sure)))
