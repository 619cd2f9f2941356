"""The figures of an evaluation, and the page and tables that show them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspector.errors import RecordingError
from inspector.evaluation import Evaluation, _module_names, evaluate
from inspector.measures.estimates import Estimate
from inspector.model.hybrid import load_model
from inspector.recording import Recording
from inspector.reporting.page import conclusion, write_page
from inspector.reporting.sections import METHOD_WORDS, sections_of
from inspector.shifts import cases_of, name_modules, samples_of
from inspector.simulation.lines import simulate_line
from inspector.training.reference import agreement, load_torch_model
from tests.small_model import LINE, SmallModel


@pytest.fixture(scope="module")
def found(small_model: SmallModel) -> Evaluation:
    settings = small_model.settings
    models = (
        load_model(small_model.folder, LINE, settings=settings),
        load_model(small_model.folder, LINE, settings=settings, always_both=True),
    )
    seen: list[int] = []
    found = evaluate(
        small_model.recording, "test", models, settings.decisions, seen.append
    )
    assert sum(seen) == found.parts
    return found


@pytest.mark.slow
def test_an_evaluation_accounts_for_every_part(
    small_model: SmallModel, found: Evaluation
) -> None:
    content = json.loads(json.dumps(found.as_json(), allow_nan=False))
    parts = len(small_model.recording.select("test"))
    assert content["parts"] == parts
    assert sum(content["decisions"].values()) == parts
    assert sum(content["routes"].values()) == parts
    assert np.sum(content["kinds"]["confusion"]) == parts
    assert sum(each["of"] for each in content["calibration"]["reliability"]) == parts
    for groups in (content["by_day"], content["by_module"] or content["by_day"]):
        assert sum(each["good"] + each["bad"] for each in groups) == parts
    assert content["maps"]["pictures"] == parts
    assert content["coverage"]["coverage"]["of"] == parts
    assert content["review_rate"] == pytest.approx(
        content["decisions"]["REVIEW"] / parts
    )


@pytest.mark.slow
def test_every_yardstick_and_control_has_its_figures(found: Evaluation) -> None:
    content = found.as_json()
    wanted = {"fused", "image", "log", "and", "or", "late_fusion", "shuffled_log"}
    wanted |= {"disguised_log", "no_log", "late_log", "always_both"}
    for figure in ("auroc", "average_precision", "balanced_accuracy", "fused_minus"):
        assert set(content[figure]) == wanted == set(METHOD_WORDS)
        for each in content[figure].values():
            low, high = each["ci95"]
            assert low <= each["value"] <= high
    assert content["fused_minus"]["fused"] == {"value": 0.0, "ci95": [0.0, 0.0]}
    # Without a log there is the picture alone, and nothing may be made up for it.
    assert content["minus_image"]["no_log"]["value"] == pytest.approx(0)


@pytest.mark.slow
def test_both_runtimes_agree(small_model: SmallModel, found: Evaluation) -> None:
    settings = small_model.settings
    reference = load_torch_model(small_model.folder, LINE, settings.branch)
    samples = list(samples_of(small_model.recording, "test"))
    compared = agreement(reference.scores(samples), found.both, settings.decisions)
    assert compared.max_abs_diff < 1e-3
    assert compared.flips == 0


@pytest.mark.slow
def test_the_page_needs_nobody_and_believes_nothing(
    small_model: SmallModel, found: Evaluation, tmp_path: Path
) -> None:
    evil = "<script>alert(1)</script>"
    cases = tuple(
        replace(
            case,
            row=replace(case.row, serial=evil),
            window=replace(
                case.window,
                log_lines=tuple(
                    replace(line, text=evil) for line in case.window.log_lines
                ),
            ),
        )
        for case in found.cases
    )
    strange = replace(found, cases=cases)
    sections = sections_of(strange)
    page = write_page(tmp_path / "new", small_model.recording, strange, sections)
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    asked = re.findall(r"(?:src|href)\s*=\s*\"([^\"]+)\"", text)
    assert asked
    assert all(each.startswith(("data:", "#")) for each in asked)
    assert "url(http" not in text
    assert str(tmp_path) not in text
    assert text.count("<svg") == 8
    for words in ("Does fusion pay?", "Reliability", "Worst misses", "n = "):
        assert words in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.05, "better than the picture"),
        (-0.05, -0.01, "worse than"),
        (-0.01, 0.02, "cannot be told"),
    ],
)
def test_the_page_claims_no_more_than_its_interval(
    found: Evaluation, low: float, high: float, words: str
) -> None:
    ahead = Estimate(value=(low + high) / 2, low=low, high=high)
    image = replace(found.methods["image"], behind=ahead)
    said = conclusion(replace(found, methods=found.methods | {"image": image}))
    assert words in said
    assert f"{found.escapes.count} of {found.escapes.of} bad parts passed" in said


def test_a_shift_that_is_not_there_is_named(small_model: SmallModel) -> None:
    settings = small_model.settings
    model = load_model(small_model.folder, LINE, settings=settings)
    with pytest.raises(RecordingError, match="split night"):
        evaluate(
            small_model.recording,
            "night",
            (model, model),
            settings.decisions,
            lambda _: None,
        )
    assert list(samples_of(small_model.recording, "night")) == []


def test_modules_are_named_inferred_or_left_alone(tmp_path: Path) -> None:
    simulate_line(tmp_path / "recording", LINE, parts=40, seed=1)
    recording = Recording.load(tmp_path / "recording")
    table = tmp_path / "modules.csv"
    rows = recording.select("test")
    named = "\n".join(f"{row.frame_id},M{at % 2}" for at, row in enumerate(rows[:-1]))
    table.write_text(f"frame_id,module\n{named}\n", encoding="utf-8")
    cases = cases_of(name_modules(recording, table), "test")
    names, source = _module_names(cases, np.zeros((len(cases), 2)))
    assert names == [f"M{at % 2}" for at in range(len(rows) - 1)] + ["(not named)"]
    assert source.startswith("named")

    cases = cases_of(recording, "test")
    mixed = np.random.default_rng(0).normal(100, 5, (200, 2))
    assert _module_names(cases, mixed)[0] == []
    ordered = np.concatenate([mixed[:100], mixed[100:] + 60])
    names, source = _module_names(cases, ordered)
    assert sorted(set(names)) == ["run 1", "run 2"]
    assert source.startswith("inferred")
