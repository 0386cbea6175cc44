"""Loading models of transformers: only from safetensors, with all weights, without output.

No code of a model folder is run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file
from torch import Tensor

from crosslift.errors import CrossLiftError, EncoderError, first_line
from crosslift.model_files.read_model import check_weights, library_errors_explained


def load_config(folder: Path) -> Any:
    """The configuration of a model of transformers.

    Raises:
        EncoderError: it cannot be read, or needs code of the folder.
    """
    with library_errors_explained(folder):
        return transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)


def load_model(
    folder: Path,
    kind: Any,
    *,
    not_needed: tuple[str, ...] = (),
    error: type[CrossLiftError] = EncoderError,
) -> Any:
    """A model of transformers with its published weights in float32.

    Args:
        folder: folder of the model.
        kind: the class of transformers that loads it, such as ``AutoModel``.
        not_needed: beginnings of the names of weights that may be missing, because nothing uses them.
        error: the error to raise.

    Raises:
        CrossLiftError: ``error``, if it cannot be loaded, has its weights only as a pickle, or lacks
            weights that are needed.
    """
    check_weights(folder, error=error)
    with library_errors_explained(folder, error=error), quiet_transformers():
        model, info = kind.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    missing = sorted(name for name in info["missing_keys"] if not name.startswith(not_needed))
    if missing:
        raise error(
            f"{folder} lacks weights: {', '.join(missing[:5])} ({len(missing)} in all)",
            "weights for every part of the model",
        )
    return model


def load_tokenizer(folder: Path, error: type[CrossLiftError] = EncoderError) -> Any:
    """The tokenizer of a folder, after a test on a text.

    Raises:
        CrossLiftError: ``error``, if the folder has none that works, or a package for it is missing.
    """
    with library_errors_explained(folder, "has no usable tokenizer", error), quiet_transformers():
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        except ImportError as cause:
            raise error(
                f"{folder} has a tokenizer that needs a package that is not installed: "
                f"{first_line(cause)}",
                remedy="install it; `pip install 'crosslift[translation]'` brings sentencepiece",
            ) from cause
        _check_tokenizer_files(tokenizer, folder, error)
        tokenizer(["a"])
    return tokenizer


def _check_tokenizer_files(tokenizer: Any, folder: Path, error: type[CrossLiftError]) -> None:
    """Refuses a tokenizer with an empty vocabulary, which transformers makes if a file is missing."""
    files = {name for name in type(tokenizer).vocab_files_names.values() if name}
    if files and not any((folder / name).is_file() for name in files | {"tokenizer.json"}):
        raise error(
            f"{folder} has no tokenizer: none of the files {', '.join(sorted(files))}",
            "the files of its tokenizer in the folder of the weights",
            "`tokenizer.save_pretrained(FOLDER)` writes them",
        )


def load_tensors(folder: Path) -> dict[str, Tensor]:
    """The tensors of a folder's model.safetensors, by name.

    Raises:
        EncoderError: the file is missing or damaged, or the weights exist only as a pickle.
    """
    check_weights(folder)
    with library_errors_explained(folder):
        tensors: dict[str, Tensor] = load_file(folder / "model.safetensors")
    return tensors


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keeps transformers from writing reports and progress bars."""
    logging = transformers.utils.logging
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()
