"""Reading ledgers of claims: those of the package, and files of users."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from crosslift.artifacts.parse import Location, parse_yaml
from crosslift.claims.schema import Ledger
from crosslift.errors import StudyError

PACKAGED = ("phang2020", "huang2021", "ngugi2025", "krasner2025")


def packaged_ledgers() -> list[Ledger]:
    """The ledgers that come with the package."""
    folder = resources.files("crosslift.claims")
    return [
        parse_ledger((folder / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")
        for name in PACKAGED
    ]


def read_ledger(path: Path) -> Ledger:
    """Reads a ledger (YAML).

    Raises:
        StudyError: the file cannot be read, or is no ledger; all errors are listed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"the ledger {path} cannot be read: {error}", "a YAML file") from error
    return parse_ledger(text, str(path))


def parse_ledger(text: str, source: str = "ledger") -> Ledger:
    """The ledger of a YAML text; see `read_ledger`.

    Args:
        text: text of the file.
        source: its name in messages.
    """
    raw, lines = parse_yaml(text, source, error=StudyError)
    try:
        return Ledger.model_validate(raw)
    except ValidationError as error:
        messages = [_message(detail["loc"], detail["msg"], lines) for detail in error.errors()]
        raise StudyError(
            f"{source}: {'; '.join(messages)}", "claims as docs/claims.md describes"
        ) from error


def _message(place: Location, message: str, lines: Mapping[Location, int]) -> str:
    nearest = place
    while nearest and nearest not in lines:
        nearest = nearest[:-1]
    line = f"line {lines[nearest]}: " if nearest in lines else ""
    name = ".".join(str(part) for part in place)
    return f"{line}{name}: {message.removeprefix('Value error, ')}"
