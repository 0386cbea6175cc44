"""Runs sequences through the encoder: a training batch with gradient, or many batches for dev
scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from crosslift.encoders.encode_texts import TOKENS_PER_BATCH, batches_by_length, encode
from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.ordered_weights import ordered_weights
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.forms.form import FormOptions
from crosslift.forms.heads import TokenHead
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.ranks.share import Share
from crosslift.retrieval.metrics import top1_accuracy
from crosslift.retrieval.ranks import gold_ranks

Result = TypeVar("Result")
Sequences = Sequence[Sequence[int] | NDArray[np.int64]]
"""Token ids of N sequences, int64 [T] each."""


def batch_vectors(
    encoder: Encoder, sequences: Sequences, options: FormOptions, hidden_state: int | None = None
) -> Tensor:
    """Pooled vectors of a batch, float32 [N, D]. Of several ranks, each encodes its share of the tokens
    and has the vectors of all.

    Without gradient if the text side is locked. With ``cached_texts`` or ``cached_tokens``, that many
    go through at a time. Their activations are discarded, and computed again with the same dropout when
    the gradient of their vectors is known. Memory then grows only with the vectors (Gao et al. 2021,
    arXiv 2101.06983, section 3).

    Args:
        encoder: the encoder.
        sequences: N sequences of token ids.
        options: options of the stage.
        hidden_state: the pooled hidden state; None: the encoder's.
    """
    share = options.ranks.balanced([len(sequence) for sequence in sequences])
    with torch.set_grad_enabled(torch.is_grad_enabled() and not options.text_locked):
        vectors = _vectors(encoder, sequences, share, options, hidden_state)
        return options.ranks.gathered(vectors[: len(share.mine)], share)


def _vectors(
    encoder: Encoder,
    sequences: Sequences,
    share: Share,
    options: FormOptions,
    hidden_state: int | None,
) -> Tensor:
    """Vectors of the sequences that this rank runs."""
    mine = share.pick(sequences)
    chunks = cached_chunks(mine, options.cached_texts, options.cached_tokens)
    if len(chunks) == 1 or not torch.is_grad_enabled():
        return encoder.vectors(sequences, hidden_state, share.run)
    parts = [
        checkpoint(encoder.vectors, chunk, hidden_state, use_reentrant=False) for chunk in chunks
    ]
    return torch.cat(parts)


def cached_chunks(
    sequences: Sequences, texts: int | None, tokens: int | None
) -> list[list[Sequence[int] | NDArray[np.int64]]]:
    """Sequences in their order, cut into parts that go through the encoder one after another.

    Args:
        sequences: one or more.
        texts: largest number of sequences of a part; None: any.
        tokens: largest number of tokens of a part, but a longer sequence is a part alone; None: any.
    """
    chunks: list[list[Sequence[int] | NDArray[np.int64]]] = []
    most_texts, most_tokens = texts or len(sequences), tokens or count_tokens(sequences)
    room = 0
    for sequence in sequences:
        if not chunks or len(chunks[-1]) == most_texts or len(sequence) > room:
            chunks.append([])
            room = most_tokens
        chunks[-1].append(sequence)
        room -= len(sequence)
    return chunks


def batch_states(
    encoder: Encoder, sequences: Sequences, *, locked: bool, share: Share | None = None
) -> tuple[Tensor, PackedBatch]:
    """Hidden states [T, D] of a batch's packed tokens, and their layout.

    Args:
        encoder: the encoder.
        sequences: N sequences of token ids.
        locked: the text side is locked: states have no gradient.
        share: the sequences that are run; None: all.
    """
    batch = pack(sequences, None if share is None else share.run).to(encoder.device)
    with torch.set_grad_enabled(torch.is_grad_enabled() and not locked):
        return encoder.states(batch), batch


def first_tokens(batch: PackedBatch) -> Tensor:
    """Index of each sequence's first token in the flat tokens, int64 [N], in the caller's order."""
    return torch.nonzero(batch.positions == 0)[:, 0][batch.inverse]


def text_vectors(
    encoder: Encoder,
    texts: Sequence[str],
    ranks: Ranks,
    hidden_state: int | None = None,
    prompt: str | None = None,
) -> NDArray[np.float32]:
    """Pooled vectors of N texts, float32 [N, D]: see `encode`. Of several ranks, each runs its share of
    the batches and has the vectors of all."""
    vectors = encode(
        encoder,
        texts,
        hidden_state=hidden_state,
        prompt=prompt,
        tokens_per_batch=TOKENS_PER_BATCH,
        turn=ranks.turn,
    )
    ranks.add_up([torch.from_numpy(vectors)])
    return vectors


def all_vectors(encoder: Encoder, sequences: Sequences, ranks: Ranks = ALONE) -> Tensor:
    """Pooled vectors of N sequences, float32 [N, D], computed batch by batch, without gradient. Of
    several ranks, each runs its share of the batches and has the vectors of all."""
    vectors = torch.zeros(len(sequences), encoder.width, device=encoder.device)
    with torch.inference_mode(), ordered_weights(encoder.model, count_tokens(sequences)):
        for rows in batches_of(sequences, ranks):
            vectors[rows] = encoder.vectors([sequences[row] for row in rows])
    ranks.add_up([vectors])
    return vectors


def dev_accuracy(
    encoder: Encoder, queries: Sequence[str], answers: Sequence[str], options: FormOptions
) -> dict[str, float]:
    """Top-1 accuracy from N dev texts to the texts that are right for them, with its name; of several
    ranks, the first one compares.

    Args:
        encoder: the encoder.
        queries: N texts, of the side src.
        answers: the text that is right for each, of the side tgt.
        options: options of the stage, with the ranks and the prompts of the sides.
    """
    ranks, prompts = options.ranks, options.prompts
    asked = text_vectors(encoder, queries, ranks, prompt=prompts.get("src"))
    right = text_vectors(encoder, answers, ranks, prompt=prompts.get("tgt"))

    def compared() -> dict[str, float]:
        accuracy = top1_accuracy(gold_ranks(asked, right, np.arange(len(queries))))
        return {"dev_top1_accuracy": float(accuracy.mean())}

    return ranks.once(compared)


def read_tokens(
    encoder: Encoder,
    head: TokenHead,
    sequences: Sequences,
    read: Callable[[int, NDArray[np.float32]], Result],
    ranks: Ranks = ALONE,
) -> list[Result]:
    """The result that `read` gives for the head's scores of the tokens, for each of N sequences.

    Args:
        encoder: the encoder.
        head: head that scores tokens.
        sequences: N sequences of token ids.
        read: function from the number of a sequence and the scores of its tokens, float32 [T, outputs],
            to their result.
        ranks: each runs its share of the batches and reads their scores.

    Returns:
        N results, on all ranks.
    """
    mine: list[tuple[int, Result]] = []
    for rows in batches_of(sequences, ranks):
        with torch.inference_mode():
            states, batch = batch_states(encoder, [sequences[row] for row in rows], locked=True)
            scores = head(states).float().cpu().numpy()
        for row, start in zip(rows, first_tokens(batch).tolist(), strict=True):
            mine.append((row, read(row, scores[start : start + len(sequences[row])])))
    results = dict(ranks.united(mine))
    return [results[row] for row in range(len(sequences))]


def batches_of(sequences: Sequences, ranks: Ranks) -> Iterator[list[int]]:
    """The rows of the batches of some sequences that this rank runs; see `batches_by_length`."""
    lengths = [range(len(sequence)) for sequence in sequences]
    return batches_by_length(lengths, TOKENS_PER_BATCH, ranks.turn)


def count_tokens(sequences: Sequences) -> int:
    """Number of tokens of all sequences."""
    return sum(map(len, sequences))


def distinct_ids(*groups: Iterable[NDArray[np.int64]]) -> set[int]:
    """Ids of every token of the sequences of some groups."""
    ids: set[int] = set()
    for group in groups:
        for sequence in group:
            ids.update(sequence.tolist())
    return ids
