"""``python -m benchmarks.gpu``: what only a CUDA device can show, in at most 8 minutes.

Each check compares what the device computes with a plain computation; each measure prints rates. On a
machine without CUDA the same code runs at small sizes, so that it is ready when a device is there.
Prints a line of JSON for each item, also for one that is ended because the time is over; the exit code
is 1 if a check failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from benchmarks.measuring.peers import embedded_folder, quiet
from benchmarks.measuring.texts import mixed_lengths, read_texts
from benchmarks.measuring.updates import RATE, open_update, pair_records
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings, Precision
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.precision import device, dtype_of, resolve_precision
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.image_text import ImageText
from crosslift.forms.text_pairs import TextPairs
from crosslift.retrieval.search import nearest
from crosslift.sources.record import Record
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings
from crosslift.training.weights import Weights

_SECONDS = 480.0
_NO_SPLIT = Split([])


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each item does.

    Args:
        vectors: on each side of a search.
        texts: that are encoded.
        batch: pairs of a training update.
        updates: that are timed.
        layers, width: of both towers; an XLM-R base and a ViT-B have 12 of 768.
        picture: side of a picture in pixels.
        side: of the matrices whose product is the peak.
    """

    vectors: int
    texts: int
    batch: int
    updates: int
    layers: int
    width: int
    picture: int
    side: int


LARGE = Sizes(20_000, 50_000, 512, 20, 12, 768, 224, 8192)
SMALL = Sizes(500, 300, 8, 2, 1, 64, 32, 512)


