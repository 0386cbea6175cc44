"""The two sides of the training steps, each in a process of its own.

``python -m benchmarks.parts.step_contenders SIDE PRECISION BATCH TEXTS.json`` does steps as it is
requested (`benchmarks.measuring.processes`). sentence-transformers has no public single step, so its
model and its MultipleNegativesRankingLoss are driven by hand, as its trainer does: collate, forward,
backward, clip, optimizer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks.measuring.peers import sentence_transformer
from benchmarks.measuring.processes import Answers, Request
from benchmarks.measuring.shares import profiled_shares
from benchmarks.measuring.updates import RATE, batch_rows, open_update, pair_records
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.forms.form import Split
from crosslift.forms.text_pairs import TextPairs

SCALE = 20.0

Step = Callable[[int], int]
"""Trains on a batch, given its number; returns the number of its tokens."""


def our_step(texts: Sequence[str], precision: Precision, batch: int) -> Step:
    """CrossLift's step: packed batches, float32 masters, occurring token rows.

    Its texts are tokenised once, when the task is opened; here the batch is tokenised at each step
    as well, so that both sides' times hold the same work.
    """
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    records = pair_records(texts)
    form = TextPairs(temperature=1 / SCALE)
    update = open_update(encoder, form, Split(records), task="text-pairs")

    def step(number: int) -> int:
        rows = batch_rows(number, batch, len(records))
        sequences = encoder.tokenise([t for row in rows for t in texts[2 * row : 2 * row + 2]])
        update(rows, number)
        return sum(map(len, sequences))

    return step


def their_step(texts: Sequence[str], precision: Precision, batch: int) -> Step:
    """sentence-transformers' step: padded batches; bfloat16 by autocast."""
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = sentence_transformer()
    loss = MultipleNegativesRankingLoss(model, scale=SCALE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, fused=True)
    model.train()
    prompt = model.prompts.get(model.default_prompt_name, "")

    def step(number: int) -> int:
        rows = batch_rows(number, batch, len(texts) // 2)
        sides = [[prompt + texts[2 * row + side] for row in rows] for side in (0, 1)]
        features = [dict(model.preprocess(side)) for side in sides]
        tokens = sum(int(side["attention_mask"].sum()) for side in features)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            value = loss(features, None)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        value.item()
        return tokens

    return step


def serve(step: Step) -> None:
    """Does the steps that are requested until none is."""
    torch.manual_seed(0)
    answers = Answers()
    while True:
        request = answers.next_request()
        answers.answer(_done(step, request))


def _done(step: Step, request: Request) -> object:
    numbers = range(request.first, request.first + request.steps)
    if request.kind == "shares":
        return profiled_shares(lambda: [step(number) for number in numbers])
    return {"tokens": sum(step(number) for number in numbers)}


def main() -> None:
    """Serves one side."""
    side, precision_name, batch, path = sys.argv[1:]
    texts = json.loads(Path(path).read_text(encoding="utf-8"))
    precision: Precision = "bfloat16" if precision_name == "bfloat16" else "float32"
    open_step = our_step if side == "ours" else their_step
    serve(open_step(texts, precision, int(batch)))


if __name__ == "__main__":
    main()
