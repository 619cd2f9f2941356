"""One version of a branch as a whole: is all of it there, and is it what was written?

Nothing is run here. Whether it also answers as it must is seen when it is loaded
(`hybrid.Branch`), and whether it is good enough for a line by the gate.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from inspector.errors import AlteredError, ContractError
from inspector.model.artifact import (
    GLANCE,
    LOOK,
    MANIFEST,
    NEEDED,
    SETTINGS,
    SIGNATURE,
    Artifact,
    BranchManifest,
    settings_file,
    version_settings_file,
)
from inspector.model.graphs import check_graph
from inspector.settings import ModelSettings, load_settings
from inspector.types import Problem


def check_version(
    folder: Path, public_key: str | None = None
) -> Artifact[BranchManifest]:
    """Open a version after checking all of it: files, hashes, graphs and signature.

    Args:
        folder: that holds it.
        public_key: that must have signed it; `None` asks for no signature.

    Raises:
        SignatureError: the key did not sign it.
        FormatError: it is of another version of this program.
        ContractError: a field is wrong, or a file that is needed is not named.
        AlteredError: a file is missing, or not what was written.
        GraphError: a graph holds what a branch may not have.
        SettingsError: its thresholds cannot be read.
        MissingExtraError: a signature is asked for, and cannot be checked here.
    """
    artifact = Artifact.open(folder, BranchManifest)
    if public_key is not None:
        from inspector.model.signing import check_signature  # noqa: PLC0415 - an extra

        check_signature(folder, public_key)
    _check_names(artifact)
    for name in artifact.present():
        artifact.read(name)
    for name in (LOOK, GLANCE):
        check_graph(artifact.read(name), folder / name)
    _proposed(folder, artifact.manifest)
    return artifact


def contents(
    artifact: Artifact[BranchManifest], *, training: bool = True
) -> dict[str, bytes]:
    """Read all files of a version, checked; the manifest comes last.

    Args:
        artifact: the version.
        training: also what only a successor needs, where it is there.

    Raises:
        AlteredError: a file is missing, or not what was written.
    """
    needed = artifact.manifest.files
    names = [name for name in artifact.present() if training or name in needed]
    found = {name: artifact.read(name) for name in names}
    for name in (SIGNATURE, MANIFEST):
        path = artifact.folder / name
        if path.exists():
            found[name] = path.read_bytes()
    if hashlib.sha256(found[MANIFEST]).hexdigest() != artifact.sha256:
        problem = Problem.in_file(artifact.folder / MANIFEST, "was altered meanwhile")
        raise AlteredError([problem])
    return found


def settings_of_version(
    model: Path, line: str, version: str, folder: Path
) -> ModelSettings:
    """Say where a version of a line's branch decides: the one place that chooses.

    What people changed for the version comes first, then what the line starts with if
    that names the version, then what the version's training proposed.

    Args:
        model: folder of the model.
        line: its name.
        version: of the branch.
        folder: that holds the version.

    Raises:
        SettingsError: the settings that hold cannot be read.
        ContractError: they are of another line or version.
    """
    changed = version_settings_file(model, line, version)
    if changed.exists():
        return _of(changed, line, version)
    start = settings_file(model, line)
    if start.exists():
        settings = load_settings(start, ModelSettings)
        if (settings.line, settings.branch) == (line, version):
            return settings
    return _of(folder / SETTINGS, line, version)


def _of(path: Path, line: str, version: str) -> ModelSettings:
    settings = load_settings(path, ModelSettings)
    if (settings.line, settings.branch) != (line, version):
        what = (
            f"is of version {settings.branch} of line {settings.line}, not of version "
            f"{version} of line {line}"
        )
        raise ContractError([Problem.in_file(path, what)])
    return settings


def _proposed(folder: Path, manifest: BranchManifest) -> ModelSettings:
    return _of(folder / SETTINGS, manifest.line, manifest.version)


def _check_names(artifact: Artifact[BranchManifest]) -> None:
    manifest = artifact.manifest
    missing = [name for name in NEEDED if name not in manifest.files]
    if missing:
        what = f"does not name {', '.join(missing)}: train or export the branch again"
        raise ContractError([Problem.in_file(artifact.folder / MANIFEST, what)])
