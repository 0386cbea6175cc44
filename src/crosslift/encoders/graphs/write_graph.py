"""Turns an exported folder of torch into one of another backend."""

from __future__ import annotations

import json
from pathlib import Path

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.graphs.graph_facts import GRAPH_FILE, GraphFacts
from crosslift.encoders.graphs.libraries import LIBRARIES
from crosslift.encoders.kinds import GraphBackend, WeightPrecision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.static import StaticModel
from crosslift.errors import EncoderError


def check_backend(backend: GraphBackend, precision: WeightPrecision) -> None:
    """Checks that a backend writes a precision, and that its packages are installed.

    Raises:
        EncoderError: it does not, or they are not.
    """
    library = LIBRARIES[backend]
    if precision not in library.precisions:
        raise EncoderError(
            f"precision {precision} for the backend {backend}", " or ".join(library.precisions)
        )
    library.check()


def replace_weights(folder: Path, backend: GraphBackend, precision: WeightPrecision) -> None:
    """Replaces the weights of a folder of sentence-transformers by a graph.

    The graph has two outputs: hidden states, which sentence-transformers pools by the folder's own
    files, and vectors of length 1.

    Args:
        folder: folder that `write_sentence_transformer` wrote in float32.
        backend: the backend.
        precision: precision of the graph's weights.

    Raises:
        EncoderError: as in `check_backend`; the encoder has no transformer; or the backend has no
            operator for a part of it.
    """
    check_backend(backend, precision)
    encoder = load_encoder(EncoderSettings(name=str(folder), precision="float32"))
    reading = encoder.reading
    if isinstance(encoder.model, StaticModel):
        raise EncoderError(
            f"an encoder of word vectors cannot be exported for {backend}: it has no transformer, and "
            "its vectors are means of table rows",
            "an encoder with a transformer",
            "export it with `--backend torch --precision float16`",
        )
    facts = GraphFacts(
        backend=backend,
        precision=precision,
        pooling=reading.pooling,
        hidden_state=reading.hidden_state,
        modules=reading.modules,
        width=encoder.width,
        token_rows=len(encoder.table.whole),
        unpooled_prompt=None if reading.include_prompt else reading.prompt,
    )
    place = facts.path(folder)
    place.parent.mkdir()
    LIBRARIES[backend].write(encoder, place, precision)
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    content = facts.model_dump(mode="json")
    (folder / GRAPH_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
