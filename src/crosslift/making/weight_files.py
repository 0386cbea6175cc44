"""The files of the weights that a training step leaves."""

from __future__ import annotations

from pathlib import Path


def weights_file(part: str, checkpoint: str | None = None) -> str:
    """Name of the file of trained weights.

    Args:
        part: ``encoder`` or ``head``.
        checkpoint: name of kept weights of the stage; None: the weights at its end.
    """
    return f"{part}.safetensors" if checkpoint is None else f"{part}-{checkpoint}.safetensors"


def evaluations_kept(folder: Path) -> int:
    """Number of dev evaluations whose weights the training step of a folder keeps."""
    heads = folder.glob(weights_file("head", "*"))
    return sum(path.stem.partition("-")[2].isdigit() for path in heads)
