"""Where a version lies in a store: `branches/<line>/<version>/`, the same everywhere.

There is no index: adding a version touches nothing but its own folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from inspector.branches import version_order
from inspector.errors import AlteredError, BranchStoreError, ContractError
from inspector.model.artifact import Artifact, BranchManifest
from inspector.types import Problem

BRANCHES = "branches"
_NAME = re.compile(r"\w[\w.\-]{0,63}")


def is_name(text: str) -> bool:
    """Whether a folder can be a line's or a version's; unfinished ones cannot."""
    return _NAME.fullmatch(text) is not None


def require_names(line: str, version: str) -> None:
    """Refuse what cannot be the name of a line or a version.

    Raises:
        ContractError: it would lead out of the store, or is no name.
    """
    for what, name in (("line", line), ("version", version)):
        if not is_name(name):
            words = "is no name: use letters, digits, dots, dashes and underscores"
            raise ContractError([Problem(where=f"{what} {name!r}", what=words)])


def in_order(versions: Iterable[str]) -> list[str]:
    """Sort versions as people do."""
    return sorted(versions, key=version_order)


def not_there(where: object, line: str, version: str, there: list[str]) -> AlteredError:
    """Say that a store has no such version, and which it has."""
    known = ", ".join(there) or "none"
    what = f"has no version {version} of line {line}'s branch; it has: {known}"
    return AlteredError([Problem(where=f"{where}", what=what)])


def there_already(where: object, version: str) -> ContractError:
    """Say that a version of that name is there; none is ever changed."""
    what = f"is there already, and version {version} never changes: name a new version"
    return ContractError([Problem(where=f"{where}", what=what)])


def require_same(artifact: Artifact[BranchManifest], line: str, version: str) -> None:
    """Refuse a folder whose manifest is of another line or version than its name.

    Raises:
        ContractError: it is.
    """
    found = artifact.manifest
    if (found.line, found.version) != (line, version):
        what = f"holds version {found.version} of line {found.line}'s branch"
        raise ContractError([Problem.in_file(artifact.folder, what)])


def failed(where: object, error: Exception) -> BranchStoreError:
    """Say in one line why a store cannot be read or written."""
    words = getattr(error, "strerror", None) or f"{error}" or type(error).__name__
    first = f"{words}".splitlines()[0]
    return BranchStoreError(f"branches in {where}: {first}")


def folder_of(root: Path, line: str, version: str) -> Path:
    """Where a version lies in a folder."""
    return root / BRANCHES / line / version
