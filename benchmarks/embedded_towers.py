"""The embedded image towers: their features, and an update with features that are kept.

The other side of the features is the same network as PyTorch runs it: float32, batch norms apart. That
of an image-text update is one of text pairs with the same captions: 96 captions with a picture each
beside 48 pairs of captions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.table import Row
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.precision import resolve_precision
from crosslift.errors import EncoderError
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.image_text import ImageText
from crosslift.forms.text_pairs import TextPairs
from crosslift.images.embedded_tower import EmbeddedTower, open_embedded
from crosslift.images.features import decode_all, extract_features
from crosslift.images.tower_settings import EMBEDDED, TowerSettings
from crosslift.sources.record import Record
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

_BATCH = 32
_CAPTIONS = 96
_FEATURES = 1280
_WORDS = 11  # of a caption, as Flickr8k's have them on average
_RATE = 2e-5
_WARM_UP = 3


def tower_rows(
    paths: Sequence[Path], texts: Sequence[str], steps: int, peaks: dict[str, float]
) -> list[Row]:
    """Rows of the towers that are installed, and of an update.

    Args:
        paths: of JPEG pictures, 64 or more.
        texts: for captions; each is cut to 11 words.
        steps: timed updates of each kind.
        peaks: by precision, floating-point operations a second.
    """
    rows = [row for name in EMBEDDED if (row := _features(name, paths, peaks))]
    return [*rows, _update(texts, steps)]


def _features(name: str, paths: Sequence[Path], peaks: dict[str, float]) -> Row | None:
    try:
        tower = open_embedded(TowerSettings(name))
    except EncoderError:
        return None  # its package is in the extra `towers`
    size = tower.picture_size
    pictures, _ = decode_all(list(paths), size, fit=tower.framing)
    half = len(pictures) // 2
    extract_features(tower, pictures[:_BATCH])
    # Ours tries precisions once a call, so it is one call, amid the two halves of the other side.
    before = _seconds(_plain, tower, pictures[:half])
    ours = _seconds(extract_features, tower, pictures)
    after = _seconds(_plain, tower, pictures[half:])
    precision = resolve_precision("auto")
    share = len(pictures) * _operations(tower) / ours / peaks[precision]
    rates = [len(pictures) / seconds for seconds in (ours, before + after)]
    title = f"features of `{name}`, {size} pixels, {precision} where close against float32"
    return Row(title, *rates, "pictures/s", rates[0] / rates[1], share)


def _plain(tower: EmbeddedTower, pictures: Any) -> None:
    with torch.inference_mode():
        for first in range(0, len(pictures), _BATCH):
            tower(tower.as_input(pictures[first : first + _BATCH], torch.device("cpu")))


def _operations(tower: EmbeddedTower) -> float:
    size = tower.picture_size
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        tower(tower.as_input(np.zeros((1, size, size, 3), np.uint8), torch.device("cpu")))
    return float(counter.get_total_flops())


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def _update(texts: Sequence[str], steps: int) -> Row:
    captions = [" ".join(text.split()[:_WORDS]) for text in texts]
    pictures = _image_text_update(captions)
    pairs = _pairs_update(captions)
    turns = [(_seconds(pictures, n), _seconds(pairs, n)) for n in range(_WARM_UP + steps)]
    seconds = np.array(turns[_WARM_UP:])
    ours, theirs = np.median(seconds, axis=0) * 1000
    ratio = float(np.median(seconds[:, 1] / seconds[:, 0]))
    title = (
        f"image-text update of {_CAPTIONS} captions, features kept, against {_CAPTIONS // 2} pairs"
    )
    return Row(title, float(ours), float(theirs), "ms", ratio, None)


def _image_text_update(captions: Sequence[str]) -> Callable[[int], None]:
    records = [Record(str(i), {"text": text}) for i, text in enumerate(captions)]
    features = np.random.default_rng(0).random((len(records), _FEATURES), np.float32)
    return _update_of("image-text", ImageText(), Split(records, features=features), _CAPTIONS)


def _pairs_update(captions: Sequence[str]) -> Callable[[int], None]:
    pairs = zip(captions[::2], captions[1::2], strict=False)
    records = [Record(str(i), {"anchor": a, "positive": b}) for i, (a, b) in enumerate(pairs)]
    return _update_of("text-pairs", TextPairs(), Split(records), _CAPTIONS // 2)


def _update_of(task: str, form: Any, split: Split, batch: int) -> Callable[[int], None]:
    encoder = load_encoder(EncoderSettings(name="embedded"))
    options = FormOptions(text_locked=False, shuffle_pictures=False, seed=0)
    opened = form.open(encoder, split, Split([]), options)
    settings = StageSettings(task=task, learning_rate=_RATE, token_table="frozen")
    weights = Weights(encoder, {task: opened.head}, opened.token_ids(), settings)
    encoder.model.train()

    def update(number: int) -> None:
        rows = np.arange(number * batch, (number + 1) * batch) % len(split.records)
        weights.add_gradient(opened.loss(rows, np.random.default_rng(number)).loss)
        weights.step(1.0)

    return update
