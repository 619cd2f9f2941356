"""The hybrid model at run time: a sample in, scores out, by the shortest route.

Each log line is encoded once and remembered by its content. From the encoded lines a
small router guesses how far the picture alone, or the log alone, would be off the full
answer; what the route does not need is not computed. A part is never passed on its log
alone: a log that does not reject calls for the picture.

A picture is first glanced at: half its size, the first layers only. A second router
guesses how far a full look would move the score, and most parts need none. What the
glance saw is a part of the full look's opinion, so no look is wasted.

A log that seems to be another part's is not heeded: its part is judged by the picture.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from inspector.errors import AlteredError, ContractError, GoldenError, TrunkError
from inspector.model.artifact import (
    GLANCE,
    GOLDEN,
    LOOK,
    WORDINGS,
    Artifact,
    BranchManifest,
    TrunkManifest,
    branch_folder,
    check_picture_rules,
    trunk_folder,
)
from inspector.model.graphs import FLOAT, UINT8, GraphForm, check_graph
from inspector.model.lines import (
    IntArray,
    LineReader,
    WindowLines,
    Wordings,
    wordings_from_json,
)
from inspector.model.pictures import assemble_map, fit_tiles
from inspector.model.sessions import Array, Network
from inspector.settings import ModelSettings, PictureRules
from inspector.types import (
    BranchId,
    FloatArray,
    Look,
    Pixels,
    Problem,
    Route,
    Sample,
    Scores,
    TrunkId,
)

_logger = logging.getLogger(__name__)

REMEMBERED_LINES = 20_000
"""Encoded log lines kept; the ones not seen for longest go first."""
GOLDEN_TOLERANCE = 1e-3
"""How far a golden sample's output may be off: other processors round differently."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureView:
    """What a branch sees: cell tokens, cell logits `[1, cells]`, logit, defect kind.

    Of a picture in tiles, these are the worst tile's, and the defect map is of all.
    """

    tokens: FloatArray
    cells: FloatArray
    logit: float
    kind: int
    look: Look
    defect_map: FloatArray | None = None
    """`[rows, columns]` of the whole picture, once all that is looked at was."""


@dataclass(frozen=True, slots=True, eq=False)
class LogView:
    """What the log says: tokens `[1, lines + 1, width]`, logit, `[lines]` shares.

    trust: probability that it is this part's own log.
    """

    tokens: FloatArray
    logit: float
    weights: FloatArray
    trust: float


class Trunk:
    """The shared networks, loaded and verified.

    Raises:
        ArtifactError: altered, incomplete, or it answers golden samples wrongly.
    """

    def __init__(self, folder: Path) -> None:
        artifact = Artifact.open(folder, TrunkManifest)
        self.id = TrunkId(version=artifact.manifest.version, sha256=artifact.sha256)
        self._lines = _network(artifact, "log_lines.onnx")
        self._context = _network(artifact, "log_context.onnx")
        self._fusion = _network(artifact, "fusion.onnx")
        self._router = _network(artifact, "router.onnx")
        self._look_router = _network(artifact, "look_router.onnx")
        self._verify(artifact)

    def encode(self, pieces: IntArray, numbers: FloatArray) -> FloatArray:
        """Encode log lines: `[lines, WORDS, ...]` to `[lines, width]`."""
        return self._lines.run(pieces, numbers)[0]

    def expect(self, lines: FloatArray, circumstances: FloatArray) -> FloatArray:
        """Guess |score change| by the picture alone and by the log alone: `[2]`."""
        expected = self._router.run(lines[None], circumstances[None], _ones(lines))[0]
        return np.asarray(expected[0])

    def expect_look(self, glance: PictureView, logits: Sequence[float]) -> float:
        """Guess |score change| by a full look.

        Args:
            glance: what was seen so far.
            logits: of the glance, of the log, and of both together, calibrated.
        """
        cells = glance.cells[0]
        extremes = cells.max(), cells.mean(), cells.std(ddof=1)
        impression = np.array([[*logits, *extremes]], np.float32) / 4
        return float(self._look_router.run(impression)[0][0])

    def read_log(self, lines: FloatArray, circumstances: FloatArray) -> LogView:
        """Read encoded lines `[lines, width]` together."""
        tokens, logit, weights, trust = self._context.run(
            lines[None], circumstances[None], _ones(lines)
        )
        return LogView(tokens, float(logit[0]), np.asarray(weights[0]), float(trust[0]))

    def fuse(self, picture: PictureView, log: LogView) -> float:
        """Let the modalities attend to each other; gives what their sum misses."""
        present = _ones(log.tokens[0])
        added = self._fusion.run(picture.tokens, picture.cells, log.tokens, present)[0]
        return float(added[0])

    def _verify(self, artifact: Artifact[TrunkManifest]) -> None:
        golden = artifact.arrays("golden.npz")
        lines = self._lines.run(golden["pieces"], golden["numbers"])[0]
        circumstances = golden["circumstances"].astype(np.float32)
        log = self.read_log(lines, circumstances)
        cells = golden["cells"].astype(np.float32)
        tokens = golden["picture"].astype(np.float32)
        picture = PictureView(tokens, cells, 0.0, 0, Look.FULL)
        found = [
            *self.expect(lines, circumstances),
            log.logit,
            self.fuse(picture, log),
            *log.weights,
            log.trust,
            self.expect_look(picture, (0.0, 0.0, 0.0)),
        ]
        _check_golden(artifact.folder, np.array(found), golden["expected"])


