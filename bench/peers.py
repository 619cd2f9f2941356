"""Times Anomalib beside this product: `python -m bench.peers REC --model M`.

It runs in the product's environment and puts Anomalib into one of its own, kept between
runs. Same pictures, same cores, one run: all take turns, block by block, each from the
picture's file to its score, one part at a time.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bench import peer_table
from bench.contest import Contender, Figures, Timed, figures, take_turns
from bench.ours import Ours, fused, picture_alone
from bench.peer_environment import (
    REQUIREMENTS,
    default_folder,
    keep_to_cores,
    prepare,
    run,
)
from bench.peer_link import PeerProgram
from inspector.errors import InspectorError
from inspector.recording import FrameRow, Recording

ROOT = Path(__file__).resolve().parents[1]
_WARM = 10
_FEW = 32
"""Good parts that untrained weights are shown: as many as make a covariance."""
_LEAN = {"MALLOC_MMAP_THRESHOLD_": "65536"}
"""Or glibc's heap grows to 20 GB by fragments in Anomalib's coreset sampler."""
_UNTRAINED = "untrained"
_TRAINED = "as ours, ImageNet"
RUNTIMES = {"onnx": "ONNX Runtime", "openvino": "OpenVINO"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A method of Anomalib, on a backbone."""

    name: str
    kind: str
    backbone: str
    trained: bool

    @property
    def weights(self) -> str:
        """What its weights are, in words."""
        return _TRAINED if self.trained else _UNTRAINED


PEERS = (
    Peer(
        name="EfficientAD-S",
        kind="efficientad",
        backbone="resnet18",
        trained=False,
    ),
    Peer(name="PaDiM, ResNet18", kind="padim", backbone="resnet18", trained=False),
    Peer(
        name="PaDiM, EfficientNet-Lite0",
        kind="padim",
        backbone="efficientnet-lite0",
        trained=True,
    ),
    Peer(
        name="PatchCore, EfficientNet-Lite0",
        kind="patchcore",
        backbone="efficientnet-lite0",
        trained=True,
    ),
)


