"""The facts in a folder about its graph. No torch here.

The folder is one of sentence-transformers, with the graph of ONNX or OpenVINO instead of the weights,
and `graph.json` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from crosslift.encoders.encoder_settings import Poolings
from crosslift.encoders.kinds import GraphBackend, WeightPrecision
from crosslift.errors import EncoderError
from crosslift.model_files.read_model import read_json_object

GRAPH_FILE = "graph.json"
GRAPH_PLACES: Mapping[GraphBackend, str] = {
    "onnx": "onnx/model.onnx",
    "openvino": "openvino/openvino_model.xml",
}
"""Where sentence-transformers looks for the graph of each backend."""
GRAPH_FILES = ("onnx/model.onnx", "onnx/model.onnx_data", "openvino/openvino_model.*")
"""Patterns of the graphs' files."""


class GraphFacts(BaseModel):
    """What the graph of a folder computes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: GraphBackend
    """The library that runs it."""
    precision: WeightPrecision
    """Precision of its weights."""
    pooling: Poolings
    """Its pooling over the tokens."""
    hidden_state: int
    """Index of the hidden state that it pools."""
    modules: tuple[str, ...] = ()
    """Kind and width of each module after its pooling."""
    width: int
    """Length of its vectors."""
    token_rows: int
    """Number of tokens in its vocabulary."""
    unpooled_prompt: str | None = None
    """The prompt whose tokens it leaves out of the pooling; None: it pools every token."""

    def path(self, folder: Path) -> Path:
        """The path of the graph."""
        return folder / GRAPH_PLACES[self.backend]


def graph_in(folder: Path) -> GraphFacts | None:
    """The facts about the graph of a folder; None if it holds no graph.

    Raises:
        EncoderError: `graph.json` is damaged.
    """
    path = folder / GRAPH_FILE
    if not path.is_file():
        return None
    try:
        return GraphFacts.model_validate(read_json_object(path))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise EncoderError(
            f"{path}: {where}: {fault['msg']}",
            "a file that `crosslift export` wrote",
            "export the encoder again",
        ) from error


def graph_files(folder: Path) -> list[Path]:
    """The files of the graph of a folder, by pattern, then by name."""
    return [path for pattern in GRAPH_FILES for path in sorted(folder.glob(pattern))]
