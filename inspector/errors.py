"""Errors that a person can act on.

```
InspectorError             exit code 1: something went wrong while running
├── InputError             exit code 2: the input is wrong; names file, row or field
│   ├── RecordingError     a recording folder
│   ├── SettingsError      a line's settings
│   ├── ArtifactError      a trunk or branch: incomplete, or of another version
│   │   ├── AlteredError   a file is missing, cut off, or not what was written
│   │   ├── FormatError    of a newer or an older version of this program
│   │   ├── ContractError  sizes, classes or files are not those that were agreed
│   │   ├── GraphError     an ONNX file that asks for more than a branch may have
│   │   ├── TrunkError     made for another trunk
│   │   ├── GoldenError    golden samples do not get the scores that they must
│   │   ├── PackageError   a file to import that cannot be unpacked safely
│   │   └── SignatureError unsigned, or signed by nobody that the line trusts
│   └── GateError          a branch was examined and is not good enough
├── PictureError           one picture cannot be read; the part becomes REVIEW
├── StoreError             verdicts cannot be stored; the line stops
│   ├── BranchStoreError   exit code 2: branches cannot be read or kept; what runs stays
│   └── StoreAwayError     the database is away, locked or full, and may come back
├── SourceError            a camera or log cannot be read, after all retries
├── StalledError           a branch hangs on part after part; the line stops
└── MissingExtraError      exit code 2: a package that is needed is not installed
```
"""

from __future__ import annotations

from collections.abc import Sequence

from inspector.types import Problem


class InspectorError(Exception):
    """The root: everything the program raises on purpose."""

    exit_code = 1


class InputError(InspectorError):
    """What was given is wrong; holds every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)

    @classmethod
    def single(cls, where: object, what: str) -> InputError:
        """Make an error of one problem."""
        return cls([Problem(where=str(where), what=what)])


class RecordingError(InputError):
    """A recording folder cannot be used."""


class SettingsError(InputError):
    """A line's settings cannot be used."""


class ArtifactError(InputError):
    """A trunk or branch is altered, incomplete or of another version."""


class AlteredError(ArtifactError):
    """A file of a trunk or branch is missing, cut off, or not what was written."""


class FormatError(ArtifactError):
    """A manifest is of a newer or an older version of this program."""


class ContractError(ArtifactError):
    """A branch's sizes, classes or files are not those that were agreed on."""


class GraphError(ArtifactError):
    """An ONNX file is damaged, or asks for more than a branch may have."""


class TrunkError(ArtifactError):
    """A branch was made for another trunk."""


class GoldenError(ArtifactError):
    """A trunk or branch does not give its golden samples the scores that it must."""


class PackageError(ArtifactError):
    """A package of a branch is no package, or cannot be unpacked safely."""


class SignatureError(ArtifactError):
    """A branch is unsigned, or signed by nobody whom the line trusts."""


class GateError(InputError):
    """A branch was examined for a line and is not good enough."""


class PictureError(InspectorError):
    """One picture cannot be read."""


class StoreError(InspectorError):
    """Verdicts or evidence cannot be stored."""


class BranchStoreError(StoreError):
    """A store of branches cannot be read, or cannot keep another one."""

    exit_code = 2


class StoreAwayError(StoreError):
    """The store cannot be reached or has no room now; the same batch may go later."""


class SourceError(InspectorError):
    """A camera or a log cannot be read, after all retries."""


class StalledError(InspectorError):
    """Too many threads hang in a branch: only a new program can go on."""


class MissingExtraError(InspectorError):
    """A package that this command needs is not installed."""

    exit_code = 2

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"{package} is not installed: run  pip install 'inspector[{extra}]'"
        )
