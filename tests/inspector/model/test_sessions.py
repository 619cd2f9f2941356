"""How many threads a graph gets, and how a run is ended from outside."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from inspector.errors import InputError
from inspector.model.sessions import FAILURES, Network, threads_for


@pytest.mark.parametrize(
    ("cores", "wanted"), [(1, 1), (2, 1), (4, 2), (8, 4), (64, 4), (None, 1)]
)
def test_half_of_the_cores_are_left_to_the_others(
    cores: int | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECTOR_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert threads_for(large=True) == wanted
    assert threads_for(large=False) == 1


def test_another_number_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", "3")
    assert threads_for(large=True) == 3
    assert threads_for(large=False) == 1


@pytest.mark.parametrize("asked", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads_is_refused(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECTOR_THREADS", asked)
    with pytest.raises(InputError, match="INSPECTOR_THREADS"):
        threads_for(large=True)


def endless_graph() -> bytes:
    """Multiplies a matrix by itself ten million times."""
    of_square: dict[str, Any] = {"elem_type": TensorProto.FLOAT, "shape": [64, 64]}
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_in"], ["go_out"]),
            helper.make_node("MatMul", ["x_in", "x_in"], ["x_out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_in", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_in", **of_square),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_out", **of_square),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["times", "go", "x"], ["y"], body=body)],
        "endless",
        [helper.make_tensor_value_info("x", **of_square)],
        [helper.make_tensor_value_info("y", **of_square)],
        [
            helper.make_tensor("times", TensorProto.INT64, [], [10**7]),
            helper.make_tensor("go", TensorProto.BOOL, [], [True]),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    made = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return bytes(made.SerializeToString())


def test_a_run_that_does_not_end_can_be_interrupted_and_the_next_is_not() -> None:
    network = Network(endless_graph(), "endless.onnx")
    begun = time.monotonic()
    for _ in range(2):
        threading.Timer(0.1, network.interrupt).start()
        with pytest.raises(FAILURES, match="terminate flag"):
            network.run(np.zeros((64, 64), np.float32))
    assert 0.2 <= time.monotonic() - begun < 5
