"""Models on disk: ONNX and safetensors, named and hashed in a TOML manifest.

```
MODEL/trunk/manifest.toml                      what every line shares
MODEL/branches/<line>/<version>/manifest.toml  what one line adds
MODEL/settings/<line>.toml                     which branch, and where to decide
```
A manifest names each file with its sha256; the sha256 of the manifest itself therefore
names the whole. Nothing here is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import numpy as np
import tomli_w
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspector.errors import ArtifactError
from inspector.settings import Name, PictureRules
from inspector.types import Problem

MANIFEST = "manifest.toml"
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
    files: dict[FileName, Sha256]


class Preprocessing(_Strict):
    """How a picture is brought to what the branch reads; it standardises by itself."""

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    channels: Literal[1, 3]
    interpolation: Literal["area"] = "area"
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


class BranchManifest(_Strict):
    """What a line's branch is made of, and the trunk it was trained for."""

    kind: Literal["branch"] = "branch"
    format: Literal[2] = 2
    line: Name
    version: Name
    kinds: list[Name]
    """Defect kinds, in the order of the branch's outputs."""
    backbone: Name
    """The picture network that the branch is built on."""
    preprocessing: Preprocessing
    weights: Weights
    travel_s: dict[Name, Finite]
    """Nominal travel time from each station to the camera."""
    trunk_sha256: Sha256
    files: dict[FileName, Sha256]


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
    raise ArtifactError([Problem.in_file(folder / MANIFEST, what)])


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
            manifest: Manifest = kind.model_validate(content)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ArtifactError(
                [Problem.in_file(path, f"is not TOML: {error}")]
            ) from error
        except ValidationError as error:
            raise ArtifactError(
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
        wanted = self.manifest.files.get(name)
        if wanted is None:
            what = f"does not name {name}: train or export the model again"
            raise ArtifactError([Problem.in_file(self.folder / MANIFEST, what)])
        content = _read(path)
        if hashlib.sha256(content).hexdigest() != wanted:
            what = "was altered: its sha256 is not the manifest's; restore the model"
            raise ArtifactError([Problem.in_file(path, what)])
        return content

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Read a file of named arrays.

        Raises:
            ArtifactError: as `read`, or it holds something else than plain arrays.
        """
        try:
            with np.load(io.BytesIO(self.read(name)), allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            path = self.folder / name
            raise ArtifactError(
                [Problem.in_file(path, f"is not a file of arrays: {error}")]
            ) from error


def write_artifact(
    folder: Path, manifest: Mapping[str, object], files: Mapping[str, bytes]
) -> str:
    """Write files and the manifest that names them; the manifest comes last.

    Args:
        folder: made if need be.
        manifest: every field but `files`.
        files: content of each file.

    Returns:
        The sha256 that names the whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }
    raw = tomli_w.dumps({**manifest, "files": hashes}).encode()
    (folder / MANIFEST).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = "does not exist" if isinstance(error, FileNotFoundError) else f"{error}"
        raise ArtifactError([Problem.in_file(path, what)]) from error
