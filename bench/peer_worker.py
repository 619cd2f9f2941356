"""Runs one exported peer: `python -m bench.peer_worker MODEL --threads 2`.

It needs NumPy, OpenCV and the runtime of the model's format, nothing of Anomalib's. It
reads `{"files": [...]}`, one question a line, and answers with the milliseconds and the
score of each file. Each is timed from the file on disk to the score: read, decoded,
brought to the model's size, run. Decoding and resizing are OpenCV's, which is faster
than what Anomalib's own inferencer does: the peer is given the benefit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Pixels a side that Anomalib's models read, as they come."""
_SCORE = "pred_score"

Planes = NDArray[np.float32]
Score = Callable[[Planes], float]


def main() -> None:
    """Load the model, say hello, answer until nobody asks."""
    asked = _arguments()
    answers = _claim_answers()
    score, runtime = open_model(asked.model, asked.threads)
    _say(answers, {"runtime": runtime})
    for line in sys.stdin:
        _say(answers, answer(json.loads(line)["files"], score))


def answer(files: Iterable[str], score: Score) -> dict[str, list[float]]:
    """Score files one by one, and time each."""
    ms, scores = [], []
    for file in files:
        begun = time.perf_counter()
        scores.append(score(planes(Path(file).read_bytes())))
        ms.append((time.perf_counter() - begun) * 1000)
    return {"ms": ms, "scores": scores}


def planes(encoded: bytes) -> Planes:
    """Decode a picture file to `[1, 3, SIDE, SIDE]` RGB of 0 to 1."""
    found = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)
    if found is None:
        message = "not a picture"
        raise ValueError(message)
    small = cv2.resize(found, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    scaled = small.transpose(2, 0, 1)[None].astype(np.float32)
    scaled /= 255.0
    return np.ascontiguousarray(scaled)


def open_model(model: Path, threads: int) -> tuple[Score, str]:
    """Load a model in the runtime of its format.

    Returns:
        What scores a picture; and the runtime in words.
    """
    if model.suffix == ".onnx":
        return _open_onnx(model, threads)
    return _open_openvino(model, threads)


def _open_onnx(model: Path, threads: int) -> tuple[Score, str]:
    import onnxruntime  # noqa: PLC0415 - only one of the runtimes is needed

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def score(picture: Planes) -> float:
        return float(session.run([_SCORE], {name: picture})[0].reshape(-1)[0])

    return score, f"ONNX Runtime {onnxruntime.__version__}, {threads} threads"


def _open_openvino(model: Path, threads: int) -> tuple[Score, str]:
    import openvino  # noqa: PLC0415 - only one of the runtimes is needed

    wanted = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    compiled = openvino.Core().compile_model(model, "CPU", wanted)
    request = compiled.create_infer_request()

    def score(picture: Planes) -> float:
        request.infer({0: picture}, share_inputs=True)
        return float(request.get_tensor(_SCORE).data.reshape(-1)[0])

    version = openvino.__version__.split("-")[0]
    return score, f"OpenVINO {version}, latency hint, {threads} threads"


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def _claim_answers() -> IO[str]:
    """Keep the pipe for answers: whatever libraries print goes to the error stream."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _say(answers: IO[str], what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
