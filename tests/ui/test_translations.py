from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ui.languages import FOLDER, LANGUAGES

_UI = FOLDER.parent
_TOOLS = Path(sys.executable).parent


def _texts(file: Path) -> dict[tuple[str, str], tuple[str, str | None]]:
    found = {}
    for context in ElementTree.parse(file).getroot().findall("context"):  # noqa: S314
        for message in context.findall("message"):
            translation = message.find("translation")
            assert translation is not None
            key = context.findtext("name", ""), message.findtext("source", "")
            found[key] = translation.text or "", translation.get("type")
    return found


def _tool(name: str) -> str:
    tool = shutil.which(name, path=f"{_TOOLS}")
    if tool is None:
        pytest.skip(f"{name} is not installed")
    return tool


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    texts = _texts(FOLDER / f"console_{language}.ts")
    left = [key for key, (words, kind) in texts.items() if not words or kind]
    assert left == []
    assert len(texts) > 200


def test_chinese_keeps_every_blank_that_is_filled_in() -> None:
    for (_context, source), (words, _kind) in _texts(FOLDER / "console_zh.ts").items():
        assert source.count("{") == words.count("{"), source


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_program_is_missing(language: str, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.ts"
    sources = sorted(str(each) for each in _UI.rglob("*.py"))
    asked = [_tool("pyside6-lupdate"), *sources, "-ts", str(fresh)]
    subprocess.run(asked, check=True, capture_output=True)  # noqa: S603
    assert set(_texts(fresh)) == set(_texts(FOLDER / f"console_{language}.ts"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_is_made_of_its_source(language: str, tmp_path: Path) -> None:
    made = tmp_path / "made.qm"
    source = str(FOLDER / f"console_{language}.ts")
    asked = [_tool("pyside6-lrelease"), source, "-qm", str(made)]
    subprocess.run(asked, check=True, capture_output=True)  # noqa: S603
    assert made.read_bytes() == (FOLDER / f"console_{language}.qm").read_bytes()
