"""Runs a transformers model on packed batches, or on padded ones if it cannot use packed ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from crosslift.encoders.attention import ATTENTION_NAME
from crosslift.encoders.packing import PackedBatch, pack
from crosslift.errors import EncoderError

_PROBE = ((3, 1, 4, 1, 5), (9, 2, 6), (5, 3, 5, 8, 9, 7, 9))
_PROBE_TOLERANCE = 1e-3


class PackedRunner:
    """Computes hidden states of packed batches.

    A test at load time shows whether a model computes the same on packed tokens: both ways are compared
    on three short sequences. There is no list of model names. If the results differ, batches are
    padded, and masked by the sequences' lengths (never by comparing ids with a pad id).

    Args:
        model: a transformers encoder that takes ``inputs_embeds``, still in float32.
        pad_id: the tokenizer's pad id.

    Raises:
        EncoderError: the model computes different states from token rows than from token ids.
    """

    def __init__(self, model: Any, pad_id: int) -> None:
        self.model = model
        self.pad_id = pad_id
        self._padded_attention = model.config._attn_implementation
        self._stops_early: bool | None = None
        self._row_scale = _scale_of_rows(model)
        self.position_offset = self._find_position_offset()

    @property
    def packs(self) -> bool:
        """Whether batches are run without padding."""
        return self.position_offset is not None

    def states(self, rows: Tensor, batch: PackedBatch, hidden_state: int) -> Tensor:
        """Hidden states [T, D] of packed token rows [T, D].

        Args:
            rows: the tokens' rows of the token table, in the model's precision.
            batch: the packed batch.
            hidden_state: index of the state; 0 is the embedding output.
        """
        return self.some_states(rows, batch, [hidden_state])[0]

    def some_states(
        self, rows: Tensor, batch: PackedBatch, hidden_states: Sequence[int]
    ) -> list[Tensor]:
        """Several hidden states from one run, [T, D] each; arguments as in `states`."""
        if self.position_offset is None:
            return self._run_padded(rows, batch, hidden_states)
        return self._run_packed(rows, batch, hidden_states, self.position_offset)

    def _scaled(self, rows: Tensor) -> Tensor:
        return rows if self._row_scale == 1 else rows * self._row_scale

    def _run_packed(
        self, rows: Tensor, batch: PackedBatch, hidden_states: Sequence[int], offset: int
    ) -> list[Tensor]:
        outputs = self._call(
            hidden_states,
            inputs_embeds=self._scaled(rows)[None],
            position_ids=batch.positions[None] + offset,
            packed_batch=batch,
        )
        return [states[0] for states in outputs]

    def _run_padded(
        self, rows: Tensor, batch: PackedBatch, hidden_states: Sequence[int]
    ) -> list[Tensor]:
        count = sum(block.count for block in batch.blocks)
        longest = max(block.length for block in batch.blocks)
        rows = self._scaled(rows)
        padded = rows.new_zeros(count, longest, rows.shape[1])
        mask = torch.zeros(count, longest, dtype=torch.int64, device=rows.device)
        first = 0
        for block in batch.blocks:
            rows_of_block = rows[block.tokens].unflatten(0, (block.count, block.length))
            padded[first : first + block.count, : block.length] = rows_of_block
            mask[first : first + block.count, : block.length] = 1
            first += block.count
        outputs = self._call(hidden_states, inputs_embeds=padded, attention_mask=mask)
        return [states[mask.bool()] for states in outputs]

    def _call(self, hidden_states: Sequence[int], **inputs: Any) -> list[Tensor]:
        last = self.model.config.num_hidden_layers
        if list(hidden_states) == [last]:
            return [self.model(**inputs).last_hidden_state]
        if max(hidden_states) < last and self.stops_early:
            return self._call_up_to(hidden_states, **inputs)
        return self._call_whole(hidden_states, **inputs)

    @property
    def stops_early(self) -> bool:
        """Whether layers above the highest requested state are not run.

        A test on a short sequence decides it once: the input of layer k must be hidden state k.
        """
        if self._stops_early is None:
            self._stops_early = self._states_enter_layers()
        return self._stops_early

    def _states_enter_layers(self) -> bool:
        last, table = self.model.config.num_hidden_layers, self.model.get_input_embeddings().weight
        try:
            layers = transformer_layers(self.model)
        except EncoderError:
            return False  # layers that share their weights are no list
        precision = next(layers[0].parameters()).dtype
        rows = self._scaled(table.detach()[list(_PROBE[0])][None].to(precision))
        with torch.inference_mode(), _evaluating(self.model), _attending_plainly(self):
            inputs_of_layers = [self._try_up_to(k, inputs_embeds=rows) for k in range(last)]
            expected = self._call_whole(range(last), inputs_embeds=rows)
        return all(
            states is not None and _close(states, expected_states)
            for states, expected_states in zip(inputs_of_layers, expected, strict=True)
        )

    def _try_up_to(self, hidden_state: int, **inputs: Any) -> Tensor | None:
        try:
            return self._call_up_to([hidden_state], **inputs)[0]
        except (KeyError, IndexError):
            return None  # the first argument of its layers is not their states

    def _call_up_to(self, hidden_states: Sequence[int], **inputs: Any) -> list[Tensor]:
        """Hidden states below the last: the inputs of the layers, the highest of which is not run."""
        layers, highest = transformer_layers(self.model), max(hidden_states)
        entering: dict[int, Tensor] = {}

        def note(number: int) -> Callable[..., None]:
            def hook(_: Any, positional: tuple[Any, ...], keywords: dict[str, Any]) -> None:
                entering[number] = positional[0] if positional else keywords["hidden_states"]
                if number == highest:
                    raise _ReachedError

            return hook

        hooks = [
            layers[k].register_forward_pre_hook(note(k), with_kwargs=True)
            for k in set(hidden_states)
        ]
        try:
            with contextlib.suppress(_ReachedError):
                self.model(**inputs)
        finally:
            for hook in hooks:
                hook.remove()
        return [entering[k] for k in hidden_states]

    def _call_whole(self, hidden_states: Sequence[int], **inputs: Any) -> list[Tensor]:
        last = self.model.config.num_hidden_layers
        output = self.model(**inputs, output_hidden_states=True)
        states: tuple[Tensor, ...] = (*output.hidden_states[:last], output.last_hidden_state)
        return [states[index] for index in hidden_states]

    def _find_position_offset(self) -> int | None:
        probe = [[i + 1 if i == self.pad_id else i for i in sequence] for sequence in _PROBE]
        batch = pack(probe)
        table = self.model.get_input_embeddings().weight
        last = self.model.config.num_hidden_layers
        with torch.inference_mode(), _evaluating(self.model):
            batch = batch.to(table.device)
            rows = torch.nn.functional.embedding(batch.token_ids, table)
            expected = self._plain(probe, last)
            self._check_padded(rows, batch, last, expected)
            self.model.set_attn_implementation(ATTENTION_NAME)
            for offset in (0, self.pad_id + 1):
                states = self._try_packed(rows, batch, last, offset)
                if states is not None and _close(states, expected):
                    return offset
        self.model.set_attn_implementation(self._padded_attention)
        return None

    def _plain(self, sequences: list[list[int]], hidden_state: int) -> Tensor:
        """States [T, D] from token ids, a sequence at a time, shortest first."""
        ids = [torch.tensor([s], device=self.model.device) for s in sorted(sequences, key=len)]
        return torch.cat([self._call([hidden_state], input_ids=i)[0][0] for i in ids])

    def _check_padded(
        self, rows: Tensor, batch: PackedBatch, hidden_state: int, expected: Tensor
    ) -> None:
        problem = (
            f"a model of type {self.model.config.model_type} cannot be run from its token rows"
        )
        try:
            states = self._run_padded(rows, batch, [hidden_state])[0]
        except (TypeError, ValueError, RuntimeError) as error:
            raise EncoderError(f"{problem}: {error}", "a model that takes inputs_embeds") from error
        if not _close(states, expected):
            raise EncoderError(problem, "the same hidden states from token rows as from token ids")

    def _try_packed(
        self, rows: Tensor, batch: PackedBatch, hidden_state: int, offset: int
    ) -> Tensor | None:
        try:
            return self._run_packed(rows, batch, [hidden_state], offset)[0]
        except (TypeError, ValueError, IndexError, KeyError, RuntimeError):
            return None  # the model lacks an argument that packing needs: it is run padded


def _scale_of_rows(model: Any) -> float:
    """The factor by which a model multiplies its token rows before its first layer; 1 for most.

    Gemma multiplies them by the square root of their width at their lookup, so that rows that are
    passed as ``inputs_embeds`` must be multiplied here.
    """
    module = model.get_input_embeddings()
    ids = torch.tensor(sorted(set(sum(_PROBE, ()))), device=module.weight.device)
    with torch.inference_mode():
        rows, read = module.weight[ids], module(ids)
        if read.shape != rows.shape:
            return 1.0
        scale = float((read * rows).sum() / rows.square().sum().clamp_min(1e-30))
        return scale if abs(scale - 1) > 1e-6 and _close(rows * scale, read) else 1.0


class _ReachedError(Exception):
    """The highest requested state is computed."""


def transformer_layers(model: Any) -> torch.nn.ModuleList:
    """The layers of a transformer, lowest first.

    Raises:
        EncoderError: the model has no list of that many layers.
    """
    count = model.config.num_hidden_layers
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return module
    kind = model.config.model_type
    raise EncoderError(f"a {kind} model has no list of {count} transformer layers")


@contextlib.contextmanager
def _attending_plainly(runner: PackedRunner) -> Iterator[None]:
    """The model's own attention, which takes token ids."""
    used = runner.model.config._attn_implementation
    runner.model.set_attn_implementation(runner._padded_attention)
    try:
        yield
    finally:
        runner.model.set_attn_implementation(used)


def _close(states: Tensor, expected: Tensor) -> bool:
    scale = float(expected.abs().max())
    return states.shape == expected.shape and bool(
        (states - expected).abs().max() <= _PROBE_TOLERANCE * scale
    )


@contextlib.contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
