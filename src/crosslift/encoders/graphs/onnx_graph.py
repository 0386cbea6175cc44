"""Graphs of ONNX, run by ONNX Runtime (`pip install 'crosslift[onnx]'`)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from crosslift.encoders.graphs.graph_library import RunGraph, installed, write_explained
from crosslift.encoders.graphs.onnx_int8 import round_products, round_table
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
"""Most bytes of weights in one ONNX file; larger models have their weights in a file beside it."""
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
        int8 multiplies in int8 (see `crosslift.encoders.graphs.onnx_int8`).

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
            graph = onnx.load(str(draft))
            if precision == "int8":
                round_products(graph)
                round_table(graph.graph, len(encoder.table.whole))
            if precision == "float16":
                _halve(graph.graph)
            _save(graph, path)

    def open(self, path: Path, precision: WeightPrecision) -> RunGraph:
        """The function that runs a graph, on as many threads as torch uses.

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
