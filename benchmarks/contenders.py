"""The two sides of the training benchmark, each in a process of its own.

``python -m benchmarks.contenders SIDE PRECISION TEXTS.json`` does one training step for each line
it reads and answers with one line of JSON: seconds, peak bytes, lengths of the texts in tokens.
sentence-transformers has no public single step, so its model and its
MultipleNegativesRankingLoss are driven by hand, as its trainer does: collate, forward, backward,
clip, optimizer.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers

from crosslift.encoders.encoder_folder import local_folder
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

BATCH = 64
SCALE = 20.0
_RATE = 2e-5

Step = Callable[[int], list[int]]
"""Trains on a batch, given its number; returns the lengths of its texts in tokens."""


def our_step(texts: Sequence[str], precision: Precision) -> Step:
    """CrossLift's step: packed batches, float32 masters, occurring token rows.

    Its texts are tokenised once, when the task is opened; here the batch is tokenised at each step
    as well, so that both sides' times hold the same work.
    """
    encoder = load_encoder(EncoderSettings(name="embedded", precision=precision))
    pairs = zip(texts[::2], texts[1::2], strict=True)
    records = [Record(str(i), {"anchor": a, "positive": p}) for i, (a, p) in enumerate(pairs)]
    form = TextPairs(temperature=1 / SCALE)
    task = form.open(encoder, Split(records), Split([]), FormOptions(False, False, 0))
    settings = StageSettings(task="text-pairs", learning_rate=_RATE)
    weights = Weights(encoder, {"text-pairs": task.head}, task.token_ids(), settings)
    encoder.model.train()
    lengths = [len(sequence) for sequence in encoder.tokenise(texts)]

    def step(number: int) -> list[int]:
        rows = [row % len(records) for row in range(number * BATCH, (number + 1) * BATCH)]
        encoder.tokenise([text for row in rows for text in texts[2 * row : 2 * row + 2]])
        outcome = task.loss(np.array(rows), np.random.default_rng(number))
        weights.add_gradient(outcome.loss)
        weights.step(1.0)
        return [length for row in rows for length in lengths[2 * row : 2 * row + 2]]

    return step


def their_step(texts: Sequence[str], precision: Precision) -> Step:
    """sentence-transformers' step: padded batches; bfloat16 by autocast."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model = SentenceTransformer(str(local_folder(EncoderSettings(name="embedded"))), device="cpu")
    loss = MultipleNegativesRankingLoss(model, scale=SCALE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01, fused=True)
    model.train()
    prompt = model.prompts.get(model.default_prompt_name, "")
    pairs = len(texts) // 2

    def step(number: int) -> list[int]:
        rows = [row % pairs for row in range(number * BATCH, (number + 1) * BATCH)]
        sides = [[prompt + texts[2 * row + side] for row in rows] for side in (0, 1)]
        features = [dict(model.preprocess(side)) for side in sides]
        lengths = [int(n) for side in features for n in side["attention_mask"].sum(1)]
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            value = loss(features, None)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        value.item()
        return lengths

    return step


def peak_bytes() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.is_file():  # what getrusage tells includes the parent's at the fork
        line = next(v for v in status.read_text().splitlines() if v.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def serve(step: Step) -> None:
    """Does a step for each line of the standard input."""
    torch.manual_seed(0)
    for number, _ in enumerate(sys.stdin):
        began = time.perf_counter()
        lengths = step(number)
        seconds = time.perf_counter() - began
        answer = {"seconds": seconds, "peak_bytes": peak_bytes(), "lengths": lengths}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    side, asked, place = sys.argv[1:]
    sentences = json.loads(Path(place).read_text(encoding="utf-8"))
    kind: Precision = "bfloat16" if asked == "bfloat16" else "float32"
    serve((our_step if side == "ours" else their_step)(sentences, kind))
