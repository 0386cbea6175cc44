"""Graphs of OpenVINO (`pip install 'crosslift[openvino]'`)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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

_GROUP = 64
"""Inputs of a product that share a scale in int8."""
_ARITHMETIC: Mapping[WeightPrecision, str] = {"bfloat16": "bf16"}


class OpenvinoLibrary:
    """Writes and runs graphs of OpenVINO."""

    name = "openvino"
    precisions: tuple[WeightPrecision, ...] = ("float32", "float16", "bfloat16", "int8")

    def check(self) -> None:
        """Raises EncoderError if its package is not installed."""
        installed(self.name, "openvino")

    def write(self, encoder: Encoder, path: Path, precision: WeightPrecision) -> None:
        """Writes the graph of an encoder.

        float16 holds the weights in half the bytes, and computes in float32. bfloat16 does so too, and
        computes in bfloat16. int8 holds the weights with a scale for each row; on processors with
        VNNI, OpenVINO rounds the inputs of a product too, in groups, and multiplies in int8.

        Args:
            encoder: an encoder of its last hidden state, in float32.
            path: path of the graph; the weights lie beside it.
            precision: precision of its weights.

        Raises:
            EncoderError: OpenVINO has no operator for a part of the model, or is not installed.
        """
        openvino = _openvino()
        with write_explained(encoder, self.name), traceable(encoder) as graph:
            model = openvino.convert_model(graph, example_input=example_inputs())
        for port, name in zip(model.inputs, INPUTS, strict=True):
            port.get_tensor().set_names({name})
        for port, name in zip(model.outputs, (STATES, VECTORS), strict=True):
            port.get_tensor().set_names({name})
        if precision in ("bfloat16", "int8"):
            _round_weights(openvino, model, precision)
        openvino.save_model(model, str(path), compress_to_fp16=precision == "float16")

    def open(self, path: Path, precision: WeightPrecision) -> RunGraph:
        """The function that runs a graph, on as many threads as torch uses.

        Args:
            path: path of the graph.
            precision: precision of its weights.

        Raises:
            EncoderError: OpenVINO is not installed.
        """
        options = {
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": _ARITHMETIC.get(precision, "f32"),
            "PERFORMANCE_HINT": "LATENCY",
        }
        if precision == "int8":
            options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = str(_GROUP)
        core = _openvino().Core()
        request = core.compile_model(str(path), "CPU", options).create_infer_request()

        def run(ids: Any, mask: Any) -> Any:
            request.infer(dict(zip(INPUTS, (ids, mask), strict=True)))
            return request.get_tensor(VECTORS).data.copy()

        return run


def _openvino() -> Any:
    """The library without its telemetry, which reports use to its makers."""
    installed("openvino", "openvino")
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino


def _round_weights(openvino: Any, model: Any, precision: WeightPrecision) -> None:
    """Rounds the matrices of products and the tables of rows."""
    for operation in model.get_ops():
        kind = operation.get_type_name()
        if kind not in ("MatMul", "Gather"):
            continue
        place = 1 if kind == "MatMul" else 0
        weights = _matrix(openvino, operation.input_value(place).get_node())
        if weights is None:
            continue
        if kind == "Gather" or operation.get_attributes()["transpose_b"]:
            rounded = _rounded(openvino, weights, precision)
            operation.input(place).replace_source_output(rounded.output(0))
        else:
            product = openvino.opset13.matmul(
                operation.input_value(0),
                _rounded(openvino, np.ascontiguousarray(weights.T), precision),
                operation.get_attributes()["transpose_a"],
                True,
            )
            operation.output(0).replace(product.output(0))


def _matrix(openvino: Any, node: Any) -> Any:
    """The float32 matrix of a constant; returns None if the node is no such constant."""
    if node.get_type_name() != "Constant" or node.get_element_type() != openvino.Type.f32:
        return None
    return np.array(node.data) if len(node.shape) == 2 else None


def _rounded(openvino: Any, weights: Any, precision: WeightPrecision) -> Any:
    """Rounded weights [R, C], and the steps that make them float32."""
    steps = openvino.opset13
    if precision == "bfloat16":
        halves = torch.from_numpy(weights).to(torch.bfloat16).view(torch.int16).numpy()
        tensor = openvino.Tensor(halves.view(np.uint16), weights.shape, openvino.Type.bf16)
        return steps.convert(openvino.op.Constant(tensor, shared_memory=False), "f32")
    rounded, scales = int8_rows(weights)
    return steps.multiply(steps.convert(steps.constant(rounded), "f32"), steps.constant(scales))
