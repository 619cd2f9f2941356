"""What an ONNX file may hold: operators that only compute, and nothing from elsewhere.

A branch comes from outside (another plant, a shared drive). Its graphs are read here
before ONNX Runtime sees them: an initializer could name a file beside the model, and an
operator could be a custom one, a loop, or a random one that no replay repeats.

Only the fields that matter are declared; protobuf, which ONNX Runtime itself needs,
reads the rest over. Field numbers are those of onnx.proto, which never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from inspector.errors import GraphError
from inspector.types import Problem

MAX_NODES = 20_000
ALLOWED = frozenset(
    """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization Cast CastLike Ceil Clip
    Concat Constant ConstantOfShape Conv ConvInteger CumSum DepthToSpace
    DequantizeLinear Div DynamicQuantizeLinear Elu Equal Erf Exp Expand EyeLike Flatten
    Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool
    Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity
    InstanceNormalization LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax
    LpNormalization MatMul MatMulInteger Max MaxPool Mean Min Mish Mod Mul Neg Not
    OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements
    ScatterND Shape Sigmoid Sign Size Slice Softmax Softplus Softsign SpaceToDepth Split
    Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Trilu Unsqueeze Where Xor
    """.split()
)
"""Operators of the standard domain that compute an answer from their inputs alone.

Left out: loops, branches and other subgraphs, sequences, strings, random numbers,
decoders of pictures, and everything of another domain.
"""
_STANDARD = ("", "ai.onnx")
_EXTERNAL = 1
"""`TensorProto.EXTERNAL`: the data lies in another file."""

_FIELDS = {
    "Tensor": (
        (8, "name", "bytes"),
        (13, "external_data", "*Entry"),
        (14, "data_location", "int32"),
    ),
    "Entry": ((1, "key", "bytes"), (2, "value", "bytes")),
    "SparseTensor": ((1, "values", "Tensor"), (2, "indices", "Tensor")),
    "Attribute": (
        (1, "name", "bytes"),
        (5, "t", "Tensor"),
        (6, "g", "Graph"),
        (10, "tensors", "*Tensor"),
        (11, "graphs", "*Graph"),
        (22, "sparse_tensor", "SparseTensor"),
        (23, "sparse_tensors", "*SparseTensor"),
    ),
    "Node": (
        (3, "name", "bytes"),
        (4, "op_type", "bytes"),
        (5, "attribute", "*Attribute"),
        (7, "domain", "bytes"),
    ),
    "Graph": (
        (1, "node", "*Node"),
        (5, "initializer", "*Tensor"),
        (15, "sparse_initializer", "*SparseTensor"),
        (11, "input", "*Value"),
        (12, "output", "*Value"),
    ),
    "Value": ((1, "name", "bytes"), (2, "type", "Type")),
    "Type": ((1, "tensor_type", "TensorType"),),
    "TensorType": ((1, "elem_type", "int32"), (2, "shape", "Shape")),
    "Shape": ((1, "dim", "*Dim"),),
    "Dim": ((1, "dim_value", "int64"),),
    "Function": ((1, "name", "bytes"),),
    "Training": ((1, "initialization", "Graph"),),
    "Model": (
        (1, "ir_version", "int64"),
        (7, "graph", "Graph"),
        (20, "training_info", "*Training"),
        (25, "functions", "*Function"),
    ),
}


UINT8, FLOAT = 2, 1
"""Of `TensorProto.DataType`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An input or output of a graph as the file declares it."""

    element: int
    """Of `TensorProto.DataType`."""
    shape: tuple[int, ...]
    """0 where it may vary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphForm:
    """What a graph takes and gives."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def check_graph(content: bytes, where: object) -> GraphForm:
    """Refuse an ONNX file that a branch may not have.

    Args:
        content: of the file.
        where: its name, for messages.

    Raises:
        GraphError: not a whole ONNX file, data in another file, an operator that is
            not allowed, a subgraph, a function of its own, or far too many nodes.
    """
    model = _parsed(content, where)
    wrong = list(_wrong(model))
    if wrong:
        raise GraphError([Problem(where=f"{where}", what=what) for what in wrong])
    return GraphForm(
        inputs=tuple(map(_port, model.graph.input)),
        outputs=tuple(map(_port, model.graph.output)),
    )


def _port(value: Any) -> Port:
    tensor = value.type.tensor_type
    shape = tuple(int(dim.dim_value) for dim in tensor.shape.dim)
    return Port(element=int(tensor.elem_type), shape=shape)


def _parsed(content: bytes, where: object) -> Any:
    model = _model_type()()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        what = f"is not a whole ONNX file: {error}"
        raise GraphError([Problem(where=f"{where}", what=what)]) from error
    if not model.ir_version or not model.graph.node:
        what = "is not an ONNX file: it has no graph"
        raise GraphError([Problem(where=f"{where}", what=what)])
    return model


def _wrong(model: Any) -> Iterator[str]:
    graph = model.graph
    if model.functions or model.training_info:
        yield "brings functions or training steps of its own: export a plain graph"
    if len(graph.node) > MAX_NODES:
        yield f"has {len(graph.node)} nodes, more than {MAX_NODES}"
    for name in sorted({_named(node) for node in graph.node} - ALLOWED):
        yield f"uses the operator {name}, which a branch may not: export it without"
    yield from map(_elsewhere, filter(_is_elsewhere, _tensors(graph)))
    for node in filter(_holds_graph, graph.node):
        yield f"node {_text(node.name or node.op_type)} holds a graph of its own"


def _is_elsewhere(tensor: Any) -> bool:
    return tensor.data_location == _EXTERNAL or bool(tensor.external_data)


def _holds_graph(node: Any) -> bool:
    return any(each.HasField("g") or each.graphs for each in node.attribute)


def _named(node: Any) -> str:
    """Name an operator; one of another domain never has an allowed name."""
    domain, name = _text(node.domain), _text(node.op_type)
    return name if domain in _STANDARD else f"{domain}::{name}"


def _elsewhere(tensor: Any) -> str:
    told = {_text(entry.key): _text(entry.value) for entry in tensor.external_data}
    place = told.get("location", "another file")
    return (
        f"tensor {_text(tensor.name)} has its data in {place!r}: a branch must hold "
        "all its data itself, export it without external data"
    )


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


@cache
def _model_type() -> Any:
    """Make the message type of an ONNX file out of `_FIELDS`."""
    file = descriptor_pb2.FileDescriptorProto(
        name="inspector/onnx_graph.proto", package="inspector.onnx", syntax="proto2"
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            _declare(message, number, field, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    wanted = pool.FindMessageTypeByName("inspector.onnx.Model")
    return message_factory.GetMessageClass(wanted)


def _declare(message: Any, number: int, name: str, kind: str) -> None:
    form = descriptor_pb2.FieldDescriptorProto
    scalar = {
        "bytes": form.TYPE_BYTES,
        "int32": form.TYPE_INT32,
        "int64": form.TYPE_INT64,
    }.get(kind)
    field = message.field.add(name=name, number=number)
    field.label = form.LABEL_REPEATED if kind[0] == "*" else form.LABEL_OPTIONAL
    if scalar is None:
        field.type = form.TYPE_MESSAGE
        field.type_name = f".inspector.onnx.{kind.lstrip('*')}"
    else:
        field.type = scalar
