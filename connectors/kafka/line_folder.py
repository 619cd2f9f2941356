"""The lines that a worker may judge: one file of settings for each, looked up by id."""

from __future__ import annotations

import re
from pathlib import Path

from connectors.kafka.settings import FedLineSettings
from inspector.errors import SettingsError
from inspector.settings import load_settings
from inspector.types import Problem

_NAME = re.compile(r"\w[\w.\-]{0,63}")


class LineFolder:
    """A folder with one `LINE.toml` for each line; files may come and go.

    Args:
        folder: must be there.

    Raises:
        SettingsError: it is not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not folder.is_dir():
            what = "is no folder: put one LINE.toml for each line there"
            raise SettingsError([Problem(where=f"{folder}", what=what)])

    def names(self) -> list[str]:
        """Name the lines there are."""
        return sorted(path.stem for path in self._folder.glob("*.toml"))

    def knows(self, line: str) -> bool:
        """Whether there are settings for a line; any text may be asked for."""
        return bool(_NAME.fullmatch(line)) and self._path(line).is_file()

    def settings(self, line: str) -> FedLineSettings:
        """Read a line's settings.

        Raises:
            SettingsError: they are wrong, or those of another line.
        """
        path = self._path(line)
        found = load_settings(path, FedLineSettings)
        if found.id != line:
            what = f"field id: is {found.id}, but the file is named for line {line}"
            raise SettingsError([Problem.in_file(path, what)])
        return found

    def reach_s(self) -> float:
        """How far back the log matters to a part, over all lines.

        Raises:
            SettingsError: a line's settings are wrong.
        """
        reaches = [self.settings(name).log_reach_s for name in self.names()]
        return max(reaches, default=0.0)

    def _path(self, line: str) -> Path:
        return self._folder / f"{line}.toml"
