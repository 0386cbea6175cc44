"""Pictures: features of a frozen tower, decoding, and what pictures cost a training step.

The other side is the plain way of transformers: Pillow opens each picture, the model's own image
processor (Pillow's backend) prepares batches of 32, and the model runs in float32 without gradient.
The tower is a ViT-B/16 of 224 pixels with random weights; its speed is that of the published one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image

from benchmarks.peak import forward_operations
from benchmarks.table import Row
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.precision import resolve_precision
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.images.augment import augment
from crosslift.images.decode import load_picture
from crosslift.images.features import decode_all, extract_features
from crosslift.images.image_tower import ImageTower
from crosslift.images.towers import TowerSettings, open_tower
from crosslift.sources.pictograms import load_concepts
from crosslift.sources.record import Record
from crosslift.training.stage_settings import StageSettings
from crosslift.training.weights import Weights

_SIZE, _PATCH = 224, 16
_BATCH = 32
_LOWEST_COSINE = 0.9999
_RATE = 2e-5
_CAPTION_WORDS = 10
_WARM_UP = 2

Vectors = NDArray[np.float32]


def image_rows(
    folder: Path | None, texts: Sequence[str], count: int, steps: int, peaks: dict[str, float]
) -> list[Row]:
    """Rows of pictures; both sides work in turn, and figures of several parts are medians.

    Args:
        folder: of JPEG photographs; None: the embedded pictograms, saved as JPEG.
        texts: for the text side of a training step.
        count: most pictures.
        steps: timed training steps.
        peaks: by precision, floating-point operations a second.

    Raises:
        FileNotFoundError: the folder has not 64 pictures.
        ValueError: both sides' features differ, so the work is not the same.
    """
    with tempfile.TemporaryDirectory() as place:
        paths = jpeg_pictures(folder, Path(place), count)
        tower_folder = _published_folder(Path(place) / "vit")
        rows = [_features(paths, tower_folder, peaks), _decoding(paths, tower_folder)]
        return rows + _shares_of_step(paths, texts, steps)


def jpeg_pictures(folder: Path | None, place: Path, count: int) -> list[Path]:
    """JPEG pictures of a folder; without one the embedded pictograms, written to ``place``.

    Args:
        folder: of JPEG photographs, or None.
        place: an empty folder.
        count: most pictures.

    Raises:
        FileNotFoundError: the folder has not 64 pictures.
    """
    paths = sorted((folder or _pictograms(place, count)).glob("*.jpg"))[:count]
    if len(paths) < 2 * _BATCH:
        raise FileNotFoundError(f"{folder} has {len(paths)} files *.jpg, not {2 * _BATCH}")
    return paths


def _pictograms(place: Path, count: int) -> Path:
    for concept in load_concepts()[:count]:
        drawn = Image.fromarray(load_picture(concept.picture, _SIZE))
        drawn.save(place / f"{concept.id}.jpg", quality=90)
    return place


def _published_folder(folder: Path) -> Path:
    torch.manual_seed(0)
    config = transformers.ViTConfig(image_size=_SIZE, patch_size=_PATCH)
    transformers.utils.logging.disable_progress_bar()
    transformers.ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    transformers.ViTImageProcessorPil().save_pretrained(folder)
    return folder


def _batches(paths: Sequence[Path]) -> list[list[Path]]:
    return [list(paths[first : first + _BATCH]) for first in range(0, len(paths), _BATCH)]


def _in_turn(
    ours: Callable[[list[Path]], Vectors],
    theirs: Callable[[list[Path]], Vectors],
    parts: Sequence[list[Path]],
) -> tuple[NDArray[np.float64], list[tuple[Vectors, Vectors]]]:
    """Seconds [P, 2] and what both sides made of each part."""
    seconds, made = [], []
    for part in parts:
        began = time.perf_counter()
        first = ours(part)
        between = time.perf_counter()
        second = theirs(part)
        seconds.append((between - began, time.perf_counter() - between))
        made.append((first, second))
    return np.array(seconds), made


def _features(paths: Sequence[Path], folder: Path, peaks: dict[str, float]) -> Row:
    tower = open_tower(TowerSettings(str(folder)), 0, torch.device("cpu"))
    model = transformers.ViTModel.from_pretrained(folder, add_pooling_layer=False).eval()
    prepare = _their_pictures(folder)

    def theirs(part: list[Path]) -> Vectors:
        with torch.no_grad():
            states = model(pixel_values=torch.from_numpy(prepare(part))).last_hidden_state
        found: Vectors = states[:, 0].numpy()
        return found

    def ours(part: list[Path]) -> Vectors:
        return extract_features(tower, _our_pictures(tower, part))

    for side in (ours, theirs):
        side(list(paths[:4]))
    # Ours looks at the precision once a call, so it is one call, amid the two halves of theirs.
    middle = len(paths) // 2
    before, first = _timed(lambda: _joined(theirs, list(paths[:middle])))
    mine, found = _timed(lambda: ours(list(paths)))
    after, second = _timed(lambda: _joined(theirs, list(paths[middle:])))
    _check_same(found, np.concatenate([first, second]))
    needed = len(paths) * forward_operations(model.config, [(_SIZE // _PATCH) ** 2 + 1])
    precision = resolve_precision("auto")
    return _row(
        f"features of ViT-B/16 from files, {precision} where close against float32",
        np.array([len(paths)]),
        np.array([[mine, before + after]]),
        needed / mine / peaks[precision],
    )


def _timed(make: Callable[[], Vectors]) -> tuple[float, Vectors]:
    began = time.perf_counter()
    made = make()
    return time.perf_counter() - began, made


def _joined(run: Callable[[list[Path]], Vectors], paths: list[Path]) -> Vectors:
    return np.concatenate([run(part) for part in _batches(paths)])


def _our_pictures(tower: ImageTower, paths: list[Path]) -> NDArray[np.uint8]:
    size, background = tower.picture_size, tower.background
    return decode_all(paths, size, fit=tower.framing, background=background)[0]


def _their_pictures(folder: Path) -> Callable[[list[Path]], Vectors]:
    processor = transformers.ViTImageProcessorPil.from_pretrained(folder)

    def prepare(paths: list[Path]) -> Vectors:
        pictures = [Image.open(path).convert("RGB") for path in paths]
        found: Vectors = np.asarray(processor(pictures, return_tensors="np")["pixel_values"])
        return found

    return prepare


def _check_same(ours: Vectors, theirs: Vectors) -> None:
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (ours, theirs))
    cosine = float((first * second).sum(axis=1).mean())
    if not cosine >= _LOWEST_COSINE:
        raise ValueError(f"the features differ: mean cosine {cosine:.6f}, not {_LOWEST_COSINE}")


def _decoding(paths: Sequence[Path], folder: Path) -> Row:
    tower = open_tower(TowerSettings(str(folder), weights="random"), 0, torch.device("cpu"))

    def ours(part: list[Path]) -> Vectors:
        found: Vectors = tower.as_input(_our_pictures(tower, part), torch.device("cpu")).numpy()
        return found

    prepare = _their_pictures(folder)
    parts = _batches(paths)
    _in_turn(ours, prepare, parts[:1])
    seconds, made = _in_turn(ours, prepare, parts)
    farthest = max(float(np.abs(first - second).max()) for first, second in made)
    if farthest > 1e-4:
        raise ValueError(f"the prepared pictures differ by {farthest}")
    counts = np.array([len(part) for part in parts])
    return _row("decoding and preparing, batches of 32", counts, seconds, None)


def _row(
    name: str, counts: NDArray[np.int64], seconds: NDArray[np.float64], share: float | None
) -> Row:
    ours, theirs = np.median(counts[:, None] / seconds, axis=0)
    ratio = float(np.median(seconds[:, 1] / seconds[:, 0]))
    return Row(name, float(ours), float(theirs), "pictures/s", ratio, share)


def _shares_of_step(paths: Sequence[Path], texts: Sequence[str], steps: int) -> list[Row]:
    """What 32 pictures cost before the tower sees them, beside the step of the texts alone."""
    captions = [" ".join(text.split()[:_CAPTION_WORDS]) for text in texts[: 2 * _BATCH * 8]]
    rows = []
    for name, sides in (("captions", captions), ("texts of mixed lengths", list(texts))):
        step = _text_step(sides)
        seconds = []
        for number in range(_WARM_UP + steps):
            began = time.perf_counter()
            _pictures_of_step(paths, number)
            between = time.perf_counter()
            step(number)
            seconds.append((between - began, time.perf_counter() - between))
        ours, theirs = np.median(np.array(seconds[_WARM_UP:]) * 1000, axis=0)
        title = (
            f"32 photographs decoded, augmented, batched ({ours / theirs:.0%} of a step of {name})"
        )
        rows.append(Row(title, float(ours), float(theirs), "ms", float(theirs / ours), None))
    return rows


def _pictures_of_step(paths: Sequence[Path], number: int) -> torch.Tensor:
    some = [paths[i % len(paths)] for i in range(number * _BATCH, (number + 1) * _BATCH)]
    squares, _ = decode_all(some, _SIZE, fit="crop")
    changed = augment(squares, np.random.default_rng(number), "photo")
    return torch.from_numpy(changed).permute(0, 3, 1, 2).contiguous().float().div_(255)


def _text_step(texts: Sequence[str]) -> Callable[[int], None]:
    """A contrastive step of 32 pairs of texts."""
    encoder = load_encoder(EncoderSettings(name="embedded"))
    pairs = zip(texts[::2], texts[1::2], strict=False)
    records = [Record(str(i), {"anchor": a, "positive": p}) for i, (a, p) in enumerate(pairs)]
    options = FormOptions(text_locked=False, shuffle_pictures=False, seed=0)
    task = TextPairs().open(encoder, Split(records), Split([]), options)
    settings = StageSettings(task="text-pairs", learning_rate=_RATE)
    weights = Weights(encoder, {"text-pairs": task.head}, task.token_ids(), settings)
    encoder.model.train()

    def step(number: int) -> None:
        rows = np.arange(number * _BATCH, (number + 1) * _BATCH) % len(records)
        weights.add_gradient(task.loss(rows, np.random.default_rng(number)).loss)
        weights.step(1.0)

    return step
