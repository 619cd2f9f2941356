"""A small simulated line and a model that learned it for a moment: right in every part,
good at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.recording import Recording
from inspector.settings import ModelSettings, load_settings
from inspector.simulation.lines import simulate_line
from inspector.training.branch import HeadPlan
from inspector.training.joint import JointPlan
from inspector.training.log import LogPlan
from inspector.training.programme import Plan, TrainingReport, train

LINE = "metal"


@dataclass(frozen=True)
class SmallModel:
    folder: Path
    recording: Recording
    report: TrainingReport

    @property
    def settings(self) -> ModelSettings:
        return load_settings(self.folder / f"settings/{LINE}.toml", ModelSettings)


def small_plan() -> Plan:
    return Plan(
        self_supervision_epochs=1,
        heads=HeadPlan(epochs=2),
        log=LogPlan(imagined_lines=4, imagined_parts=100, epochs=1),
        joint=JointPlan(alignment_epochs=1, joint_epochs=1, router_epochs=2),
        folds=2,
    )


def train_small_model(folder: Path) -> SmallModel:
    simulate_line(folder / "recording", LINE, parts=120, seed=3)
    recording = Recording.load(folder / "recording")
    report = train([recording], folder / "model", small_plan())
    return SmallModel(folder / "model", recording, report)
