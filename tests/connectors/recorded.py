"""A small recorded line on disk, for the connectors' tests."""

from pathlib import Path

import numpy as np

from inspector.logtext import format_log_line, format_utc_ns
from inspector.model.pictures import encode_png
from inspector.recording import Recording
from inspector.types import NS_PER_S
from tests.builders import a_log_line

START_NS = 1_772_431_290 * NS_PER_S


def a_recording(folder: Path, parts: int = 4) -> Recording:
    """One part every two seconds; its log line ten seconds before it."""
    (folder / "frames").mkdir(parents=True)
    (folder / "logs").mkdir()
    (folder / "line.toml").write_text(
        'id = "poly"\ntakt_s = 2.0\ncamera = "cam-1"\nclasses = ["good", "bad"]\n'
    )
    table, log = ["frame_id,captured_at,camera,serial,file,label,split"], []
    for number in range(parts):
        taken_ns = START_NS + 2 * number * NS_PER_S
        picture = np.full((4, 4), 50 + number, np.uint8)
        (folder / f"frames/{number}.png").write_bytes(encode_png(picture))
        stamp = format_utc_ns(taken_ns)
        table.append(f"{number},{stamp},cam-1,A{number},frames/{number}.png,good,train")
        said = a_log_line(logged_ns=taken_ns - 10 * NS_PER_S, text=f"A{number} pressed")
        log.append(format_log_line(said))
    (folder / "frames.csv").write_text("\n".join(table) + "\n")
    (folder / "logs/line.log").write_text("\n".join(log) + "\n")
    return Recording.load(folder)
