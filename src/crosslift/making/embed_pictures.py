"""Makes the vectors of a target's pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crosslift.forms.picture_form import PictureForm
from crosslift.making.on_devices import make_on_devices
from crosslift.making.picture_arrays import open_features, open_pictures
from crosslift.making.trained_heads import load_head
from crosslift.ranks.ranks import Ranks
from crosslift.steps.step import Step, Workplace

if TYPE_CHECKING:
    import torch


def embed_pictures(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `vectors.npy`, float32 [pictures, D], and `text_map.npz` where texts are mapped."""
    make_on_devices(_embed, step, workplace, folder)


def _embed(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    """Each rank runs its batches through the tower; the first one maps all features at once, because
    the bits of a product depend on its size."""
    import torch

    from crosslift.forms.caption_to_feature_head import FeatureHead

    form, made = step.job_as(PictureForm), step.inputs["pictures"]
    state = load_head(step.inputs["tower"], workplace.store, step.settings["task"])
    head = head_of(form, state)
    if form.frozen:
        features = torch.from_numpy(np.array(open_features(made, workplace.store), np.float32))
    else:
        features = head.features(
            open_pictures(made, workplace.store), patches=form.patches, ranks=ranks
        )
    if ranks.number > 0:
        return
    with torch.inference_mode():
        np.save(folder / "vectors.npy", head.picture_vectors(features).numpy())
    if isinstance(head, FeatureHead):
        np.savez(folder / "text_map.npz", weight=state["map.weight"], bias=state["map.bias"])


def head_of(form: Any, state: Mapping[str, torch.Tensor]) -> Any:
    """The head of a form that puts pictures and texts into one space, with its trained weights.

    Args:
        form: the form.
        state: weights of the head, as `load_head` gives them.
    """
    if "map.weight" in state:
        features, width = state["map.weight"].shape
    else:
        width, features = state["project.weight"].shape
    head = form.head(width, 0, features)
    head.load_state_dict(state)
    return head.eval()
