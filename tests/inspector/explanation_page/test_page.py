"""The report says what was found, in both languages, and no log text gets loose."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from string import Formatter

import numpy as np
import pytest

from inspector.explaining import Explanation, explain
from inspector.explanation_page.charts import Band, Side, flow_chart, scale_chart
from inspector.explanation_page.page import Subject, render
from inspector.explanation_page.words import WORDS, Language
from inspector.settings import DecisionRules
from inspector.types import Decision, Fault, Sample, Verdict
from tests.builders import a_verdict
from tests.inspector.telltale import TelltaleModel, a_picture, a_sample, with_grey

RULES = DecisionRules(pass_below=0.3, reject_at=0.7)
HOSTILE = (
    "--></td><script>alert(1)</script> $\\frac{1}{0$ &lt; \x1b[31m\u202eelif {{ 7*7 }}"
)


def a_subject(sample: Sample | None = None, **verdict_changes: object) -> Subject:
    judged = sample or a_sample(a_picture((1, 2)), 3.0, 0.5)
    found = explain(TelltaleModel(), judged, RULES, with_grey)
    return Subject(
        verdict_id=17,
        verdict=as_verdict(found, **verdict_changes),
        rules=RULES,
        sample=judged,
        explanation=found,
        cover=with_grey,
    )


def as_verdict(found: Explanation, **changes: object) -> Verdict:
    scores = found.scores
    return a_verdict(
        **{
            "decision": found.decision,
            "score": scores.score,
            "picture_score": scores.picture_score,
            "log_score": scores.log_score,
            "is_simulated": False,
        }
        | changes
    )


class Tags(HTMLParser):
    """Collects what a browser would take for tags and for text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_both_languages_have_every_sentence_with_the_same_blanks() -> None:
    blanks = {
        language: {
            key: {name for _, name, _, _ in Formatter().parse(words) if name}
            for key, words in sentences.items()
        }
        for language, sentences in WORDS.items()
    }
    assert blanks["en"] == blanks["zh"]
    assert all(words for sentences in WORDS.values() for words in sentences.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_stands_alone_and_tells_all(language: Language) -> None:
    page = render(a_subject(), language)
    found = Tags(page)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in found.tags}
    sources = [attrs["src"] for tag, attrs in found.tags if tag == "img"]
    assert len(sources) == 4
    assert all(str(each).startswith("data:image/png;base64,") for each in sources)
    assert "http:" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    for told in ("M0004107", "a" * 64, "b" * 64, "c" * 64, "adds +3.0", "layup-1"):
        assert told in found.text
    said = re.sub(r"(?s)<style.*?</style>", "", page)
    assert re.search(r"\{\w+", Tags(said).text) is None


def test_the_flip_is_told_with_the_numbers_that_the_table_uses() -> None:
    text = Tags(render(a_subject(), "en")).text
    assert "Without log line(s) 1 the score is" in text
    assert "With 1 cell(s) of the picture covered (2.1 % of it)" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_text_stays_text(language: Language) -> None:
    sample = a_sample(a_picture(), 6.0)
    (line,) = sample.window.log_lines
    line = replace(line, text=f"adds +6.0 {HOSTILE}", station="<b>", level="ERROR")
    sample = replace(sample, window=replace(sample.window, log_lines=(line,)))
    subject = a_subject(
        sample, serial=HOSTILE, camera=HOSTILE, reason=HOSTILE, stage_ms={HOSTILE: 1.0}
    )
    found = Tags(render(subject, language))
    assert not {"script", "b"} & {tag for tag, _ in found.tags}
    assert "<script>alert(1)</script>" in found.text
    assert "{{ 7*7 }}" in found.text
    assert not {"\x1b", "\u202e"} & set(found.text)


def test_a_replayed_part_never_looks_real() -> None:
    assert "IS SIMULATED" not in render(a_subject(), "en")
    for language in WORDS:
        assert "IS SIMULATED" in render(a_subject(is_simulated=True), language)


def test_a_part_that_could_not_be_judged_says_so_and_explains_nothing() -> None:
    subject = replace(
        a_subject(decision=Decision.REVIEW, fault=Fault.DEADLINE), explanation=None
    )
    page = render(subject, "en")
    assert "could not be judged (deadline)" in page
    assert "What would flip it" not in page


def test_without_a_picture_there_is_still_a_report() -> None:
    page = render(a_subject(a_sample(None, 6.0)), "en")
    assert "There is no picture of this part." in page
    assert "<img" not in page


def test_without_log_lines_there_is_still_a_report() -> None:
    page = render(a_subject(a_sample(a_picture((0, 0), (0, 1), (0, 2)))), "en")
    assert "No log line concerned this part." in page


def test_a_flow_is_drawn_to_scale() -> None:
    def widths(share: float) -> list[float]:
        bands = [Band(words="one", share=1.0)]
        sides = [
            Side(words="log", colour="#111111", share=share, bands=bands),
            Side(words="picture", colour="#222222", share=1 - share, bands=bands),
        ]
        svg = flow_chart(sides, "REJECT")
        bars = re.findall(r'<path d="M ([^"]*?)"[^>]*?fill: #111111[^o]*?>', svg)
        heights = []
        for bar in bars:
            ys = np.array(re.findall(r"[\d.]+ ([\d.]+)", bar), float)
            heights.append(float(ys.max() - ys.min()))
        return heights

    assert min(widths(0.8)) == pytest.approx(4 * min(widths(0.2)), rel=0.02)


def test_a_score_that_is_not_there_has_no_dot() -> None:
    svg = scale_chart({"picture alone": None, "verdict": 0.5}, [("PASS", 0.0, 0.3)])
    assert "picture alone" not in svg
    assert "0.500" in svg