class Branch:
    """A line's branch, loaded and verified.

    Raises:
        AlteredError: a file is missing or not what was written.
        GraphError: a graph holds what a branch may not have.
        ContractError: a graph does not take or give what the manifest says.
        GoldenError: it answers golden samples wrongly.
    """

    def __init__(self, folder: Path) -> None:
        artifact = Artifact.open(folder, BranchManifest)
        self.manifest = artifact.manifest
        for name in (LOOK, GLANCE):
            form = check_graph(artifact.read(name), folder / name)
            _check_form(form, self.manifest, folder / name)
        self.id = BranchId(
            line=self.manifest.line,
            version=self.manifest.version,
            sha256=artifact.sha256,
        )
        self.reader = LineReader(_wordings(artifact), self.manifest.travel_s)
        self._glance = _network(artifact, GLANCE, large=True)
        self._look = _network(artifact, LOOK, large=True)
        self._verify(artifact)

    def interrupt(self) -> None:
        """End a look that is under way as soon as it can be ended, from any thread."""
        self._glance.interrupt()
        self._look.interrupt()

    def fit(self, pixels: Pixels) -> Pixels:
        """Bring one picture of any size to the tiles that the branch reads.

        Returns:
            `[tiles, height, width, channels]`.

        Raises:
            PictureError: it has no pixels, or the region reaches beyond it.
        """
        return fit_tiles(pixels, self.manifest.preprocessing)

    def glance(self, tiles: Pixels) -> list[PictureView]:
        """Glance at each tile of one picture."""
        return [_view(self._glance, tile, Look.GLANCE) for tile in tiles]

    def look(self, tiles: Pixels, glances: Sequence[PictureView]) -> PictureView:
        """Look in full at the tile where the glance points."""
        at = worst_of(glances)
        seen = _view(self._look, tiles[at], Look.FULL)
        share = self.manifest.weights.glance_share
        return replace(seen, logit=seen.logit + share * glances[at].logit)

    def map_of(self, picture: Pixels, views: Sequence[PictureView]) -> FloatArray:
        """Join the defect maps of a picture's tiles: `[rows, columns]` of all of it."""
        rules = self.manifest.preprocessing.picture
        if rules == PictureRules():
            return _as_map(views[0].cells)
        maps = np.stack([_as_map(each.cells) for each in views])
        height, width = picture.shape[:2]
        return assemble_map(maps, height, width, rules)

    def _verify(self, artifact: Artifact[BranchManifest]) -> None:
        golden = _golden(artifact)
        found = [
            _view(network, tile, Look.FULL).logit
            for network in (self._look, self._glance)
            for tile in golden["pictures"].astype(np.uint8)
        ]
        _check_golden(artifact.folder, np.array(found), golden["expected"])