class Exports:
    """Makes and exports peers, and keeps them while nothing changes.

    Args:
        python: of the peers' environment.
        folder: where exports are kept.
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self.python = python
        self._folder = folder

    def of(self, peer: Peer, recording: Recording) -> dict[str, str]:
        """Make a peer for a line, unless it is there: where its exports are.

        Raises:
            PeerError: it cannot be made.
        """
        good = good_parts(recording)
        files = good if peer.trained else good[:_FEW]
        out = self._folder / recording.settings.id / peer.name
        stamp, wanted = out / "made.sha256", fingerprint(peer, files)
        if not stamp.exists() or stamp.read_text() != wanted:
            tell(f"making {peer.name}")
            out.mkdir(parents=True, exist_ok=True)
            pictures = out / "pictures.json"
            pictures.write_text(json.dumps(files))
            run(build_command(self.python, peer, pictures, out), ROOT, _LEAN)
            stamp.write_text(wanted)
        return dict(json.loads((out / "facts.json").read_text()))


def fingerprint(peer: Peer, files: Sequence[str]) -> str:
    """Hash all that a peer's export depends on: method, code, packages, pictures."""
    digest = hashlib.sha256(repr(peer).encode())
    sources = ("peer_build.py", "peer_worker.py", REQUIREMENTS.name)
    for path in (*(ROOT / "bench" / name for name in sources), *map(Path, files)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What is scored, in turns of how many, on how many cores."""

    split: str
    limit: int | None
    block: int
    cores: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run."""

    ours: list[Figures]
    peers: list[Figures]
    weights: dict[str, str]
    runtimes: dict[str, str]


def main(
    recording: Annotated[Path, typer.Argument(help="Folder of the recorded line.")],
    *,
    model: Annotated[Path, typer.Option(help="Folder of our model.")],
    split: Annotated[str, typer.Option(help="Which shift.")] = "test",
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many parts.")
    ] = None,
    block: Annotated[int, typer.Option(min=1, help="Parts in a turn.")] = 20,
    cores: Annotated[int, typer.Option(min=1, help="Cores for each.")] = 2,
    environment: Annotated[
        Path | None, typer.Option(help="Where Anomalib is installed.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Also write the table to this file.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
) -> None:
    """Time Anomalib's exports beside our model, as ratios.

    Example: python -m bench.peers recordings/poly --model M --markdown poly.md
    """
    extent = Extent(split=split, limit=limit, block=block, cores=cores)
    keep_to_cores(cores)
    try:
        home = (environment or default_folder()).resolve()
        python = prepare(home)
        recorded = Recording.load(recording)
        result = _compete(recorded, model, Exports(python, home / "exports"), extent)
    except InspectorError as error:
        tell(str(error))
        raise typer.Exit(error.exit_code) from error
    text = report(result, f"Line {recorded.settings.id}, shift {split}", cores)
    sys.stdout.write(text)
    if markdown is not None:
        markdown.write_text(text)
    if json_file is not None:
        rows = peer_table.as_json(result.ours, result.peers, result.weights)
        json_file.write_text(json.dumps(rows, indent=1))


def report(result: Result, title: str, cores: int) -> str:
    """Write down a result in Markdown."""
    runtimes = [
        f"- {what}: {'; '.join(name for name, its in named if its == what)}."
        for named in (result.runtimes.items(),)
        for what in dict.fromkeys(result.runtimes.values())
    ]
    parts = result.ours[0].parts
    return "\n".join(
        [
            f"# {title}: {parts} parts, batch 1, {cores} cores, from file to score",
            "",
            peer_table.markdown(result.ours, result.peers, result.weights),
            "",
            *peer_table.conclusion(result.ours, result.peers),
            "",
            *runtimes,
            "- Weights that are `untrained` serve the timing alone and have no AUROC.",
            "",
        ]
    )


def labelled_rows(recording: Recording, split: str) -> list[FrameRow]:
    """Give the parts of a shift that somebody looked at."""
    return [row for row in recording.select(split) if row.label is not None]


def good_parts(recording: Recording) -> list[str]:
    """Name the picture files that a peer may learn from: good, of `train`."""
    good = recording.settings.classes[0]
    rows = labelled_rows(recording, "train")
    return [str(row.file.resolve()) for row in rows if row.label == good]


def build_command(
    python: Path, peer: Peer, pictures: Path, out: Path
) -> tuple[str, ...]:
    """Say how a peer is made and exported."""
    trained = ("--trained",) if peer.trained else ()
    return (
        *(str(python), "-m", "bench.peer_build", peer.kind),
        *("--backbone", peer.backbone, *trained),
        *("--pictures", str(pictures), "--out", str(out)),
    )


def worker_command(python: Path, exported: str, cores: int) -> tuple[str, ...]:
    """Say how an exported peer is run."""
    return str(python), "-m", "bench.peer_worker", exported, "--threads", str(cores)


def tell(what: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"{what}\n")


def _compete(
    recording: Recording, model: Path, exports: Exports, extent: Extent
) -> Result:
    rows = labelled_rows(recording, extent.split)[: extent.limit]
    good = recording.settings.classes[0]
    bad = [row.label != good for row in rows]
    with ExitStack() as running:
        ours = [
            fused(recording, model, extent.split),
            picture_alone(recording, model, extent.split),
        ]
        programs: list[PeerProgram] = []
        weights = {each.name: "trained" for each in ours}
        for peer in PEERS:
            for program in _start(recording, peer, exports, extent):
                programs.append(running.enter_context(program))
                weights[program.name] = peer.weights
        found = _time(ours, programs, [row.file for row in rows], extent)
    judged = {
        name: figures(name, each, None if weights[name] == _UNTRAINED else bad)
        for name, each in found.items()
    }
    return Result(
        ours=[judged[each.name] for each in ours],
        peers=[judged[each.name] for each in programs],
        weights=weights,
        runtimes={
            **{each.name: each.runtime for each in ours},
            **{each.name: each.runtime for each in programs},
        },
    )


def _start(
    recording: Recording, peer: Peer, exports: Exports, extent: Extent
) -> list[PeerProgram]:
    """Start a program for each export of a peer."""
    facts = exports.of(peer, recording)
    return [
        PeerProgram(
            f"{peer.name}, {words}",
            worker_command(exports.python, facts[runtime], extent.cores),
            ROOT,
        )
        for runtime, words in RUNTIMES.items()
    ]


def _time(
    ours: list[Ours], programs: list[PeerProgram], files: list[Path], extent: Extent
) -> dict[str, Timed]:
    contenders: list[Contender] = [*ours, *programs]
    for contender in contenders:
        contender.run(files[:_WARM])
    for each in ours:
        each.forget()
    done = 0

    def progress(parts: int) -> None:
        nonlocal done
        done += parts
        tell(f"{done} of {len(files)} parts")

    return take_turns(contenders, files, extent.block, progress)


if __name__ == "__main__":
    typer.run(main)
