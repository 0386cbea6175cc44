"""Graphs of ONNX, run by ONNX Runtime (`pip install 'crosslift[onnx]'`)."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crosslift.encoders.graphs.graph_library import RunGraph, installed, write_explained
from crosslift.encoders.graphs.rounding import int8_rows
from crosslift.encoders.graphs.text_graph import (
    INPUTS,
    STATES,
    VECTORS,
    example_inputs,
    traceable,
)
from crosslift.encoders.kinds import WeightPrecision
from crosslift.encoders.load_encoder import Encoder

_OPSET = 17
_LARGEST_FILE = 2**31 - 2**20
"""Bytes of weights in one file of ONNX, at most; those of larger models lie in a file beside it."""
_SMALL = 1024
"""Numbers of a weight that is not rounded: biases and scales."""


class OnnxLibrary:
    """Writes and runs graphs of ONNX."""

    name = "onnx"
    precisions: tuple[WeightPrecision, ...] = ("float32", "float16", "int8")

    def check(self) -> None:
        """Raises EncoderError if its packages are not installed."""
        installed("onnx", "onnx", "onnxruntime")

    def write(self, encoder: Encoder, path: Path, precision: WeightPrecision) -> None:
        """Writes the graph of an encoder.

        float16 holds the weights in half the bytes; they are float32 again when the graph is loaded.
        int8 multiplies in int8: each column of a weight has its scale, and so have the inputs of each
        product, which are rounded as they come. Each row of the token table has its scale.

        Args:
            encoder: an encoder of its last hidden state, in float32.
            path: path of the graph.
            precision: precision of its weights.

        Raises:
            EncoderError: ONNX has no operator for a part of the model, or a package is missing.
        """
        self.check()
        import onnx

        with tempfile.TemporaryDirectory(dir=path.parent) as drafts:
            draft = Path(drafts) / "float32.onnx"
            with write_explained(encoder, self.name):
                _trace(encoder, draft)
            if precision == "int8":
                draft = _quantised(draft)
            graph = onnx.load(str(draft))
            if precision == "int8":
                _round_table(graph.graph, len(encoder.table.whole))
            if precision == "float16":
                _halve(graph.graph)
            _save(graph, path)

    def open(self, path: Path, precision: WeightPrecision) -> RunGraph:
        """What runs a graph, on as many threads as torch uses.

        Args:
            path: path of the graph.
            precision: precision of its weights.

        Raises:
            EncoderError: a package is missing.
        """
        del precision
        installed(self.name, "onnxruntime")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors alone
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

        def run(ids: Any, mask: Any) -> Any:
            return session.run([VECTORS], dict(zip(INPUTS, (ids, mask), strict=True)))[0]

        return run


def _trace(encoder: Encoder, path: Path) -> None:
    texts: dict[int, str] = {0: "text", 1: "token"}
    axes = {INPUTS[0]: texts, INPUTS[1]: texts, STATES: texts, VECTORS: {0: "text"}}
    with traceable(encoder) as graph:
        torch.onnx.export(
            graph,
            example_inputs(),
            str(path),
            input_names=list(INPUTS),
            output_names=[STATES, VECTORS],
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,  # the other exporter needs onnxscript
        )


def _quantised(draft: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantised = draft.with_name("int8.onnx")
    with _silent():
        quantize_dynamic(
            str(draft),
            str(quantised),
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,  # without VNNI, sums of products of eight bits overflow
            weight_type=QuantType.QInt8,
            use_external_data_format=draft.stat().st_size > _LARGEST_FILE,
            extra_options={"MatMulConstBOnly": True},
        )
    return quantised


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Without the quantiser's advice, which it logs as warnings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _round_table(graph: Any, token_rows: int) -> None:
    """Rounds the token table to int8, with a scale for each row."""
    from onnx import TensorProto, helper, numpy_helper

    tables = {each.name: each for each in graph.initializer if each.dims[:1] == [token_rows]}
    nodes = enumerate(graph.node)
    readers = ((i, n) for i, n in nodes if n.op_type == "Gather" and n.input[0] in tables)
    place, node = next(readers)
    name, ids, output = node.input[0], node.input[1], node.output[0]
    rounded, scales = int8_rows(numpy_helper.to_array(tables[name]))
    graph.initializer.remove(tables[name])
    graph.initializer.append(numpy_helper.from_array(rounded, f"{name}.int8"))
    graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scale"))
    steps = [
        helper.make_node("Gather", [f"{name}.int8", ids], [f"{output}.int8"]),
        helper.make_node("Gather", [f"{name}.scale", ids], [f"{output}.scale"]),
        helper.make_node("Cast", [f"{output}.int8"], [f"{output}.rounded"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{output}.rounded", f"{output}.scale"], [output]),
    ]
    graph.node.remove(node)
    for number, step in enumerate(steps):
        graph.node.insert(place + number, step)


def _halve(graph: Any) -> None:
    """Stores the weights in float16, each with a step that makes it float32."""
    from onnx import TensorProto, helper, numpy_helper

    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), f"{weight.name}.half")
        cast = helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT)
        graph.initializer.remove(weight)
        graph.initializer.append(half)
        graph.node.insert(0, cast)


def _save(graph: Any, path: Path) -> None:
    import onnx

    large = sum(len(weight.raw_data) for weight in graph.graph.initializer) > _LARGEST_FILE
    onnx.save(
        graph,
        str(path),
        save_as_external_data=large,
        location=f"{path.name}_data" if large else None,
    )