class HybridModel:
    """Scores the samples of one line; keeps the port `Model`.

    Args:
        trunk: shared with every line.
        branch: of this line.
        settings: where to decide, and how far a short cut may be off.
        always_both: take no short cut, to measure the others against.
    """

    def __init__(
        self,
        trunk: Trunk,
        branch: Branch,
        settings: ModelSettings,
        *,
        always_both: bool = False,
    ) -> None:
        self._trunk = trunk
        self._branch = branch
        self._tolerance = settings.decisions.route_tolerance
        self._look_tolerance = settings.decisions.look_tolerance
        self._reject_at = settings.decisions.reject_at
        self._remembered: OrderedDict[str, FloatArray] = OrderedDict()
        self._always_both = always_both

    @property
    def trunk(self) -> TrunkId:
        """The trunk that is loaded."""
        return self._trunk.id

    @property
    def branch(self) -> BranchId:
        """The line's branch that is loaded."""
        return self._branch.id

    @property
    def verified(self) -> bool:
        """Loading checks hashes and golden samples, or fails."""
        return True

    def interrupt(self) -> None:
        """End the branch's look that is under way; other lines share the trunk."""
        self._branch.interrupt()

    def with_settings(self, settings: ModelSettings) -> HybridModel:
        """Give a model of the same trunk and branch that decides by other settings."""
        return HybridModel(self._trunk, self._branch, settings)

    def score(self, sample: Sample) -> Scores:
        """Score one sample; what its route does not need is not computed.

        Raises:
            PictureError: the picture has no pixels.
        """
        laps = _Laps()
        route, log = self._read_log(sample, laps)
        picture = self._look(sample, route, log, laps)
        route, score = self._weigh(picture, log, laps)
        kinds = self._branch.manifest.kinds
        return Scores(
            score=score,
            picture_score=None if picture is None else self._picture_score(picture),
            log_score=None if log is None else self._log_score(log),
            route=route,
            defect=None if picture is None else kinds[picture.kind],
            defect_map=None if picture is None else picture.defect_map,
            look=Look.NONE if picture is None else picture.look,
            line_weights=None if log is None else log.weights,
            stage_ms=MappingProxyType(laps.stage_ms),
        )

    def _read_log(self, sample: Sample, laps: _Laps) -> tuple[Route, LogView | None]:
        """Choose the route, and read the log if the route needs it."""
        if not sample.window.log_lines:
            return Route.PICTURE, None
        lines = self._branch.reader.window(sample.window)
        vectors = self.encode(lines)
        laps.end("log_lines")
        route = Route.LOG
        if sample.pixels is not None:
            route = self.route(vectors, lines.circumstances)
            laps.end("route")
        if route is Route.PICTURE:
            return route, None
        log = self._trunk.read_log(vectors, lines.circumstances)
        laps.end("log_context")
        if sample.pixels is not None and not is_own(log.trust):
            return Route.PICTURE, None
        return route, log

    def _look(
        self, sample: Sample, route: Route, log: LogView | None, laps: _Laps
    ) -> PictureView | None:
        """Look at the picture, unless the log alone is enough to reject."""
        if sample.pixels is None:
            return None
        if route is Route.LOG and log and self._log_score(log) >= self._reject_at:
            return None
        tiles = self._branch.fit(sample.pixels)
        seen = self._branch.glance(tiles)
        at = worst_of(seen)
        picture = seen[at]
        laps.end("glance")
        if not self._is_enough(picture, log):
            picture = seen[at] = self._branch.look(tiles, seen)
            laps.end("picture")
        return replace(picture, defect_map=self._branch.map_of(sample.pixels, seen))

    def _is_enough(self, glance: PictureView, log: LogView | None) -> bool:
        """Whether a full look is expected to change little."""
        if self._always_both or self._look_tolerance == 0:
            return False
        weights = self._branch.manifest.weights
        seen = combine(weights.glance, (glance.logit,))
        logits = seen, 0.0, seen
        if log:
            heard = combine(weights.log, (log.logit,))
            together = combine(weights.glance_and_log, (glance.logit, log.logit))
            logits = seen, heard, together
        return self._trunk.expect_look(glance, logits) <= self._look_tolerance

    def _weigh(
        self, picture: PictureView | None, log: LogView | None, laps: _Laps
    ) -> tuple[Route, float]:
        """Weigh what was computed; that is the route that was really taken."""
        if picture and log:
            return Route.BOTH, self._weigh_both(picture, log, laps)
        if picture:
            return Route.PICTURE, self._picture_score(picture)
        if log:
            return Route.LOG, self._log_score(log)
        return Route.NONE, math.nan

    def _weigh_both(self, picture: PictureView, log: LogView, laps: _Laps) -> float:
        weights = self._branch.manifest.weights
        if picture.look is Look.GLANCE:
            return weigh(weights.glance_and_log, (picture.logit, log.logit))
        added = self._added(picture, log, laps)
        return weigh(weights.both, (picture.logit, log.logit, added))

    def _added(self, picture: PictureView, log: LogView, laps: _Laps) -> float:
        """Ask fusion only on a line where it has earned a weight."""
        if self._branch.manifest.weights.both[2] == 0:
            return 0.0
        added = self._trunk.fuse(picture, log)
        laps.end("fusion")
        return added

    def _log_score(self, log: LogView) -> float:
        return weigh(self._branch.manifest.weights.log, (log.logit,))

    def _picture_score(self, picture: PictureView) -> float:
        weights = self._branch.manifest.weights
        glanced = picture.look is Look.GLANCE
        return weigh(weights.glance if glanced else weights.picture, (picture.logit,))

    def encode(self, lines: WindowLines) -> FloatArray:
        """Encode a window's lines, new ones only: `[lines, width]`."""
        new = [key for key in dict.fromkeys(lines.keys) if key not in self._remembered]
        if new:
            contents = [self._branch.reader.content(key) for key in new]
            vectors = self._trunk.encode(
                np.stack([content.pieces for content in contents]),
                np.stack([content.numbers for content in contents]),
            )
            self._remembered.update(zip(new, vectors, strict=True))
        found = np.stack([self._recall(key) for key in lines.keys])
        while len(self._remembered) > REMEMBERED_LINES:
            self._remembered.popitem(last=False)
        return found

    def _recall(self, key: str) -> FloatArray:
        self._remembered.move_to_end(key)
        return self._remembered[key]

    def route(self, lines: FloatArray, circumstances: FloatArray) -> Route:
        """Choose the shortest route that is expected to change little."""
        if self._always_both or self._tolerance == 0:
            return Route.BOTH
        by_picture, by_log = self._trunk.expect(lines, circumstances)
        if by_log <= self._tolerance:
            return Route.LOG
        return Route.PICTURE if by_picture <= self._tolerance else Route.BOTH