def search(sizes: Sizes) -> dict[str, Any]:
    """The neighbours that the screen in low precision finds are the exact ones, among near ties too."""
    random = np.random.default_rng(0)
    base = random.standard_normal((sizes.vectors // 10, 384), np.float32)
    noise = 1e-3 * random.standard_normal((10, *base.shape), np.float32)
    rows = (base + noise).reshape(-1, 384)
    queries = rows[: min(len(rows), 2000)]
    result = nearest(queries, rows, 4)
    units = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    exact = -np.sort(-(units[: len(queries)] @ units.T), axis=1)[:, :4]
    worst = float(np.abs(exact - result.scores).max())
    return {"ok": worst < 1e-6, "worst difference of a score": worst, "rows": len(rows)}


def packed(sizes: Sizes) -> dict[str, Any]:
    """Vectors of packed batches are those of the model on padded ones."""
    texts = mixed_lengths(read_texts(None, 5000), min(sizes.texts, 256))
    worst = {}
    for precision, most in _precisions().items():
        encoder = load_encoder(
            EncoderSettings(name="embedded", precision=precision, pooling="mean")
        )
        sequences = encoder.tokenise(texts)
        with torch.inference_mode():
            ours = torch.nn.functional.normalize(encoder.vectors(sequences), dim=1)
            theirs = torch.nn.functional.normalize(_padded(encoder, sequences), dim=1)
        worst[precision] = (1 - (ours * theirs).sum(1)).max().item()
        if worst[precision] > most:
            return {"ok": False, "1 - cosine": worst}
    return {"ok": True, "1 - cosine": worst}


def _precisions() -> dict[Precision, float]:
    """Precision -> the largest 1 - cosine that its rounding explains."""
    best: dict[Precision, float] = {"float32": 1e-5}
    return best | ({"bfloat16": 2e-3} if resolve_precision("auto") == "bfloat16" else {})


def _padded(encoder: Encoder, sequences: list[list[int]]) -> torch.Tensor:
    kind = dtype_of(encoder.reading.precision)
    plain = transformers.AutoModel.from_pretrained(embedded_folder(), dtype=kind)
    plain = plain.to(encoder.device).eval()
    pad = encoder.tokenizer.pad_token_id
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [pad] * (longest - len(s)) for s in sequences], device=encoder.device)
    mask = ids != pad
    states = plain(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def resume(sizes: Sizes) -> dict[str, Any]:
    """A run that is stopped in the middle ends as an unbroken one."""
    with tempfile.TemporaryDirectory() as folder:
        unbroken = _trained(sizes, Path(folder) / "a", None)
        _trained(sizes, Path(folder) / "b", 0.5)
        resumed = _trained(sizes, Path(folder) / "b", None)
    worst = max(float((unbroken[n] - resumed[n]).abs().max()) for n in unbroken)
    return {"ok": worst <= 1e-5, "worst difference of a weight": worst, "same bits": worst == 0}


def _trained(sizes: Sizes, checkpoint: Path, stop_at: float | None) -> dict[str, torch.Tensor]:
    encoder = load_encoder(EncoderSettings(name="embedded", precision="float32"))
    records = Split(pair_records(read_texts(None, 200)))
    options = FormOptions(text_locked=False, partners="own", seed=0)
    task = TextPairs().open(encoder, records, _NO_SPLIT, options)
    settings = StageSettings.model_validate({"task": "text-pairs", "learning_rate": RATE})
    budget = Budget(updates=2 * sizes.updates, batch_size=min(sizes.batch, 64))

    def report(share: float) -> None:
        if stop_at is not None and share >= stop_at:
            raise KeyboardInterrupt

    stage = Stage(settings, budget, 0, checkpoint, report)
    member = MixedTask("pairs", MixedTaskSettings(task="text-pairs"), task, 0)
    try:
        changed, _ = train(stage, [member], encoder)
    except KeyboardInterrupt:
        return {}
    return {name: value.detach().cpu().clone() for name, value in changed.items()}


def masters(sizes: Sizes) -> dict[str, Any]:
    """Steps too small for bfloat16 add up in float32 masters, which the weights are rounded from."""
    encoder = load_encoder(EncoderSettings(name="embedded", precision="bfloat16"))
    records = Split(pair_records(read_texts(None, 200)))
    options = FormOptions(text_locked=False, partners="own", seed=0)
    task = TextPairs().open(encoder, records, _NO_SPLIT, options)
    settings = StageSettings.model_validate({"task": "text-pairs", "learning_rate": 1e-7})
    weights = Weights(encoder, {"pairs": task.head}, task.token_ids(), settings)
    before = {name: value.detach().clone() for name, value in weights.masters.items()}
    for number in range(2):
        rows = np.arange(number * sizes.batch, (number + 1) * sizes.batch) % len(records.records)
        weights.add_gradient(task.loss(rows, np.random.default_rng(number)).loss)
        weights.step(1.0)
    moved = [not torch.equal(weights.masters[n], v) for n, v in before.items() if v.ndim == 2]
    rounded = all(
        torch.equal(p, weights.masters[n].to(p.dtype)) for n, p in weights.working.items()
    )
    return {"ok": all(moved) and rounded, "masters moved": sum(moved), "of": len(moved)}


def encoding(sizes: Sizes) -> dict[str, Any]:
    """Sentences a second."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    texts = mixed_lengths(read_texts(None, 20_000), sizes.texts)
    encode(encoder, texts[: len(texts) // 10])
    seconds = _seconds(lambda: encode(encoder, texts))
    return {"sentences a second": len(texts) / seconds, "precision": encoder.reading.precision}


def clip(sizes: Sizes) -> dict[str, Any]:
    """Image-text updates of a text tower of XLM-R base's size with a ViT-B/16, in pairs a second."""
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder(EncoderSettings(name=str(_text_tower(sizes, Path(folder) / "text"))))
        form = ImageText(
            tower=str(_image_tower(sizes, Path(folder) / "image")),
            tower_side="trainable",
            picture_size=sizes.picture,
            augmentation="none",
        )
        texts = mixed_lengths(read_texts(None, 5000), 2 * sizes.batch)
        pictures = np.random.default_rng(0).integers(
            0, 256, (len(texts), sizes.picture, sizes.picture, 3), np.uint8
        )
        split = Split([Record(str(i), {"text": t}) for i, t in enumerate(texts)], pictures)
        update = open_update(encoder, form, split, task="image-text")
        rows = list(range(sizes.batch))
        with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
            update(rows, 0)
        _reset_memory()
        seconds = _seconds(lambda: [update(rows, n) for n in range(1, sizes.updates + 1)])
    rate = counter.get_total_flops() * sizes.updates / seconds
    return {
        "pairs a second": sizes.batch * sizes.updates / seconds,
        "operations a second": rate,
        "share of the peak": rate / _peak(sizes),
        "peak bytes": torch.cuda.max_memory_allocated() if device().type == "cuda" else None,
        "open_clip": _open_clip(sizes),
    }


def _text_tower(sizes: Sizes, folder: Path) -> Path:
    tokenizer = transformers.AutoTokenizer.from_pretrained(embedded_folder())
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=max(1, sizes.width // 64),
        intermediate_size=4 * sizes.width,
        max_position_embeddings=514,
    )
    transformers.XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _image_tower(sizes: Sizes, folder: Path) -> Path:
    config = transformers.ViTConfig(
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=max(1, sizes.width // 64),
        intermediate_size=4 * sizes.width,
        image_size=sizes.picture,
    )
    transformers.ViTModel(config).save_pretrained(folder)
    transformers.ViTImageProcessor(
        size={"height": sizes.picture, "width": sizes.picture}
    ).save_pretrained(folder)
    return folder


def _open_clip(sizes: Sizes) -> Any:
    """Pairs a second of open_clip's ViT-B/16 with an XLM-R base, both with random weights."""
    if importlib.util.find_spec("open_clip") is None:
        return "not installed"
    import open_clip

    kind = dtype_of("auto")
    name = "xlm-roberta-base-ViT-B-32"  # the nearest that it declares: patches of 32, a quarter as many
    config = open_clip.get_model_config(name)
    config["vision_cfg"]["patch_size"] = 16
    config["text_cfg"]["hf_model_pretrained"] = False
    model = open_clip.CustomTextCLIP(**config).to(device())
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, fused=True)
    loss_of = open_clip.ClipLoss()
    pictures = torch.randn(sizes.batch, 3, 224, 224, device=device())
    encoder = load_encoder(EncoderSettings(name="embedded"))
    sequences = encoder.tokenise(mixed_lengths(read_texts(None, 5000), sizes.batch))
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [1] * (longest - len(s)) for s in sequences], device=device())

    def update() -> None:
        with torch.autocast(device().type, kind):
            image, text, scale = model(pictures, ids)[:3]
            loss = loss_of(image.float(), text.float(), scale)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    update()
    seconds = _seconds(lambda: [update() for _ in range(sizes.updates)])
    return {"pairs a second": sizes.batch * sizes.updates / seconds}


