"""A branch that is whole and tiny: it calls a part bad as surely as it is bright.

Made without training, in milliseconds; what a test wants to be wrong is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tomli_w
from onnx import TensorProto, helper, numpy_helper

from inspector.model.artifact import (
    BranchClass,
    BranchManifest,
    Figures,
    FittedTrunk,
    LearnedFrom,
    Parent,
    Preprocessing,
    ShiftFigures,
    TrunkManifest,
    Weights,
    pack_arrays,
    trunk_folder,
    write_artifact,
)
from inspector.settings import DecisionRules, ModelSettings

SIDE, GRID, WIDTH = 8, 2, 3
TRUNK = FittedTrunk(version="1", sha256="0" * 64)
NO_WEIGHTS = Weights(
    glance_share=0,
    picture=(1, 0),
    glance=(1, 0),
    log=(1, 0),
    both=(1, 1, 0, 0),
    glance_and_log=(1, 1, 0),
)


@dataclass(frozen=True, kw_only=True)
class TinyBranch:
    line: str = "poly"
    version: str = "1"
    classes: Sequence[str] = ("good", "defective")
    gain: float = 4.0
    """Logit between black and white."""
    side: int = SIDE
    kinds: int | None = None
    """Outputs of the graph; `None`: as many as there are."""
    trunk: FittedTrunk = TRUNK
    parent: Parent | None = None
    golden_off: float = 0.0
    """How far the golden scores are from what the graph answers."""
    without: Sequence[str] = ()
    changes: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        kinds = self.kinds or len(self.classes) - 1
        graph = tiny_graph(self.gain, self.side, kinds)
        files = {
            "model.onnx": graph,
            "glance.onnx": graph,
            "wordings.json": b"{}",
            "golden.npz": self._golden(),
            "settings.toml": self._settings(),
        }
        kept = {name: files[name] for name in files if name not in self.without}
        manifest = self.manifest().model_dump(
            exclude={"files", "training_files"}, exclude_none=True
        )
        said = manifest | self.changes
        write_artifact(folder, said, kept, {"weights.safetensors": b"weights"})
        return folder

    def manifest(self) -> BranchManifest:
        return BranchManifest(
            line=self.line,
            version=self.version,
            parent=self.parent,
            classes=[BranchClass(id=each, en=each, zh=each) for each in self.classes],
            backbone="tiny",
            preprocessing=Preprocessing(height=SIDE, width=SIDE, channels=1),
            weights=NO_WEIGHTS,
            travel_s={},
            trunk=self.trunk,
            learned_from=LearnedFrom(
                recording=self.line, parts={"train": 9, "val": 4}, sha256="1" * 64
            ),
            figures=Figures(
                val=ShiftFigures(
                    parts=4, bad=2, auroc=1.0, escapes=0, false_rejects=0, reviews=0
                )
            ),
            files={},
        )

    def _golden(self) -> bytes:
        pictures = np.zeros((2, SIDE, SIDE, 1), np.uint8)
        pictures[0] = 255
        logits = [self.gain / 2, -self.gain / 2] * 2
        return pack_arrays(
            pictures=pictures,
            expected=np.array(logits) + self.golden_off,
        )

    def _settings(self) -> bytes:
        rules = DecisionRules(look_tolerance=0, route_tolerance=0)
        said = ModelSettings(line=self.line, branch=self.version, decisions=rules)
        return tomli_w.dumps(said.model_dump(exclude_none=True)).encode()


def tiny_graph(gain: float = 4.0, side: int = SIDE, kinds: int = 1) -> bytes:
    return bytes(tiny_model(gain, side, kinds).SerializeToString())


def tiny_model(gain: float = 4.0, side: int = SIDE, kinds: int = 1) -> onnx.ModelProto:
    """Of one picture: logit `gain` times its brightness, from half black to white."""
    cells = GRID * GRID
    constants = {
        "gain": np.array(gain / 255, np.float32),
        "half": np.array(gain / 2, np.float32),
        "tokens_like": np.ones((1, cells, WIDTH), np.float32),
        "cells_like": np.ones((1, cells), np.float32),
        "one": np.ones(1, np.float32),
        "kinds_like": np.ones((1, kinds), np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["picture"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["grey"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "gain"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "half"], ["scalar"]),
        helper.make_node("Mul", ["tokens_like", "scalar"], ["tokens"]),
        helper.make_node("Mul", ["cells_like", "scalar"], ["cells"]),
        helper.make_node("Mul", ["one", "scalar"], ["logit"]),
        helper.make_node("Mul", ["kinds_like", "scalar"], ["kinds"]),
    ]
    outputs = {
        "tokens": [1, cells, WIDTH],
        "cells": [1, cells],
        "logit": [1],
        "kinds": [1, kinds],
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(
                "picture", TensorProto.UINT8, [1, side, side, 1]
            )
        ],
        [_value(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def _value(name: str, element: int, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def write_trunk(model: Path) -> FittedTrunk:
    """Write a trunk that has a name and nothing else."""
    said = TrunkManifest(version="1", files={}).model_dump(exclude={"files"})
    return FittedTrunk(
        version="1", sha256=write_artifact(trunk_folder(model), said, {})
    )
