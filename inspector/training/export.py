"""From torch to files that run without it, checked against torch before use."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tomli_w
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from inspector.errors import InspectorError
from inspector.model.artifact import (
    GLANCE,
    GOLDEN,
    LOOK,
    SETTINGS,
    WEIGHTS,
    WORDINGS,
    Artifact,
    BranchManifest,
    Figures,
    TrunkManifest,
    pack_arrays,
    write_artifact,
    write_manifest,
)
from inspector.model.lines import (
    CIRCUMSTANCES,
    NUMBER_FEATURES,
    PIECES,
    WORDS,
    wordings_to_json,
)
from inspector.settings import ModelSettings
from inspector.training.joint import Trunk
from inspector.training.lines import LineData
from inspector.training.log_networks import LogContext
from inspector.training.networks import (
    GRID,
    IMPRESSION,
    SIDE,
    WIDTH,
    PictureBranch,
    PictureReading,
    impression,
    with_summary,
)
from inspector.training.reference import Agreement
from inspector.training.windows import batch

GOLDEN_PICTURES = 6
LARGEST_DIFFERENCE = 1e-3
"""A score that moves more than this between torch and ONNX Runtime stops the export."""


class ExportError(InspectorError):
    """The exported model does not answer as the trained one does."""


def check_agreement(line: str, found: Agreement) -> None:
    """Refuse a model that answers differently once exported.

    Raises:
        ExportError: a verdict flips, or a score moves too far.
    """
    if found.flips or not found.max_abs_diff <= LARGEST_DIFFERENCE:
        message = (
            f"line {line}: of {found.parts} validation parts, {found.flips} verdicts "
            f"flip between torch and ONNX Runtime, and a score moves by "
            f"{found.max_abs_diff:.2g} (allowed {LARGEST_DIFFERENCE:g}); the model "
            "was not exported"
        )
        raise ExportError(message)


def export_trunk(
    folder: Path, trunk: Trunk, version: str, lines: Sequence[LineData]
) -> str:
    """Write a trunk; returns the sha256 that names it.

    Args:
        folder: where to.
        trunk: in evaluation mode.
        version: its name.
        lines: what it has learned from; golden samples are out of the first one's
            validation shift.
    """
    files = {
        "log_lines.onnx": _lines_graph(trunk),
        "log_context.onnx": _context_graph(trunk),
        "fusion.onnx": _fusion_graph(trunk),
        "router.onnx": _router_graph(trunk),
        "look_router.onnx": _look_router_graph(trunk),
        "weights.safetensors": save(_weights(trunk)),
        "golden.npz": _golden_trunk(trunk, lines[0]),
    }
    names = [line.labelled.line for line in lines]
    manifest = TrunkManifest(version=version, lines=names, files={})
    return write_artifact(folder, manifest.model_dump(exclude={"files"}), files)


def export_branch(
    folder: Path, branch: PictureBranch, line: LineData, named: BranchManifest
) -> str:
    """Write a branch that can be loaded; `seal_branch` makes it whole.

    Args:
        folder: where to.
        branch: in evaluation mode.
        line: its data, for golden samples and wordings.
        named: the manifest, files aside.

    Returns:
        The sha256 that names it until it is sealed.
    """
    channels = named.preprocessing.channels
    files = {
        LOOK: _branch_graph(branch, channels),
        GLANCE: _branch_graph(_Glance(branch), channels),
        WORDINGS: wordings_to_json(line.log.wordings).encode(),
        GOLDEN: _golden_branch(branch, line),
    }
    return write_artifact(folder, _said(named), files, {WEIGHTS: save(_state(branch))})


def seal_branch(folder: Path, settings: ModelSettings, figures: Figures) -> str:
    """Add what could only be found with the exported branch; nothing changes later.

    Args:
        folder: as `export_branch` wrote it.
        settings: the thresholds and the watch on drift that training proposes.
        figures: what it was measured to do with them.

    Returns:
        The sha256 that names the branch for good.
    """
    manifest = Artifact.open(folder, BranchManifest).manifest
    proposed = tomli_w.dumps(settings.model_dump(exclude_none=True)).encode()
    (folder / SETTINGS).write_bytes(proposed)
    named = manifest.files | {SETTINGS: hashlib.sha256(proposed).hexdigest()}
    sealed = manifest.model_copy(update={"files": named, "figures": figures})
    return write_manifest(folder, sealed.model_dump(exclude_none=True))


def _said(named: BranchManifest) -> dict[str, Any]:
    # TOML has no word for "none": what is left out is none.
    about_files = {"files", "training_files"}
    return named.model_dump(exclude=about_files, exclude_none=True)


class _ReadContext(nn.Module):
    def __init__(self, context: LogContext) -> None:
        super().__init__()
        self.context = context

    def forward(
        self, lines: Tensor, circumstances: Tensor, present: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        reading = self.context(lines, circumstances, present)
        return reading.tokens, reading.logit, reading.weights, reading.trust


_SOME = 5
"""Log lines in the example that a graph is traced with; any number runs."""


def _lines_graph(trunk: Trunk) -> bytes:
    pieces = torch.ones(_SOME, WORDS, PIECES, dtype=torch.int64)
    numbers = torch.zeros(_SOME, WORDS, NUMBER_FEATURES)
    return graph_of(trunk.log.lines, {"pieces": pieces, "numbers": numbers}, axis=0)


def _window(more: int = 0) -> dict[str, Tensor]:
    return {
        "lines": torch.zeros(1, _SOME + more, WIDTH),
        "circumstances": torch.zeros(1, _SOME + more, CIRCUMSTANCES),
        "present": torch.ones(1, _SOME + more),
    }


def _context_graph(trunk: Trunk) -> bytes:
    return graph_of(_ReadContext(trunk.log.context), _window(), axis=1)


def _router_graph(trunk: Trunk) -> bytes:
    return graph_of(trunk.router, _window(), axis=1)


def _look_router_graph(trunk: Trunk) -> bytes:
    return graph_of(trunk.look_router, {"impression": torch.zeros(1, IMPRESSION)}, None)


def _fusion_graph(trunk: Trunk) -> bytes:
    inputs = {
        "picture": torch.zeros(1, GRID * GRID, WIDTH),
        "cells": torch.zeros(1, GRID * GRID),
        "log": torch.zeros(1, _SOME, WIDTH),
        "present": torch.ones(1, _SOME),
    }
    return graph_of(trunk.fusion, inputs, axis=1, fixed=("picture", "cells"))


class _Glance(nn.Module):
    def __init__(self, branch: PictureBranch) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, picture: Tensor) -> PictureReading:
        return self.branch.glance(picture)


def _branch_graph(branch: nn.Module, channels: int) -> bytes:
    picture = torch.zeros(1, SIDE, SIDE, channels, dtype=torch.uint8)
    return graph_of(branch, {"picture": picture}, axis=None)


def graph_of(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    axis: int | None,
    fixed: Sequence[str] = (),
) -> bytes:
    """Trace a module into ONNX; `axis` of the inputs that are not fixed may vary."""
    free = torch.export.Dim("k", min=1, max=65536)
    shapes = [
        {axis: free} if axis is not None and name not in fixed else {}
        for name in inputs
    ]
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        path = Path(folder) / "graph.onnx"
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            dynamic_shapes=tuple(shapes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        return path.read_bytes()


@torch.no_grad()
def _golden_trunk(trunk: Trunk, example: LineData) -> bytes:
    part = max(example.val, key=lambda part: len(example.log.lines[part]))
    windows = batch(example.log, np.array([part]))
    order = windows.lines[0]
    pieces = _whole(windows.pieces[order])
    numbers = _whole(windows.numbers[order])
    lines = trunk.log.lines(pieces, numbers)[None]
    present = torch.ones(lines.shape[:2])
    reading = trunk.log.context(lines, windows.circumstances, present)
    rng = np.random.default_rng(0)
    picture = rng.normal(size=(1, GRID * GRID, WIDTH)).astype(np.float32)
    cells = rng.normal(size=(1, GRID * GRID)).astype(np.float32)
    expected = [
        *trunk.router(lines, windows.circumstances, present)[0],
        reading.logit[0],
        trunk.fusion(
            torch.from_numpy(picture),
            torch.from_numpy(cells),
            reading.tokens,
            with_summary(present),
        )[0],
        *reading.weights[0],
        reading.trust[0],
        trunk.look_router(impression(torch.zeros(1, 3), torch.from_numpy(cells)))[0],
    ]
    return pack_arrays(
        pieces=pieces.numpy(),
        numbers=numbers.numpy(),
        circumstances=windows.circumstances[0].numpy(),
        picture=picture,
        cells=cells,
        expected=np.array([float(each) for each in expected]),
    )


def _whole(lines: Tensor) -> Tensor:
    """Pad lines that were cut after the longest one's last word."""
    return functional.pad(lines, (0, 0, 0, WORDS - lines.shape[1]))


