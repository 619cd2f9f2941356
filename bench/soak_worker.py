"""One worker process of the soak, whose model looks at nothing for 10 ms.

python -m bench.soak_worker WORKER.toml NAME DATABASE
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from connectors.kafka.settings import WorkerSettings
from connectors.wiring import Brain, assemble_worker
from inspector.commands.line_operation import run_until_asked
from inspector.settings import (
    DecisionRules,
    ModelSettings,
    PictureRules,
    load_settings,
)
from inspector.types import Sample, Scores
from tests.builders import some_scores
from tests.inspector.line_fakes import FakeModel

_JUDGING_S = 0.01


def _judge(_sample: Sample) -> Scores:
    time.sleep(_JUDGING_S)
    return some_scores()


def _brain(_model: Path, line: str, _picture: PictureRules | None = None) -> Brain:
    decisions = DecisionRules(deadline_ms=5000)
    settings = ModelSettings(line=line, branch="1", decisions=decisions)
    return Brain(model=FakeModel(act=_judge), settings=settings)


def main() -> None:
    """Work until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("kafka").setLevel(logging.ERROR)
    path, name, database = sys.argv[1:]
    settings = load_settings(Path(path), WorkerSettings)
    settings = settings.model_copy(update={"name": name})
    worker = assemble_worker(settings, database, _brain)
    counts = run_until_asked(worker.run, worker.stop)
    wanted = os.environ.get("SOAK_JSON")
    if wanted:
        accounts = {name: each.as_json() for name, each in counts.accounts.items()}
        Path(wanted).write_text(json.dumps({"lines": accounts}))


if __name__ == "__main__":
    main()