class _Laps:
    """Times the stages of one sample."""

    def __init__(self) -> None:
        self.stage_ms: dict[str, float] = {}
        self._last = time.perf_counter()

    def end(self, stage: str) -> None:
        """End a stage, and begin the next."""
        now = time.perf_counter()
        self.stage_ms[stage] = (now - self._last) * 1000
        self._last = now


def load_model(
    folder: Path,
    line: str,
    *,
    settings: ModelSettings,
    picture: PictureRules | None = None,
    always_both: bool = False,
) -> HybridModel:
    """Load a line's model, and verify it.

    Args:
        folder: of the model.
        line: its name.
        settings: where to decide, and which branch runs.
        picture: what the line's settings say of region and tiles; `None`: nothing.
        always_both: take no short cut.

    Raises:
        ArtifactError: altered, incomplete, of another version, trunk and branch do
            not fit each other, or the branch was trained for another region or cut.
    """
    trunk = Trunk(trunk_folder(folder))
    where = branch_folder(folder, line, settings.branch)
    branch = Branch(where)
    check_trunk(trunk.id, branch.manifest, where)
    check_picture_rules(line, picture, branch.manifest.preprocessing, where)
    return HybridModel(trunk, branch, settings, always_both=always_both)


def check_trunk(trunk: TrunkId, manifest: BranchManifest, where: object) -> None:
    """Refuse a branch that was made for another trunk.

    Raises:
        TrunkError: names both.
    """
    fitted = manifest.trunk
    if fitted.sha256 != trunk.sha256:
        what = (
            f"was made for trunk {fitted.version} ({fitted.sha256[:12]}), but the "
            f"model's is {trunk.version} ({trunk.sha256[:12]}): train this line's "
            "branch again"
        )
        raise TrunkError([Problem(where=f"{where}", what=what)])


def weigh(weights: Sequence[float], logits: Sequence[float]) -> float:
    """Turn logits into a probability: weights, then a bias."""
    total = combine(weights, logits)
    return 1 / (1 + math.exp(-total)) if total > -_FAR else 0.0


