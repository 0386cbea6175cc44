"""Rounds a graph of ONNX to int8.

Each token's inputs of a product have a separate scale, which is computed at run time, and so has each
column of its weights. The usual dynamic quantisation has one scale for the inputs of all tokens of a
batch, so that a text's vector depends on the texts beside it, and more is lost (docs/small.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from crosslift.encoders.graphs.rounding import int8_rows

_MICROSOFT = "com.microsoft"
_LARGEST_INPUT = 127
_LARGEST_WEIGHT = 64
"""Processors without VNNI add two products in 16 bits: 2 * 255 * 64 is the most that these hold."""


def round_products(model: Any) -> None:
    """Rounds the weights of matrix products to int8, and their inputs when they are computed.

    Args:
        model: a graph of ONNX.
    """
    from onnx import helper

    graph = model.graph
    weights = {each.name: each for each in graph.initializer if len(each.dims) == 2}
    for name, values in _CONSTANTS.items():
        graph.initializer.append(_tensor(values, name))
    nodes = list(graph.node)
    del graph.node[:]
    rounded: set[str] = set()
    for node in nodes:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            graph.node.append(node)
            continue
        source, name = node.input
        if source not in rounded:
            graph.node.extend(_round_inputs(source))
            rounded.add(source)
        if f"{name}.int8" not in weights:
            _round_weight(graph, weights, name)
        graph.node.extend(_product(source, name, node.output[0]))
    for name in rounded_names(weights):
        graph.initializer.remove(weights[name])
    model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))


def rounded_names(weights: dict[str, Any]) -> list[str]:
    """Names of the weights that have a rounded copy."""
    return [name for name in weights if f"{name}.int8" in weights]


def _round_weight(graph: Any, weights: dict[str, Any], name: str) -> None:
    from onnx import numpy_helper

    columns = numpy_helper.to_array(weights[name]).T
    values, scales = int8_rows(columns, _LARGEST_WEIGHT)
    weights[f"{name}.int8"] = _tensor(np.ascontiguousarray(values.T), f"{name}.int8")
    graph.initializer.append(weights[f"{name}.int8"])
    graph.initializer.append(_tensor(scales[:, 0], f"{name}.scale"))


_CONSTANTS: dict[str, Any] = {
    "int8.share": np.array(1 / _LARGEST_INPUT, np.float32),
    "int8.least": np.array(1e-12, np.float32),
    "int8.one": np.array(1, np.float32),
    "int8.middle": np.array(128, np.uint8),
    "int8.flat": np.array([-1], np.int64),
    "int8.last": np.array([-1], np.int64),
}
"""Small values that the steps share, by name."""


def _round_inputs(source: str) -> Iterator[Any]:
    """Steps from inputs [N, L, D] to numbers of 8 bits around 128, and a scale for each token."""
    from onnx import helper

    def step(kind: str, inputs: list[str], output: str, **options: Any) -> Any:
        return helper.make_node(kind, inputs, [f"{source}.{output}"], **options)

    def of(*names: str) -> list[str]:
        return [f"{source}.{name}" for name in names]

    yield step("Abs", [source], "size")
    yield step("ReduceMax", of("size"), "largest", axes=[-1], keepdims=1)
    yield step("Mul", [*of("largest"), "int8.share"], "share")
    yield step("Max", [*of("share"), "int8.least"], "scale")
    yield step("Shape", [source], "shape")
    yield step("Gather", [*of("shape"), "int8.last"], "width")
    yield step("Concat", ["int8.flat", *of("width")], "rows", axis=0)
    yield step("Reshape", [source, *of("rows")], "flat")
    yield step("Reshape", [*of("scale"), "int8.flat"], "scales")
    yield step("Shape", of("scales"), "count")
    yield step("Expand", ["int8.middle", *of("count")], "middles")
    yield step("QuantizeLinear", of("flat", "scales", "middles"), "flat8", axis=0)
    yield step("Reshape", of("flat8", "shape"), "int8")


def _product(source: str, weight: str, output: str) -> Iterator[Any]:
    """Steps from rounded inputs and weights to float32."""
    from onnx import helper

    inputs = [f"{source}.int8", f"{weight}.int8", "int8.one", f"{weight}.scale", "int8.middle"]
    product = f"{output}.product"
    yield helper.make_node("MatMulIntegerToFloat", inputs, [product], domain=_MICROSOFT)
    yield helper.make_node("Mul", [product, f"{source}.scale"], [output])


def round_table(graph: Any, token_rows: int) -> None:
    """Rounds the token table to int8, with a scale for each row.

    Args:
        graph: graph of an ONNX model.
        token_rows: number of rows of the table.
    """
    from onnx import TensorProto, helper, numpy_helper

    tables = {each.name: each for each in graph.initializer if each.dims[:1] == [token_rows]}
    nodes = enumerate(graph.node)
    readers = ((i, n) for i, n in nodes if n.op_type == "Gather" and n.input[0] in tables)
    place, node = next(readers)
    name, ids, output = node.input[0], node.input[1], node.output[0]
    rounded, scales = int8_rows(numpy_helper.to_array(tables[name]))
    graph.initializer.remove(tables[name])
    graph.initializer.append(_tensor(rounded, f"{name}.int8"))
    graph.initializer.append(_tensor(scales, f"{name}.scale"))
    steps = [
        helper.make_node("Gather", [f"{name}.int8", ids], [f"{output}.int8"]),
        helper.make_node("Gather", [f"{name}.scale", ids], [f"{output}.scale"]),
        helper.make_node("Cast", [f"{output}.int8"], [f"{output}.rounded"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.rounded", f"{output}.scale"], [output]),
    ]
    graph.node.remove(node)
    for number, step in enumerate(steps):
        graph.node.insert(place + number, step)


def _tensor(values: Any, name: str) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(values, name)
