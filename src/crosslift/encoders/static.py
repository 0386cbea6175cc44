"""Encoders without a transformer: the mean of a text's token rows.

They are published as StaticEmbedding of sentence-transformers and as model2vec.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from torch import Tensor

from crosslift.encoders.packing import PackedBatch
from crosslift.errors import EncoderError
from crosslift.model_files.load_model import load_tensors
from crosslift.model_files.read_model import library_errors_explained


@dataclass(frozen=True, slots=True)
class StaticConfig:
    """The configuration of a model without layers, with a transformer's attributes.

    Args:
        hidden_size: length D of the token rows.
    """

    hidden_size: int
    model_type: str = "static"
    num_hidden_layers: int = 0


class StaticModel(torch.nn.Module):
    """A token table alone.

    Args:
        table: float32 [vocabulary, D].
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.embedding: torch.nn.Embedding = torch.nn.Embedding.from_pretrained(table, freeze=False)
        self.layers = torch.nn.ModuleList()
        self.config = StaticConfig(table.shape[1])

    def get_input_embeddings(self) -> torch.nn.Embedding:
        """The token table."""
        return self.embedding


class StaticRunner:
    """Returns the only hidden state of a static model: the token rows."""

    packs = True
    stops_early = True
    position_offset = 0

    def states(self, rows: Tensor, batch: PackedBatch, hidden_state: int) -> Tensor:
        """The rows [T, D], unchanged."""
        return self.some_states(rows, batch, [hidden_state])[0]

    def some_states(
        self, rows: Tensor, batch: PackedBatch, hidden_states: Sequence[int]
    ) -> list[Tensor]:
        """The rows [T, D] for each hidden state, all of which are 0."""
        del batch
        return [rows for _ in hidden_states]


def load_static(folder: Path) -> tuple[StaticModel, Any]:
    """The token table of a folder and its tokenizer, which puts no special tokens around a text.

    Raises:
        EncoderError: a file is missing or damaged.
    """
    tensors = load_tensors(folder)
    with library_errors_explained(folder):
        table = _table(tensors, folder)
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.post_processor = processors.TemplateProcessing(single="$A", pair="$A $B:1")
        unknown = getattr(tokenizer.model, "unk_token", None)
        wrapped = transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, **({"unk_token": unknown} if unknown else {})
        )
    return StaticModel(table), wrapped


def _table(tensors: dict[str, Tensor], folder: Path) -> Tensor:
    """The row of each token: model2vec may store rows that several tokens share, and a weight for each
    token."""
    table = tensors.get("embedding.weight", tensors.get("embeddings"))
    if table is None or table.ndim != 2:
        raise EncoderError(
            f"{folder}/model.safetensors holds {', '.join(sorted(tensors)) or 'nothing'}",
            "a token table `embedding.weight` or `embeddings`",
        )
    if "mapping" in tensors:
        table = table[tensors["mapping"].long()]
    table = table.to(torch.float32)
    if "weights" in tensors:
        table = table * tensors["weights"].to(torch.float32)[:, None]
    return table.contiguous()