def combine(weights: Sequence[float], logits: Sequence[float]) -> float:
    """Weigh logits, and add the bias that stands behind the weights."""
    *each, bias = weights
    return sum(w * x for w, x in zip(each, logits, strict=True)) + bias


_FAR = 700.0


def _view(network: Network, tile: Pixels, look: Look) -> PictureView:
    tokens, cells, logit, kinds = network.run(tile[None])
    return PictureView(tokens, cells, float(logit[0]), int(kinds[0].argmax()), look)


def is_own(trust: float) -> bool:
    """Whether a log is heeded beside a picture: not if it seems another part's."""
    return trust >= _OWN_LOG


_OWN_LOG = 0.5


def worst_of(views: Sequence[PictureView]) -> int:
    """Say which tile is the worst: a part is as bad as that one."""
    return max(range(len(views)), key=lambda at: views[at].logit)


def _as_map(cells: FloatArray) -> FloatArray:
    side = math.isqrt(cells.shape[1])
    probabilities = 1 / (1 + np.exp(-cells[0]))
    return np.asarray(probabilities.reshape(side, side), np.float32)


def _network(
    artifact: Artifact[TrunkManifest] | Artifact[BranchManifest],
    name: str,
    *,
    large: bool = False,
) -> Network:
    network = Network(artifact.read(name), artifact.folder / name, large=large)
    _logger.info("%s runs on %s", name, network.provider)
    return network


def _wordings(artifact: Artifact[BranchManifest]) -> Wordings:
    try:
        return wordings_from_json(artifact.read(WORDINGS).decode())
    except ValueError as error:
        raise AlteredError(
            [Problem.in_file(artifact.folder / WORDINGS, f"{error}")]
        ) from error


def _golden(artifact: Artifact[BranchManifest]) -> dict[str, Array]:
    """Read golden samples, and refuse those that the branch could not even look at."""
    golden = artifact.arrays(GOLDEN)
    wanted = artifact.manifest.preprocessing
    size = wanted.height, wanted.width, wanted.channels
    pictures, expected = golden.get("pictures"), golden.get("expected")
    if pictures is None or expected is None or not len(pictures):
        what = "holds no golden samples: export the branch again"
    elif pictures.shape[1:] != size or expected.shape != (2 * len(pictures),):
        what = f"its samples are {pictures.shape[1:]}, the manifest says {size}"
    else:
        return golden
    raise ContractError([Problem.in_file(artifact.folder / GOLDEN, what)])


def _check_form(form: GraphForm, manifest: BranchManifest, where: object) -> None:
    """Refuse a graph that does not take and give what the manifest says."""
    wanted = manifest.preprocessing
    size = 1, wanted.height, wanted.width, wanted.channels
    found = tuple((each.element, each.shape) for each in form.inputs)
    wrong = []
    if found != ((UINT8, size),):
        shown = ", ".join(str(each.shape) for each in form.inputs) or "nothing"
        wrong.append(f"takes {shown}, the manifest says one picture {size} in uint8")
    wrong += _wrong_outputs(form, len(manifest.kinds))
    if wrong:
        raise ContractError([Problem(where=f"{where}", what=what) for what in wrong])


def _wrong_outputs(form: GraphForm, kinds: int) -> list[str]:
    if len(form.outputs) != _OUTPUTS or {each.element for each in form.outputs} != {
        FLOAT
    }:
        return ["must give tokens, cells, a logit and kinds, all in float"]
    tokens, cells, logit, kind = (each.shape for each in form.outputs)
    side = math.isqrt(cells[-1] if cells else 0)
    if cells != (1, side * side) or tokens[:2] != cells or logit != (1,):
        return [f"gives tokens {tokens}, cells {cells} and logit {logit}"]
    if kind != (1, kinds):
        return [f"tells {kind[-1]} kinds of defects, the manifest names {kinds}"]
    return []


_OUTPUTS = 4


def _check_golden(folder: Path, found: Array, golden: Array) -> None:
    expected = golden.astype(np.float64)
    off = float(np.abs(found.astype(np.float64) - expected).max())
    if not off <= GOLDEN_TOLERANCE * max(1.0, float(np.abs(expected).max())):
        what = f"answers its golden samples wrongly, off by {off:.3g}"
        raise GoldenError([Problem.in_file(folder, what)])


def _ones(lines: FloatArray) -> FloatArray:
    return np.ones((1, len(lines)), np.float32)
