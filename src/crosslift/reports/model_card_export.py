"""What a model card says of the export itself: how it is loaded, and what it lost."""

from __future__ import annotations

from crosslift.metrics.table import described
from crosslift.reports.model_card import ExportedWeights
from crosslift.results.parity import Parity
from crosslift.wording import count

_QUERIES = '["Where is the station?"]'
_DOCUMENTS = '["Der Bahnhof ist am Markt."]'
_TEXTS = '["Where is the station?", "Wo ist der Bahnhof?"]'


def loading_code(weights: ExportedWeights) -> str:
    """Python that loads the model and encodes two texts."""
    if weights.backend == "torch" and weights.side_prompts:
        return (
            "```python\n"
            "from sentence_transformers import SentenceTransformer\n\n"
            f'model = SentenceTransformer("{weights.place}")\n'
            f"queries = model.encode_query({_QUERIES})\n"
            f"documents = model.encode_document({_DOCUMENTS})\n"
            "print(queries @ documents.T)\n"
            "```"
        )
    if weights.backend == "torch":
        return (
            "```python\n"
            "from sentence_transformers import SentenceTransformer\n\n"
            f'model = SentenceTransformer("{weights.place}")\n'
            f"vectors = model.encode({_TEXTS})\n"
            "print(vectors @ vectors.T)\n"
            "```"
        )
    return (
        "```python\n"
        "import crosslift\n\n"
        f'vectors = crosslift.encode("{weights.place}", {_TEXTS})\n'
        "print(vectors @ vectors.T)\n"
        "```\n\n"
        f"It needs `pip install 'crosslift[{weights.backend}]'`. Other programs run the graph itself: "
        "its inputs are `input_ids` and `attention_mask`, its output `sentence_embedding` is a "
        "vector of length 1, and `tokenizer.json` makes the ids. The graph holds pooling and "
        "normalisation; the prompt is put before the text, ahead of the tokenizer."
    )


def side_words(weights: ExportedWeights) -> str:
    """The prompts of queries and documents, as sentences; empty if they are those of other texts."""
    if not weights.side_prompts:
        return ""
    src, tgt = (weights.side_prompts.get(side, weights.prompt) for side in ("src", "tgt"))
    other = f"after {weights.prompt!r}" if weights.prompt else "as they are"
    return (
        f"Queries are encoded after {src!r} (`encode_query`) and documents after {tgt!r} "
        f"(`encode_document`), which the folder's files name `query` and `document`; other texts "
        f"(`encode`) {other}."
    )


def weight_words(weights: ExportedWeights) -> str:
    """The precision of the weights, the backend and the dimensions, as a sentence."""
    cut = "" if weights.dimensions is None else f", cut to {weights.dimensions} dimensions"
    backend = "" if weights.backend == "torch" else f", as a graph of {weights.backend}"
    return f"Weights are in {weights.precision}{backend}{cut}."


def parity_words(parity: Parity) -> str:
    """What the export changed, as sentences."""
    metric = described(parity.metric)
    ends = f"[{parity.low * 100:+.2f}, {parity.high * 100:+.2f}]"
    return (
        f"On {parity.target}, {metric.heading} is {parity.after * 100:.2f} after the export and "
        f"{parity.before * 100:.2f} before, in float32: {parity.change * 100:+.2f} points {ends} over "
        f"{count(parity.queries)} queries (paired 95% interval; a loss of {parity.allowed_loss:g} was "
        "allowed). The cosine between the vectors of a text before and after is "
        f"{parity.mean_cosine:.5f} on average and {parity.least_cosine:.5f} at least, over "
        f"{count(parity.texts)} texts."
    )