@torch.no_grad()
def _golden_branch(branch: PictureBranch, line: LineData) -> bytes:
    bad = line.labelled.bad[line.val]
    few = [
        *line.val[bad][: GOLDEN_PICTURES // 2],
        *line.val[~bad][: GOLDEN_PICTURES // 2],
    ]
    tiles = line.labelled.places(np.array(few))[:: line.labelled.tiles]
    pictures = line.labelled.pictures[tiles]
    looks: Sequence[Callable[[Tensor], PictureReading]] = (branch, branch.glance)
    logits = [
        look(torch.from_numpy(each[None])).logit[0]
        for look in looks
        for each in pictures
    ]
    return pack_arrays(pictures=pictures, expected=np.array([float(x) for x in logits]))


def _weights(trunk: Trunk) -> dict[str, Tensor]:
    parts: Iterable[tuple[str, nn.Module]] = (
        ("log", trunk.log),
        ("fusion", trunk.fusion),
        ("router", trunk.router),
        ("look_router", trunk.look_router),
    )
    return {
        f"{name}.{key}": value
        for name, part in parts
        for key, value in _state(part).items()
    }


def _state(module: nn.Module) -> dict[str, Tensor]:
    state: dict[str, Any] = module.state_dict()
    return {key: value.detach().contiguous().clone() for key, value in state.items()}
