"""A line's settings: what they refuse, and that every wrong field is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.errors import SettingsError
from inspector.settings import LineSettings, load_settings, settings_sha256

SOUND = 'id = "poly"\ntakt_s = 2.0\ncamera = "cam-1"\nclasses = ["good", "bad"]\n'


def load(tmp_path: Path, text: str) -> LineSettings:
    path = tmp_path / "line.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, LineSettings)


def test_sound_settings_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, SOUND).id == "poly"


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a b", "x" * 65])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"line\.toml: field id"):
        load(tmp_path, SOUND.replace('"poly"', f'"{name}"'))


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    wrong = SOUND.replace("2.0", "-1").replace('["good", "bad"]', '["good"]')
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, wrong + "surplus = 1\n")
    said = str(raised.value)
    assert all(f"field {name}" in said for name in ("takt_s", "classes", "surplus"))


@pytest.mark.parametrize("text", ["id = ", "\ud800"])
def test_what_is_not_toml_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "line.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError, match=r"line\.toml: is not"):
        load_settings(path, LineSettings)


def test_the_hash_follows_what_is_said_not_how(tmp_path: Path) -> None:
    one = load(tmp_path, SOUND)
    other = load(tmp_path, "# a comment\n" + SOUND.replace(" = ", "="))
    changed = load(tmp_path, SOUND.replace("2.0", "2.5"))
    assert settings_sha256(one) == settings_sha256(other) != settings_sha256(changed)


def test_a_region_and_tiles_are_read(tmp_path: Path) -> None:
    text = "[picture]\nregion = [10, 20, 300, 200]\n[picture.tiles]\nrows = 2\n"
    found = load(tmp_path, SOUND + text).picture
    assert found is not None
    assert found.region == (10, 20, 300, 200)
    assert str(found) == "300x200 at 10,20 in 2x1 tiles that overlap by 0"
    assert load(tmp_path, SOUND).picture is None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("region = [0, 0, 0, 5]", r"picture\.region\.2"),
        ("region = [-1, 0, 5, 5]", r"picture\.region\.0"),
        ("region = [4000, 0, 97, 5]", r"picture: region 97x5 at 4000,0 reaches"),
        ("region = [0, 0, 5]", r"picture\.region"),
        ("tiles = {rows = 9}", r"picture\.tiles\.rows"),
        ("tiles = {columns = 0}", r"picture\.tiles\.columns"),
        ("tiles = {overlap = 0.6}", r"picture\.tiles\.overlap"),
        ("tile = 2", r"picture\.tile"),
    ],
)
def test_a_wrong_region_or_cut_is_named(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(SettingsError, match=f"field {field}"):
        load(tmp_path, f"{SOUND}[picture]\n{text}\n")
