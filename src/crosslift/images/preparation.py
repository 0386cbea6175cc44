"""How the files of a published vision model prepare pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from crosslift.errors import EncoderError
from crosslift.images.framing import Framing
from crosslift.images.tower_files import is_timm
from crosslift.model_files.read_model import library_errors_explained, read_json_object

_OWN_RESAMPLING = {"ViT": "bilinear", "DINOv3ViT": "bilinear"}  # of transformers' processors
_NO_CROP_FROM = 384  # transformers' ConvNext processor stretches from this size on


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a model's pictures are prepared.

    Args:
        size: side of the square in pixels.
        framing: how a picture becomes that square.
        mean: mean of red, green and blue in [0, 1], subtracted.
        std: standard deviation of red, green and blue, the divisor.
    """

    size: int
    framing: Framing
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def background(self) -> int:
        """The grey level that is closest to 0 after normalisation."""
        return round(255 * sum(self.mean) / 3)

    def at(self, size: int | None) -> Preparation:
        """The same preparation for another size. None: unchanged."""
        if size is None:
            return self
        return Preparation(size, self.framing.at(size, self.size), self.mean, self.std)


_HALVES = (0.5, 0.5, 0.5)

PUBLISHED = {
    "google/vit-base-patch16-224": Preparation(
        224, Framing("stretch", None, "bilinear"), _HALVES, _HALVES
    ),
}
"""Hub name -> preparation of the model's own preprocessor_config.json, so that a study with it can be
planned without a network."""


def preparation_of(folder: Path) -> Preparation:
    """The preparation of preprocessor_config.json (processor_config.json of newer folders; config.json
    of timm).

    Raises:
        EncoderError: the file does not exist, or its preparation is not supported.
    """
    with library_errors_explained(folder, "does not say how its pictures are made"):
        return _of_timm(folder) if is_timm(folder) else _of_files(folder)


def _of_files(folder: Path) -> Preparation:
    config = read_json_object(folder / "preprocessor_config.json")
    config = config or read_json_object(folder / "processor_config.json").get("image_processor", {})
    if not config:
        raise EncoderError(
            f"{folder} does not say how its pictures are made",
            "a file preprocessor_config.json",
            "fetch it from where the model was published",
        )
    return _of_transformers(config, folder)


def _of_transformers(config: Mapping[str, Any], folder: Path) -> Preparation:
    kind = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    kind = kind.removesuffix("Fast").removesuffix("Pil")
    kind = kind.removesuffix("ImageProcessor").removesuffix("FeatureExtractor")
    if not config.get("do_resize", True) or not config.get("do_rescale", True):
        raise EncoderError(
            f"{folder} takes pictures that are not resized or not rescaled", "do_resize, do_rescale"
        )
    _check_rescaling(config, folder)
    size, framing = _frame(config, kind, folder)
    mean, std = (_three(config, name, folder) for name in ("image_mean", "image_std"))
    return Preparation(size, framing, mean, std)


def _check_rescaling(config: Mapping[str, Any], folder: Path) -> None:
    factor = float(config.get("rescale_factor", 1 / 255))
    if not math.isclose(factor, 1 / 255, rel_tol=1e-3):
        raise EncoderError(f"{folder}: rescale_factor {factor}", "1/255")


def _frame(config: Mapping[str, Any], kind: str, folder: Path) -> tuple[int, Framing]:
    """Size of the square, and how a picture becomes one."""
    resample = _resampling(config, kind)
    size, crops = config.get("size"), bool(config.get("do_center_crop", False))
    if isinstance(size, int):  # of older files
        square = not crops and not kind.startswith("ConvNext")
        size = {"height": size, "width": size} if square else {"shortest_edge": size}
    sides = dict(size or {})
    if set(sides) == {"shortest_edge"} and kind.startswith("ConvNext"):
        return _frame_of_convnext(int(sides["shortest_edge"]), config, resample)
    cut = _cut(config.get("crop_size"), folder) if crops else None
    if set(sides) == {"height", "width"} and sides["height"] == sides["width"]:
        scale_to = int(sides["height"])
        return cut or scale_to, Framing("stretch", scale_to if cut else None, resample)
    if set(sides) == {"shortest_edge"} and cut is not None:
        return cut, Framing("crop", int(sides["shortest_edge"]), resample)
    raise EncoderError(
        f"{folder} makes pictures of size {size!r}{' without a crop' if cut is None else ''}",
        "a square: equal height and width, or shortest_edge with a square crop_size",
        "use a model of square pictures, such as the fixed-resolution checkpoints of SigLIP 2",
    )


def _frame_of_convnext(size: int, config: Mapping[str, Any], resample: str) -> tuple[int, Framing]:
    if size >= _NO_CROP_FROM:
        return size, Framing("stretch", None, resample)
    share = config.get("crop_pct") or 224 / 256
    return size, Framing("crop", int(size / share), resample)


def _cut(size: Any, folder: Path) -> int:
    sides = {"height": size, "width": size} if isinstance(size, int) else dict(size or {})
    if "height" not in sides or sides["height"] != sides.get("width"):
        raise EncoderError(f"{folder} crops to {size!r}", "a square")
    return int(sides["height"])


def _resampling(config: Mapping[str, Any], kind: str) -> str:
    number = config.get("resample")
    if number is None:
        return _OWN_RESAMPLING.get(kind, "bicubic")
    return Image.Resampling(int(number)).name.lower()


def _three(config: Mapping[str, Any], name: str, folder: Path) -> tuple[float, float, float]:
    if not config.get("do_normalize", True):
        return (0.0, 0.0, 0.0) if name == "image_mean" else (1.0, 1.0, 1.0)
    values = config.get(name)
    if not isinstance(values, list) or len(values) != 3:
        raise EncoderError(f"{folder} says {name} {values!r}", "three numbers, of an RGB picture")
    return float(values[0]), float(values[1]), float(values[2])


def _of_timm(folder: Path) -> Preparation:
    """timm's evaluation transform: scales the short side to size / crop_pct and cuts out the middle."""
    config = read_json_object(folder / "config.json").get("pretrained_cfg", {})
    missing = [name for name in ("input_size", "mean", "std") if name not in config]
    if missing:
        raise EncoderError(
            f"{folder}/config.json does not say {', '.join(missing)}", "timm's pretrained_cfg"
        )
    channels, height, width = config["input_size"]
    if channels != 3 or height != width:
        raise EncoderError(f"{folder} takes {config['input_size']}", "square pictures, [3, S, S]")
    mode = config.get("crop_mode") or "center"
    if mode not in ("center", "squash"):
        raise EncoderError(f"{folder}: crop_mode {mode!r}", "center or squash")
    scale_to = math.floor(height / (config.get("crop_pct") or 0.875))
    resample = str(config.get("interpolation") or "bicubic")
    framing = Framing("crop" if mode == "center" else "stretch", scale_to, resample, True)
    mean, std = (tuple(map(float, config[name])) for name in ("mean", "std"))
    return Preparation(height, framing, mean, std)  # type: ignore[arg-type]
