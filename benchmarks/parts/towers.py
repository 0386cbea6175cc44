"""The embedded image towers: their features, and an update with features that are stored.

The peer of the features is the same network as PyTorch runs it: float32, batch norms apart. That of
an image-text update is one of text pairs with the same captions.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import PASSES_OF_A_STEP, Needs, forward_operations, step_needs
from benchmarks.measuring.pictures import BATCH, jpeg_pictures
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.turns import LocalContender, take_turns
from benchmarks.measuring.updates import open_update, pair_records
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.errors import EncoderError
from crosslift.forms.form import Split
from crosslift.forms.image_text import ImageText
from crosslift.forms.text_pairs import TextPairs
from crosslift.images.embedded_tower import EmbeddedTower, open_embedded
from crosslift.images.features import decode_all, extract_features
from crosslift.images.tower_settings import EMBEDDED, TowerSettings
from crosslift.sources.record import Record

_LEAST, _MOST = 16, 256
_LEAST_CAPTIONS, _CAPTIONS = 24, 96
_FEATURES = 1280
_WORDS = 11  # of a caption, the mean of Flickr8k's

Pixels = NDArray[np.uint8]


def tower_rows(bench: Bench) -> Iterator[Row]:
    """Rows of the towers that are installed, and of an update; in quick runs of the default tower."""
    with tempfile.TemporaryDirectory() as folder:
        paths = jpeg_pictures(bench.pictures_folder, Path(folder), _MOST)
        for name in tuple(EMBEDDED)[:1] if bench.quick else EMBEDDED:
            tower = _installed(name)
            if tower is not None:
                yield _features(bench, name, tower, paths)
    if not bench.quick:
        yield _update(bench)


def _installed(name: str) -> EmbeddedTower | None:
    """The tower; None without the package of the extra ``towers`` that holds it."""
    try:
        return open_embedded(TowerSettings(name))
    except EncoderError:
        return None


def _features(bench: Bench, name: str, tower: EmbeddedTower, paths: Sequence[Path]) -> Row:
    size, of_one = tower.picture_size, _operations(tower)
    count = bench.sizes.count(of_one, _LEAST, _MOST)
    pictures, _ = decode_all(list(paths[:count]), size, fit=tower.framing)
    ours = LocalContender(lambda: extract_features(tower, pictures))
    theirs = LocalContender(lambda: _plain(tower, pictures))
    turns = take_turns([ours, theirs], bench.sizes.repeats)
    needs = Needs(len(pictures) * of_one, pictures.nbytes, bench.best)
    title = f"features of `{name}`, {size} pixels, {bench.best} where close"
    work = Work(title, "the network in float32", len(pictures), "pictures", needs)
    return Row.of(work, (turns.seconds[0], turns.seconds[1]), bench.speeds, turns.others)


def _plain(tower: EmbeddedTower, pictures: Pixels) -> None:
    with torch.inference_mode():
        for first in range(0, len(pictures), BATCH):
            tower(tower.as_input(pictures[first : first + BATCH], torch.device("cpu")))


def _operations(tower: EmbeddedTower) -> float:
    size = tower.picture_size
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        tower(tower.as_input(np.zeros((1, size, size, 3), np.uint8), torch.device("cpu")))
    return float(counter.get_total_flops())


def _update(bench: Bench) -> Row:
    """An image-text update beside one of half as many pairs of the same captions."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    config = encoder.model.config
    texts = [" ".join(text.split()[:_WORDS]) for text in bench.texts[:_CAPTIONS]]
    lengths = [len(ids) for ids in encoder.tokenise(texts)]
    each = PASSES_OF_A_STEP * forward_operations(config, lengths) / len(lengths)
    count = bench.sizes.count(each, _LEAST_CAPTIONS, _CAPTIONS)
    captions = texts[:count]
    sides = [LocalContender(_image_text(captions)), LocalContender(_pairs(captions))]
    turns = take_turns(sides, bench.sizes.repeats)
    needs = step_needs(config, lengths[:count], 1, bench.best)
    name = "image-text update, features stored"
    work = Work(name, "an update of half as many pairs", count, "captions", needs)
    return Row.of(work, (turns.seconds[0], turns.seconds[1]), bench.speeds, turns.others)


def _image_text(captions: Sequence[str]) -> Callable[[], None]:
    encoder = load_encoder(EncoderSettings(name="embedded"))
    records = [Record(str(i), {"text": text}) for i, text in enumerate(captions)]
    features = np.random.default_rng(0).random((len(records), _FEATURES), np.float32)
    split = Split(records, features=features)
    update = open_update(encoder, ImageText(), split, task="image-text", token_table="frozen")
    return lambda: update(range(len(records)), 0)


def _pairs(captions: Sequence[str]) -> Callable[[], None]:
    encoder = load_encoder(EncoderSettings(name="embedded"))
    split = Split(pair_records(captions))
    update = open_update(encoder, TextPairs(), split, task="text-pairs", token_table="frozen")
    return lambda: update(range(len(split.records)), 0)
