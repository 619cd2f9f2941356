"""Models on disk: ONNX and safetensors, named and hashed in a TOML manifest.

```
MODEL/trunk/manifest.toml                      what every line shares
MODEL/branches/<line>/<version>/manifest.toml  what one line adds
MODEL/settings/<line>.toml                     which branch, and where to decide
MODEL/settings/<line>/<version>.toml           what people changed for one version
```
A manifest names each file with its sha256; the sha256 of the manifest itself therefore
names the whole. Nothing here is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar, get_args

import numpy as np
import tomli_w
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspector.errors import AlteredError, ArtifactError, ContractError, FormatError
from inspector.settings import Name, PictureRules, Words
from inspector.types import Problem

MANIFEST = "manifest.toml"
SIGNATURE = "manifest.sig"
LOOK, GLANCE = "model.onnx", "glance.onnx"
WORDINGS, GOLDEN, SETTINGS = "wordings.json", "golden.npz", "settings.toml"
WEIGHTS = "weights.safetensors"
NEEDED = (LOOK, GLANCE, WORDINGS, GOLDEN, SETTINGS)
"""The files without which a branch cannot judge."""
MAX_ARRAYS_BYTES = 256 << 20
"""A file of arrays that unpacks to more is none of ours."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
FileName = Annotated[str, Field(pattern=r"^[\w.\-]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrunkManifest(_Strict):
    """What the trunk is made of."""

    kind: Literal["trunk"] = "trunk"
    format: Literal[2] = 2
    version: Name
    lines: list[Name] = []
    """Whose logs and labels it has learned from; empty in older trunks."""
    files: dict[FileName, Sha256]


class Preprocessing(_Strict):
    """How a picture is brought to what the branch reads; it standardises by itself."""

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    channels: Literal[1, 3]
    interpolation: Literal["area"] = "area"
    normalisation: Literal["each picture, in the graph"] = "each picture, in the graph"
    """The graph brings each picture to mean 0 and spread 1 by itself."""
    picture: PictureRules = PictureRules()
    """The region and the tiles; each tile is brought to `height` x `width`."""


class Weights(_Strict):
    """How a line's logits are weighed into calibrated ones, for each route.

    A full look's logit is the branch's own plus `glance_share` times the glance's.
    picture: weight and bias for a full look alone; glance: for a glance alone; log:
    for the log alone. both: weights of the full look, of the log and of what fusion
    adds, then the bias. glance_and_log: weights of the glance and of the log, and the
    bias.
    """

    glance_share: Finite
    picture: tuple[Finite, Finite]
    glance: tuple[Finite, Finite]
    log: tuple[Finite, Finite]
    both: tuple[Finite, Finite, Finite, Finite]
    glance_and_log: tuple[Finite, Finite, Finite]


class BranchClass(_Strict):
    """A class of parts: its id in labels and in the record, and what people call it."""

    id: Name
    en: Words
    zh: Words


class Parent(_Strict):
    """The branch that this one was made from."""

    line: Name
    version: Name
    sha256: Sha256


class FittedTrunk(_Strict):
    """The trunk that a branch was made for; another one cannot read it."""

    version: Name
    sha256: Sha256


class LearnedFrom(_Strict):
    """What a branch was trained on."""

    recording: Name
    """Line of the recording."""
    parts: dict[Name, Annotated[int, Field(ge=0)]]
    """How many labelled parts of each shift."""
    sha256: Sha256
    """Of the pictures, labels and log text (`recording_sha256`)."""


class ShiftFigures(_Strict):
    """How a branch did on a labelled shift, with the thresholds it came with."""

    parts: Annotated[int, Field(ge=1)]
    bad: Annotated[int, Field(ge=0)]
    auroc: Annotated[float, Field(ge=0, le=1)] | None = None
    """Area under the ROC curve; `None` where all parts are good, or all are bad."""
    escapes: Annotated[int, Field(ge=0)]
    false_rejects: Annotated[int, Field(ge=0)]
    reviews: Annotated[int, Field(ge=0)]
    """Parts left to a person."""


class Figures(_Strict):
    """What a branch was measured to do; `None` where there was no such shift."""

    val: ShiftFigures | None = None
    """Thresholds were found on it."""
    test: ShiftFigures | None = None
    """Nothing was chosen on it."""


class BranchManifest(_Strict):
    """What a line's branch is made of, and the trunk it was trained for."""

    kind: Literal["branch"] = "branch"
    format: Literal[3] = 3
    line: Name
    version: Name
    parent: Parent | None = None
    classes: Annotated[list[BranchClass], Field(min_length=2)]
    """The good one first, then the kinds in the order of the branch's outputs."""
    backbone: Name
    """The picture network that the branch is built on."""
    preprocessing: Preprocessing
    weights: Weights
    """The calibration of its logits."""
    travel_s: dict[Name, Finite]
    """Nominal travel time from each station to the camera."""
    trunk: FittedTrunk
    learned_from: LearnedFrom
    figures: Figures = Figures()
    files: dict[FileName, Sha256]
    """All that it needs to judge."""
    training_files: dict[FileName, Sha256] = {}
    """What only a successor needs; they may be left behind."""

    @property
    def kinds(self) -> list[str]:
        """Its kinds of defects, in the order of its outputs."""
        return [each.id for each in self.classes[1:]]


def check_picture_rules(
    line: str, wanted: PictureRules | None, preprocessing: Preprocessing, folder: Path
) -> None:
    """Refuse a branch that was trained for another region or cut than the line's.

    Args:
        line: name of the line.
        wanted: what its settings say; `None` takes what the branch was trained for.
        preprocessing: the branch's.
        folder: of the branch, for the message.

    Raises:
        ArtifactError: they differ.
    """
    if wanted is None or wanted == preprocessing.picture:
        return
    what = (
        f"was trained for {preprocessing.picture}, but the settings of line {line} "
        f"say {wanted}: take [picture] out of them, or train the branch again"
    )
    raise ContractError([Problem.in_file(folder / MANIFEST, what)])


def check_classes(
    line: str, wanted: Sequence[str], manifest: BranchManifest, folder: Path
) -> None:
    """Refuse a branch that does not know a class that its line has.

    Args:
        line: name of the line.
        wanted: the ids of its classes, the good one first.
        manifest: of the branch, which may know more.
        folder: of the branch, for the message.

    Raises:
        ContractError: names the classes that are missing.
    """
    known = [each.id for each in manifest.classes]
    missing = [each for each in wanted if each not in known]
    if missing or known[0] != wanted[0]:
        what = (
            f"knows the classes {', '.join(known)}, but line {line} has "
            f"{', '.join(wanted)}: train this line's branch again"
        )
        raise ContractError([Problem.in_file(folder / MANIFEST, what)])


Manifest = TypeVar("Manifest", TrunkManifest, BranchManifest)


class Artifact(Generic[Manifest]):
    """A folder whose files are what its manifest says."""

    def __init__(self, folder: Path, manifest: Manifest, sha256: str) -> None:
        self.folder = folder
        self.manifest: Manifest = manifest
        self.sha256 = sha256
        """Of the manifest, and so of all."""

    @staticmethod
    def open(folder: Path, kind: type[Manifest]) -> Artifact[Manifest]:
        """Read and check a manifest; files are checked when they are read.

        Raises:
            ArtifactError: it is missing, of another form, or of another version.
        """
        path = folder / MANIFEST
        raw = _read(path)
        try:
            content = tomllib.loads(raw.decode())
            _check_format(path, content, kind)
            manifest: Manifest = kind.model_validate(content)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ArtifactError(
                [Problem.in_file(path, f"is not TOML: {error}")]
            ) from error
        except ValidationError as error:
            raise ContractError(
                [
                    Problem.in_file(
                        path, f"field {'.'.join(map(str, e['loc']))}: {e['msg']}"
                    )
                    for e in error.errors()
                ]
            ) from error
        return Artifact(folder, manifest, hashlib.sha256(raw).hexdigest())

    def read(self, name: str) -> bytes:
        """Read a file that the manifest names, and check it.

        Raises:
            ArtifactError: not named, missing, or not what was written.
        """
        path = self.folder / name
        wanted = self._named().get(name)
        if wanted is None:
            what = f"does not name {name}: train or export the model again"
            raise ContractError([Problem.in_file(self.folder / MANIFEST, what)])
        content = _read(path)
        if hashlib.sha256(content).hexdigest() != wanted:
            what = "was altered: its sha256 is not the manifest's; restore the model"
            raise AlteredError([Problem.in_file(path, what)])
        return content

    def present(self) -> list[str]:
        """Name the files that are there; what only training needs may be missing."""
        optional = self._optional()
        return [
            name
            for name in self._named()
            if name not in optional or (self.folder / name).exists()
        ]

    def _optional(self) -> dict[str, str]:
        found = self.manifest
        return found.training_files if isinstance(found, BranchManifest) else {}

    def _named(self) -> dict[str, str]:
        return {**self.manifest.files, **self._optional()}

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Read a file of named arrays.

        Raises:
            ArtifactError: as `read`, or it holds something else than plain arrays.
        """
        content = self.read(name)
        try:
            _check_unpacked(content)
            with np.load(io.BytesIO(content), allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            path = self.folder / name
            raise AlteredError(
                [Problem.in_file(path, f"is not a file of arrays: {error}")]
            ) from error


def write_artifact(
    folder: Path,
    manifest: Mapping[str, object],
    files: Mapping[str, bytes],
    training_files: Mapping[str, bytes] | None = None,
) -> str:
    """Write files and the manifest that names them; the manifest comes last.

    Args:
        folder: made if need be.
        manifest: every field but those that name files.
        files: content of each file.
        training_files: content of what only a successor needs.

    Returns:
        The sha256 that names the whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    named: dict[str, object] = {**manifest, "files": _written(folder, files)}
    if training_files:
        named["training_files"] = _written(folder, training_files)
    return write_manifest(folder, named)


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> str:
    """Write a manifest alone; returns its sha256."""
    raw = tomli_w.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def sha256_of(content: bytes) -> str:
    """Hash a file's content as a manifest names it."""
    return hashlib.sha256(content).hexdigest()


def _written(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }


def pack_arrays(**arrays: NDArray[np.generic]) -> bytes:
    """Write named arrays as `Artifact.arrays` reads them."""
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)  # type: ignore[arg-type]
    return packed.getvalue()


def trunk_folder(model: Path) -> Path:
    """Where a model keeps its trunk."""
    return model / "trunk"


def branch_folder(model: Path, line: str, version: str) -> Path:
    """Where a model keeps a branch."""
    return model / "branches" / line / version


def settings_file(model: Path, line: str) -> Path:
    """Where a model keeps what training found for a line."""
    return model / "settings" / f"{line}.toml"


def version_settings_file(model: Path, line: str, version: str) -> Path:
    """Where a model keeps what people changed for one version of a line's branch."""
    return model / "settings" / line / f"{version}.toml"


def _check_format(
    path: Path, content: Mapping[str, object], kind: type[BaseModel]
) -> None:
    """Tell a manifest of another version of this program from one that is wrong."""
    (ours,) = get_args(kind.model_fields["format"].annotation)
    found = content.get("format")
    if not isinstance(found, int) or found == ours:
        return
    age, help_line = (
        ("newer", "update this program")
        if found > ours
        else ("older", "train or export it again")
    )
    what = (
        f"field format: is {found}, of a version of this program that is {age} than "
        f"this one, which reads {ours}: {help_line}"
    )
    raise FormatError([Problem.in_file(path, what)])


def _check_unpacked(content: bytes) -> None:
    """Refuse arrays that unpack to more than any of ours.

    Raises:
        ValueError: they do.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        unpacked = sum(each.file_size for each in packed.infolist())
    if unpacked > MAX_ARRAYS_BYTES:
        message = f"it unpacks to {unpacked} bytes, more than {MAX_ARRAYS_BYTES}"
        raise ValueError(message)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = "does not exist" if isinstance(error, FileNotFoundError) else f"{error}"
        raise AlteredError([Problem.in_file(path, what)]) from error
