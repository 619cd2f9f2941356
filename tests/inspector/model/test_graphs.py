"""What a branch's graph may not hold, seen before anything runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.errors import GraphError
from inspector.model.graphs import FLOAT, UINT8, check_graph
from tests.small_branch import tiny_graph, tiny_model
from tests.small_model import LINE, SmallModel


def refused(model: onnx.ModelProto) -> str:
    with pytest.raises(GraphError) as raised:
        check_graph(model.SerializeToString(), "model.onnx")
    return str(raised.value)


def test_a_plain_graph_says_what_it_takes_and_gives() -> None:
    form = check_graph(tiny_graph(kinds=3), "model.onnx")
    assert [(each.element, each.shape) for each in form.inputs] == [
        (UINT8, (1, 8, 8, 1))
    ]
    assert [each.shape for each in form.outputs] == [(1, 4, 3), (1, 4), (1,), (1, 3)]
    assert {each.element for each in form.outputs} == {FLOAT}


@pytest.mark.parametrize("name", ["model.onnx", "glance.onnx"])
def test_what_training_exports_is_allowed(small_model: SmallModel, name: str) -> None:
    path = small_model.folder / f"branches/{LINE}/1/{name}"
    assert check_graph(path.read_bytes(), path).outputs


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_file_that_was_cut_off_is_named(kept: int) -> None:
    with pytest.raises(GraphError, match=r"model\.onnx: is not"):
        check_graph(tiny_graph()[:kept], "model.onnx")


@pytest.mark.parametrize("content", [b"PK\x03\x04" * 20, b"\xff" * 100, b"text"])
def test_another_file_is_named(content: bytes) -> None:
    with pytest.raises(GraphError, match=r"model\.onnx: is not"):
        check_graph(content, "model.onnx")


@pytest.mark.parametrize("name", ["Loop", "If", "Scan", "RandomNormal", "ImageDecoder"])
def test_an_operator_that_is_not_allowed_is_named(name: str) -> None:
    model = tiny_model()
    model.graph.node.add(op_type=name, input=["grey"], output=["odd"])
    assert f"uses the operator {name}, which a branch may not" in refused(model)


def test_an_allowed_name_in_another_domain_is_another_operator() -> None:
    model = tiny_model()
    model.graph.node[0].domain = "com.example"
    assert "com.example::Cast" in refused(model)


def external(tensor: onnx.TensorProto, location: str) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


@pytest.mark.parametrize("location", ["../../trunk/golden.npz", "beside.bin"])
def test_data_in_another_file_is_refused(location: str) -> None:
    model = tiny_model()
    external(model.graph.initializer[0], location)
    said = refused(model)
    assert location in said
    assert "without external data" in said


def test_data_in_another_file_is_found_in_constants_too() -> None:
    model = tiny_model()
    value = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
    external(value, "../secret")
    model.graph.node.append(helper.make_node("Constant", [], ["odd"], value=value))
    assert "tensor hidden has its data in '../secret'" in refused(model)


def test_a_graph_in_a_node_is_refused() -> None:
    model = tiny_model()
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node.append(helper.make_node("Add", [], ["odd"], name="n", body=inner))
    assert "node n holds a graph of its own" in refused(model)


def test_functions_of_its_own_are_refused() -> None:
    model = tiny_model()
    model.functions.add(name="Cast", domain="")
    assert "brings functions" in refused(model)


def test_a_name_that_is_no_text_is_still_named() -> None:
    content = tiny_graph().replace(b"ReduceMean", b"Reduce\xff\xfean")
    with pytest.raises(GraphError, match="uses the operator Reduce"):
        check_graph(content, "model.onnx")


def test_nothing_of_a_refused_graph_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"1234" * 8)
    model = tiny_model()
    external(model.graph.initializer[0], str(secret))
    assert str(secret) in refused(model)
