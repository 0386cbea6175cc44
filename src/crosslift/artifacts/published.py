"""Reading model folders that others published: whatever is wrong in them, an EncoderError says so."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from crosslift.artifacts.parse import parse_json
from crosslift.errors import CrossLiftError, EncoderError

_REMEDY = "fetch the folder again, or write it again with the library that made it"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


@contextlib.contextmanager
def published_folder(folder: Path, what: str = "cannot be loaded") -> Iterator[None]:
    """Turns every error of a library that reads a folder into an EncoderError that names the folder.

    Libraries raise errors of every class for a damaged file, and those in Rust panic with one that
    is no ``Exception``. So none is listed here.

    Args:
        folder: that is read.
        what: the sentence about it.

    Raises:
        EncoderError: the block raised; only what CrossLift raised, and an interruption, pass as
            they are.
    """
    try:
        yield
    except (CrossLiftError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if "trust_remote_code" in str(error):
            raise EncoderError(
                f"{folder} has code of its own (`auto_map` in its config.json), and CrossLift runs no "
                "code of a model folder",
                "a model whose classes are in transformers",
            ) from error
        raise EncoderError(f"{folder} {what}: {_reason(error)}", remedy=_REMEDY) from error


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:400]}" if text else name


def read_json(path: Path) -> Any:
    """The value of a JSON file; an empty object where there is no such file.

    Raises:
        EncoderError: the file cannot be read, or holds no JSON.
    """
    with published_folder(path, "cannot be read"):
        content = path.read_bytes() if path.is_file() else b"{}"
    return parse_json(content, str(path), error=EncoderError, remedy=_REMEDY)


def read_json_object(path: Path) -> dict[str, Any]:
    """As `read_json`, of a file that holds an object.

    Raises:
        EncoderError: as `read_json`, or the file holds another value.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise EncoderError(f"{path} holds a {type(value).__name__}", "a JSON object", _REMEDY)
    return value


def folder_inside(folder: Path, path: object, place: str) -> Path:
    """A folder that a file names relative to its own.

    Args:
        folder: in which it must lie.
        path: its name.
        place: what names it, for the message.

    Raises:
        EncoderError: the name is no text, or leads out of the folder.
    """
    if isinstance(path, str) and "\0" not in path and "\\" not in path:
        parts = PurePosixPath(path)
        if not parts.is_absolute() and ".." not in parts.parts:
            return folder / parts
    raise EncoderError(f"{place}: path {path!r}", f"a folder inside {folder}", _REMEDY)


def check_weights(folder: Path, remedy: str | None = None) -> None:
    """Checks that a folder has its weights as safetensors.

    Args:
        folder: of a model.
        remedy: what to do where it has no weights.

    Raises:
        EncoderError: it has none, or only as a pickle, which is refused.
    """
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
    if pickles:
        raise EncoderError(
            f"{folder} has its weights only as a pickle ({', '.join(pickles)}), which is refused: "
            "a pickle can run code when it is opened",
            "weights as .safetensors",
            "load it once where you trust it and save it with "
            "`model.save_pretrained(FOLDER, safe_serialization=True)`",
        )
    raise EncoderError(f"{folder} has no weights", "a file model.safetensors", remedy)
