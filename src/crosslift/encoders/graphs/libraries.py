"""The libraries that run graphs."""

from __future__ import annotations

from collections.abc import Mapping

from crosslift.encoders.graphs.graph_library import GraphLibrary
from crosslift.encoders.graphs.onnx_graph import OnnxLibrary
from crosslift.encoders.graphs.openvino_graph import OpenvinoLibrary
from crosslift.encoders.kinds import GraphBackend

LIBRARIES: Mapping[GraphBackend, GraphLibrary] = {
    "onnx": OnnxLibrary(),
    "openvino": OpenvinoLibrary(),
}
