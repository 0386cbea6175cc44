"""The text halves of CLIP and SigLIP, which share a space with the pictures of their vision half."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from crosslift.encoders.tokenizer import check_vocabulary, load_padding_tokenizer
from crosslift.errors import EncoderError
from crosslift.images.tower_files import model_folder
from crosslift.model_files.load_model import load_config, load_model
from crosslift.model_files.read_model import library_errors_explained, read_json_object

_BATCH = 64


class TextTower:
    """The text half of a CLIP or SigLIP model.

    Its vectors are comparable with the pooled ones of an image tower of the same model whose
    settings say ``projected``.

    Args:
        model: the whole model.
        tokenizer: its tokenizer.
        folder: folder that they were loaded from.
    """

    def __init__(self, model: Any, tokenizer: Any, folder: Path) -> None:
        self._model, self._tokenizer, self._folder = model, tokenizer, folder
        self._longest = int(model.config.text_config.max_position_embeddings)
        # SigLIP was trained on texts padded to the full length, and uses the last position.
        self._padding = "max_length" if model.config.model_type == "siglip" else "longest"
        self._masks = model.config.model_type == "clip"

    @property
    def width(self) -> int:
        """Length E of the vectors."""
        config = self._model.config
        if config.model_type == "clip":
            return int(config.projection_dim)
        text = config.text_config
        return int(getattr(text, "projection_size", None) or text.hidden_size)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of N texts in the space shared with pictures, not normalised.

        Longer texts are cut to as many tokens as the model has positions (77 for CLIP, 64 for SigLIP).

        Returns:
            float32 [N, E]

        Raises:
            EncoderError: a vector is not finite.
        """
        vectors = np.empty((len(texts), self.width), np.float32)
        for first in range(0, len(texts), _BATCH):
            with library_errors_explained(self._folder, "cannot read texts"):
                vectors[first : first + _BATCH] = self._batch(list(texts[first : first + _BATCH]))
        if not np.isfinite(vectors).all():
            raise EncoderError("a text's vector is not finite", "finite numbers")
        return vectors

    def _batch(self, texts: list[str]) -> NDArray[np.float32]:
        ids = self._tokenizer(
            texts,
            padding=self._padding,
            truncation=True,
            max_length=self._longest,
            return_tensors="pt",
            return_attention_mask=self._masks,
        ).to(self._model.device)
        inputs = {name: ids[name] for name in ("input_ids", "attention_mask") if name in ids}
        with torch.inference_mode():
            output = self._model.get_text_features(**inputs)
        vectors = getattr(output, "pooler_output", output)  # releases of transformers differ
        array: NDArray[np.float32] = vectors.float().cpu().numpy()
        return array


def open_text_tower(
    name: str, revision: str | None = None, device: torch.device | None = None
) -> TextTower:
    """The text half of a CLIP or SigLIP model with its tokenizer, in evaluation mode.

    Args:
        name: a folder or a hub name.
        revision: revision of a hub name. None: its main branch.
        device: device that it computes on. None: the CPU.

    Raises:
        EncoderError: it cannot be found, has no text half, or lacks weights or a tokenizer.

    Source: Radford et al. 2021 (arXiv 2103.00020); Zhai et al. 2023 (arXiv 2303.15343).
    """
    folder = model_folder(name, revision)
    config = load_config(folder)
    if config.model_type not in ("clip", "siglip"):
        raise EncoderError(
            f"{folder} is of the kind {config.model_type!r}, without a text half that shares a space "
            "with pictures",
            "a whole CLIP or SigLIP model",
        )
    with library_errors_explained(folder):
        model, tokenizer = load_model(folder, transformers.AutoModel), _tokenizer(folder)
        del model.vision_model
        rows = len(model.text_model.get_input_embeddings().weight)
        check_vocabulary(tokenizer, rows, folder)
        return TextTower(model.eval().to(device or torch.device("cpu")), tokenizer, folder)


def _tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder; it lower-cases texts if tokenizer_config.json says so.

    The file of SigLIP 2 says so, but its tokenizer class does not read the key.
    """
    lower_case = read_json_object(folder / "tokenizer_config.json").get("do_lower_case") is True
    return load_padding_tokenizer(folder, lower_case=lower_case)
