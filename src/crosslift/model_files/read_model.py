"""Reading published model folders: every fault in them raises one of our own errors.

No torch here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.errors import CrossLiftError, EncoderError
from crosslift.model_files.find_model import WEIGHTS

_REMEDY = "fetch the folder again, or write it again with the library that made it"
_NO_WEIGHTS = (
    "some models of the hub have it in another revision; a pickle is not fetched: load such a model "
    "once where you trust it and save it with `model.save_pretrained(FOLDER)`"
)
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


@contextlib.contextmanager
def library_errors_explained(
    folder: Path, what: str = "cannot be loaded", error: type[CrossLiftError] = EncoderError
) -> Iterator[None]:
    """Turns every error of a library that reads a folder into an error that names the folder.

    Libraries raise errors of every class for a damaged file, and those in Rust panic with a class
    that is not an ``Exception``. So no class is listed here.

    Args:
        folder: folder that is read.
        what: rest of the message's sentence about the folder.
        error: the error to raise.

    Raises:
        CrossLiftError: ``error``, if the block raised; only errors of CrossLift and interruptions
            pass unchanged.
    """
    try:
        yield
    except (CrossLiftError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as cause:
        if "trust_remote_code" in str(cause):
            raise error(
                f"{folder} has its own code (`auto_map` in its config.json), and CrossLift runs no "
                "code of a model folder",
                "a model whose classes are in transformers",
            ) from cause
        raise error(f"{folder} {what}: {_reason(cause)}", remedy=_REMEDY) from cause


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:400]}" if text else name


def read_json(path: Path, error: type[CrossLiftError] = EncoderError) -> Any:
    """The value of a JSON file; an empty object if there is no such file.

    Raises:
        CrossLiftError: ``error``, if the file cannot be read, or is not JSON.
    """
    with library_errors_explained(path, "cannot be read", error):
        content = path.read_bytes() if path.is_file() else b"{}"
    return parse_json(content, str(path), error=error, remedy=_REMEDY)


def read_json_object(path: Path, error: type[CrossLiftError] = EncoderError) -> dict[str, Any]:
    """As `read_json`, for a file with an object.

    Raises:
        CrossLiftError: as for `read_json`, or the file has another value.
    """
    value = read_json(path, error)
    if not isinstance(value, dict):
        raise error(f"{path} is a {type(value).__name__}", "a JSON object", _REMEDY)
    return value


def folder_inside(folder: Path, path: object, place: str) -> Path:
    """A folder that a file names relative to its own.

    Args:
        folder: folder that must contain it.
        path: its name.
        place: the file that names it, for the message.

    Raises:
        EncoderError: the name is not a text, or leads out of the folder.
    """
    if isinstance(path, str) and "\0" not in path and "\\" not in path:
        parts = PurePosixPath(path)
        if not parts.is_absolute() and ".." not in parts.parts:
            return folder / parts
    raise EncoderError(f"{place}: path {path!r}", f"a folder inside {folder}", _REMEDY)


def check_weights(
    folder: Path, remedy: str = _NO_WEIGHTS, error: type[CrossLiftError] = EncoderError
) -> None:
    """Checks that a folder has its weights as safetensors.

    Args:
        folder: folder of a model.
        remedy: what to do if it has no weights.
        error: the error to raise.

    Raises:
        CrossLiftError: ``error``, if it has none, or only as a pickle, which is refused.
    """
    if any(folder.glob(WEIGHTS)):
        return
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        raise error(
            f"{folder} has its weights only as a pickle ({', '.join(pickles)}), which is refused: "
            "a pickle can run code when it is opened",
            "weights as .safetensors",
            "load it once where you trust it and save it with "
            "`model.save_pretrained(FOLDER, safe_serialization=True)`",
        )
    raise error(f"{folder} has no weights", "a file model.safetensors", remedy)


def tensor_shapes(folder: Path, pattern: str = WEIGHTS) -> dict[str, tuple[int, ...]]:
    """The name and shape of each tensor in a folder's safetensors files; the weights are not read.

    Args:
        folder: folder of a model.
        pattern: pattern of the files.

    Raises:
        EncoderError: the folder has no weights, or a file is damaged.
    """
    from safetensors import safe_open

    check_weights(folder)
    shapes: dict[str, tuple[int, ...]] = {}
    with library_errors_explained(folder):
        for path in sorted(folder.glob(pattern)):
            with safe_open(path, "np") as tensors:
                for name in tensors.keys():  # noqa: SIM118
                    shapes[name] = tuple(tensors.get_slice(name).get_shape())
    return shapes
