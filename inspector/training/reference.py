"""The trained model in torch, one sample at a time: what the export must equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import nn

from inspector.errors import ArtifactError
from inspector.model.artifact import (
    Artifact,
    BranchManifest,
    Preprocessing,
    TrunkManifest,
    Weights,
    branch_folder,
    trunk_folder,
)
from inspector.model.hybrid import is_own, weigh
from inspector.model.lines import LineReader, wordings_from_json
from inspector.model.pictures import fit_tiles
from inspector.settings import DecisionRules
from inspector.training.backbones import empty_backbone
from inspector.training.joint import Trunk
from inspector.training.log import LogNetwork
from inspector.training.networks import (
    Branch,
    BranchHeads,
    CrossModalFusion,
    GoodParts,
    LookRouter,
    PictureReading,
    Router,
    with_summary,
    worst_tiles,
)
from inspector.types import Problem, Sample

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well two runtimes agree on some parts."""

    parts: int
    max_abs_diff: float
    flips: int
    """Parts whose verdict differs."""


def agreement(one: Numbers, other: Numbers, rules: DecisionRules) -> Agreement:
    """Compare two runtimes' scores of the same parts, `[parts]` each."""
    zones = [np.digitize(x, [rules.pass_below, rules.reject_at]) for x in (one, other)]
    return Agreement(
        parts=len(one),
        max_abs_diff=float(np.abs(one - other).max()),
        flips=int((zones[0] != zones[1]).sum()),
    )


class TorchModel:
    """Scores samples with torch, taking no short cut.

    Args:
        trunk: in evaluation mode.
        branch: in evaluation mode.
        weights: of the line's routes.
        reader: of the line's log.
        preprocessing: how pictures become tiles.
    """

    def __init__(
        self,
        trunk: Trunk,
        branch: Branch,
        weights: Weights,
        reader: LineReader,
        preprocessing: Preprocessing,
    ) -> None:
        self._trunk = trunk
        self._branch = branch
        self._weights = weights
        self._reader = reader
        self._preprocessing = preprocessing

    def scores(self, samples: Sequence[Sample]) -> Numbers:
        """Score samples that have a picture: `[samples]`."""
        return np.array([self.score(sample) for sample in samples], np.float64)

    @torch.no_grad()
    def score(self, sample: Sample) -> float:
        """Score a sample that has a picture.

        Raises:
            ValueError: it has none.
        """
        if sample.pixels is None:
            message = "the sample has no picture"
            raise ValueError(message)
        tiles = fit_tiles(sample.pixels, self._preprocessing)
        seen = self._look(torch.from_numpy(tiles))
        if not sample.window.log_lines:
            return weigh(self._weights.picture, (float(seen.logit),))
        lines = self._reader.window(sample.window)
        contents = [self._reader.content(key) for key in lines.keys]
        encoded = self._trunk.log.lines(
            torch.from_numpy(np.stack([each.pieces for each in contents])),
            torch.from_numpy(np.stack([each.numbers for each in contents])),
        )[None]
        present = torch.ones(encoded.shape[:2])
        circumstances = torch.from_numpy(lines.circumstances)[None]
        log = self._trunk.log.context(encoded, circumstances, present)
        if not is_own(float(log.trust)):
            return weigh(self._weights.picture, (float(seen.logit),))
        added = self._trunk.fusion(
            seen.tokens, seen.cells, log.tokens, with_summary(present)
        )
        logits = float(seen.logit), float(log.logit), float(added)
        return weigh(self._weights.both, logits)

    def _look(self, tiles: torch.Tensor) -> PictureReading:
        """Look in full at the tile where the glance points."""
        glances = self._branch.glance(tiles)
        pointed = glances.logit[None]
        glance = worst_tiles(glances, pointed)
        full = worst_tiles(self._branch(tiles), pointed)
        logit = full.logit + self._weights.glance_share * glance.logit
        return full._replace(logit=logit)


def load_torch_model(folder: Path, line: str, version: str) -> TorchModel:
    """Load a model's torch weights.

    Raises:
        ArtifactError: altered or incomplete.
        MissingExtraError: the branch's backbone needs a package that is not there.
    """
    trunk = load_torch_trunk(folder)
    branch, own = load_torch_branch(branch_folder(folder, line, version))
    reader = LineReader(
        wordings_from_json(own.read("wordings.json").decode()), own.manifest.travel_s
    )
    wanted = own.manifest.preprocessing
    return TorchModel(trunk, branch, own.manifest.weights, reader, wanted)


def load_torch_trunk(folder: Path) -> Trunk:
    """Load a model's trunk as torch networks that do not learn any more.

    Raises:
        ArtifactError: altered or incomplete.
    """
    shared = Artifact.open(trunk_folder(folder), TrunkManifest)
    trunk = Trunk(LogNetwork(), CrossModalFusion(), Router(), LookRouter())
    parts = {
        "log": trunk.log,
        "fusion": trunk.fusion,
        "router": trunk.router,
        "look_router": trunk.look_router,
    }
    _fill(nn.ModuleDict(parts), shared.read("weights.safetensors"), shared.folder)
    for part in parts.values():
        part.eval().requires_grad_(False)
    return trunk


def load_torch_branch(folder: Path) -> tuple[Branch, Artifact[BranchManifest]]:
    """Load a version of a branch as torch networks, for evaluation.

    Raises:
        ArtifactError: altered, or without what a successor needs.
        MissingExtraError: its backbone needs a package that is not there.
    """
    own = Artifact.open(folder, BranchManifest)
    branch = _empty_branch(own)
    _fill(branch, own.read("weights.safetensors"), own.folder)
    return branch.eval(), own


def _empty_branch(artifact: Artifact[BranchManifest]) -> Branch:
    backbone = empty_backbone(artifact.manifest.backbone)
    state = load(artifact.read("weights.safetensors"))
    kinds = len(artifact.manifest.kinds)
    glance, look = (
        (BranchHeads(channels, kinds), _empty_memory(state, name))
        for name, channels in (
            ("glance_good", backbone.channels[:-1]),
            ("good", backbone.channels),
        )
    )
    return Branch(backbone, glance, look)


def _empty_memory(state: Mapping[str, torch.Tensor], owner: str) -> GoodParts:
    names = ("mean", "spread", "memory")
    return GoodParts(*(torch.zeros_like(state[f"{owner}.{name}"]) for name in names))


def _fill(module: nn.Module, content: bytes, folder: Path) -> None:
    try:
        module.load_state_dict(load(content))
    except RuntimeError as error:
        what = f"is of another version of the network: {error}".splitlines()[0]
        path = folder / "weights.safetensors"
        raise ArtifactError([Problem.in_file(path, what)]) from error
