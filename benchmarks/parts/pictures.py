"""Pictures: features of a frozen tower, decoding, and what pictures cost a training step.

The peer is the plain way of transformers: Pillow opens each picture, the model's own image processor
(Pillow's backend) prepares batches of 32, and the model runs in float32 without gradient. The tower is
a ViT-B/16 of 224 pixels with random weights; its speed is that of the published one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image

from benchmarks.measuring.bench import Bench
from benchmarks.measuring.floor import Needs, forward_operations, layer_parameters
from benchmarks.measuring.peers import quiet
from benchmarks.measuring.pictures import BATCH, SIZE, jpeg_pictures
from benchmarks.measuring.rows import Row, Work
from benchmarks.measuring.turns import LocalContender, take_turns
from benchmarks.measuring.updates import batch_rows, open_update, pair_records
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.forms.form import Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.images.augment import augment
from crosslift.images.features import decode_all, extract_features
from crosslift.images.image_tower import ImageTower
from crosslift.images.towers import TowerSettings, open_tower

_PATCH = 16
_LEAST, _MOST = 64, 256
_LEAST_QUICK = 4
_PICTURES, _QUICK_PICTURES = 256, 64
_LOWEST_COSINE = 0.9999
_FARTHEST = 1e-4
_CAPTION_WORDS = 10
_PIXEL_BYTES = 3 + 3 * 4  # three channels, decoded once and written once as float32

Vectors = NDArray[np.float32]


def picture_rows(bench: Bench) -> Iterator[Row]:
    """Rows of pictures.

    Raises:
        FileNotFoundError: the folder has not 32 pictures.
        ValueError: both sides' features differ, so the work is not the same.
    """
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        count = _QUICK_PICTURES if bench.quick else _PICTURES
        paths = jpeg_pictures(bench.pictures_folder, Path(folder), count)
        tower_folder = _published_folder(Path(folder) / "vit")
        yield _features(bench, paths, tower_folder)
        yield _decoding(bench, paths, tower_folder)
        yield _share_of_step(bench, paths)


def _published_folder(folder: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.ViTConfig(image_size=SIZE, patch_size=_PATCH)
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    transformers.ViTImageProcessorPil().save_pretrained(folder)
    return folder


def _features(bench: Bench, paths: Sequence[Path], folder: Path) -> Row:
    tower = open_tower(TowerSettings(str(folder)), 0, torch.device("cpu"))
    model = transformers.ViTModel.from_pretrained(folder, add_pooling_layer=False).eval()
    prepare = _their_pictures(folder)
    tokens = (SIZE // _PATCH) ** 2 + 1
    of_one = forward_operations(model.config, [tokens])
    least = _LEAST_QUICK if bench.quick else _LEAST
    paths = paths[: bench.sizes.count(of_one, least, _MOST)]

    def theirs(part: Sequence[Path]) -> Vectors:
        with torch.no_grad():
            states = model(pixel_values=torch.from_numpy(prepare(part))).last_hidden_state
        vectors: Vectors = states[:, 0].numpy()
        return vectors

    def mine() -> Vectors:
        vectors: Vectors = np.asarray(extract_features(tower, _our_pictures(tower, paths)))
        return vectors.astype(np.float32, copy=False)

    ours = LocalContender(mine)
    other = LocalContender(lambda: _joined(theirs, paths))
    turns = take_turns([ours, other], bench.sizes.repeats)
    _check_same(ours.result, other.result)
    weights = layer_parameters(model.config) * (2 if bench.best == "bfloat16" else 4)
    needs = Needs(len(paths) * of_one, weights, bench.best)
    name = f"features of ViT-B/16 from files, {bench.best} where close"
    work = Work(name, "transformers in float32", len(paths), "pictures", needs)
    return Row.of(work, (turns.seconds[0], turns.seconds[1]), bench.speeds, turns.others)


def _joined(run: Callable[[Sequence[Path]], Vectors], paths: Sequence[Path]) -> Vectors:
    batches = [paths[first : first + BATCH] for first in range(0, len(paths), BATCH)]
    return np.concatenate([run(batch) for batch in batches])


def _our_pictures(tower: ImageTower, paths: Sequence[Path]) -> NDArray[np.uint8]:
    size, background = tower.picture_size, tower.background
    return decode_all(paths, size, fit=tower.framing, background=background)[0]


def _their_pictures(folder: Path) -> Callable[[Sequence[Path]], Vectors]:
    processor = transformers.ViTImageProcessorPil.from_pretrained(folder)

    def prepare(paths: Sequence[Path]) -> Vectors:
        pictures = [Image.open(path).convert("RGB") for path in paths]
        prepared: Vectors = np.asarray(processor(pictures, return_tensors="np")["pixel_values"])
        return prepared

    return prepare


def _check_same(ours: Vectors, theirs: Vectors) -> None:
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ours, theirs))
    cosine = float((first * second).sum(axis=1).mean())
    if not cosine >= _LOWEST_COSINE:
        raise ValueError(f"the features differ: mean cosine {cosine:.6f}, not {_LOWEST_COSINE}")


def _decoding(bench: Bench, paths: Sequence[Path], folder: Path) -> Row:
    tower = open_tower(TowerSettings(str(folder), weights="random"), 0, torch.device("cpu"))

    def prepared(part: Sequence[Path]) -> Vectors:
        tensor = tower.as_input(_our_pictures(tower, part), torch.device("cpu"))
        pixels: Vectors = tensor.numpy()
        return pixels

    ours = LocalContender(lambda: _joined(prepared, paths))
    prepare = _their_pictures(folder)
    theirs = LocalContender(lambda: _joined(prepare, paths))
    turns = take_turns([ours, theirs], bench.sizes.repeats)
    farthest = float(np.abs(ours.result - theirs.result).max())
    if farthest > _FARTHEST:
        raise ValueError(f"the prepared pictures differ by {farthest}")
    needs = Needs(0.0, len(paths) * _PIXEL_BYTES * SIZE**2, bench.best)
    name, detail = "decoding and preparing", f"in batches of {BATCH}"
    work = Work(name, "transformers' processor", len(paths), "pictures", needs, detail)
    return Row.of(work, (turns.seconds[0], turns.seconds[1]), bench.speeds, turns.others)


def _share_of_step(bench: Bench, paths: Sequence[Path]) -> Row:
    """What a batch of pictures costs before the tower sees it, beside a step of its captions."""
    some = [paths[i] for i in batch_rows(0, BATCH, len(paths))]
    pictures = LocalContender(lambda: _pictures_of_step(some))
    captions = LocalContender(_caption_step(bench.texts[: 2 * BATCH]))
    turns = take_turns([pictures, captions], bench.sizes.repeats)
    needs = Needs(0.0, BATCH * _PIXEL_BYTES * SIZE**2, bench.best)
    name = "photographs decoded, augmented, batched"
    work = Work(name, "a step of as many caption pairs", BATCH, "pictures", needs)
    return Row.of(work, (turns.seconds[0], turns.seconds[1]), bench.speeds, turns.others)


def _pictures_of_step(paths: Sequence[Path]) -> torch.Tensor:
    squares, _ = decode_all(paths, SIZE, fit="crop")
    changed = augment(squares, np.random.default_rng(0), "photo")
    return torch.from_numpy(changed).permute(0, 3, 1, 2).contiguous().float().div_(255)


def _caption_step(texts: Sequence[str]) -> Callable[[], None]:
    captions = [" ".join(text.split()[:_CAPTION_WORDS]) for text in texts]
    encoder = load_encoder(EncoderSettings(name="embedded"))
    records = pair_records(captions)
    update = open_update(encoder, TextPairs(), Split(records), task="text-pairs")
    return lambda: update(range(len(records)), 0)