def _peak(sizes: Sizes) -> float:
    """Operations a second of a large product in the best precision."""
    kind = dtype_of("auto")
    left, right = (torch.randn(sizes.side, sizes.side, device=device()).to(kind) for _ in range(2))
    torch.mm(left, right)
    seconds = min(_seconds(lambda: torch.mm(left, right)) for _ in range(10))
    return 2 * sizes.side**3 / seconds


def _seconds(work: Callable[[], object]) -> float:
    _synchronise()
    began = time.perf_counter()
    work()
    _synchronise()
    return time.perf_counter() - began


def _synchronise() -> None:
    if device().type == "cuda":
        torch.cuda.synchronize()


def _reset_memory() -> None:
    if device().type == "cuda":
        torch.cuda.reset_peak_memory_stats()


ITEMS: dict[str, Callable[[Sizes], dict[str, Any]]] = {
    "search": search,
    "packed": packed,
    "resume": resume,
    "masters": masters,
    "encode": encoding,
    "clip": clip,
}


def main() -> int:
    """Runs items in a process that is ended when the time is over, in the middle of an item too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("items", nargs="*", help=f"of {', '.join(ITEMS)}; none: all")
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    parser.add_argument("--process", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    unknown = set(parsed.items) - set(ITEMS)
    if unknown:
        parser.error(f"no item {', '.join(sorted(unknown))}")
    items = parsed.items or list(ITEMS)
    if parsed.process:
        return _run(items)
    command = [sys.executable, "-m", "benchmarks.gpu", "--process", *items]
    return within(parsed.seconds, command, items)


def within(seconds: float, command: Sequence[str], items: Sequence[str]) -> int:
    """Runs a command that prints a line of JSON for each item, and prints its lines.

    Args:
        seconds: after which it is killed; its temporary files are deleted.
        command: to run.
        items: that it does, in order; those without a line when it is killed get one here.

    Returns:
        Its exit code; 1 if a check had failed when it was killed.
    """
    done: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            over = threading.Event()
            timer = threading.Timer(seconds, lambda: (over.set(), process.kill()))
            timer.start()
            for line in process.stdout or ():
                print(line, end="", flush=True)
                done += [json.loads(line)] if line.startswith('{"item"') else []
            code = process.wait()
            timer.cancel()
    if code == 0 or not over.is_set():
        return code
    for number, item in enumerate(items[len(done) :]):
        why = "left out" if number else "ended"
        print(json.dumps({"item": item, why: f"no time left after {seconds:g} s"}), flush=True)
    return int(any(result.get("ok") is False for result in done))


def _run(items: Sequence[str]) -> int:
    quiet()
    on_device = device().type == "cuda"
    name = (
        torch.cuda.get_device_name()
        if on_device
        else "no CUDA device: small sizes, no measure counts"
    )
    print(json.dumps({"device": name, "torch": torch.__version__}), flush=True)
    failed = False
    for item in items:
        began = time.monotonic()
        result = ITEMS[item](LARGE if on_device else SMALL)
        failed |= result.get("ok") is False
        line = {"item": item, **result, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps(line), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
