"""Ids of emoji that do not depend on how a publication writes them."""

from __future__ import annotations

from crosslift.errors import DataError

_PRESENTATION = 0xFE0F


def id_of_text(emoji: str) -> str:
    """The id of an emoji: its code points in upper-case hexadecimal, joined by ``-``, without FE0F.

    CLDR leaves FE0F (show as a picture) out of most sequences, the ids of concepts have it.
    """
    return _joined([ord(character) for character in emoji])


def id_of_code_points(written: str) -> str:
    """The id from hexadecimal code points: ``7B`` and ``007b`` are equal, FE0F is ignored.

    Raises:
        DataError: the text is not hexadecimal numbers joined by ``-``.
    """
    try:
        return _joined([int(part, 16) for part in written.split("-")])
    except ValueError as error:
        raise DataError(
            f"the emoji id {written!r}", "hexadecimal code points joined by '-', such as 2764-FE0F"
        ) from error


def _joined(points: list[int]) -> str:
    return "-".join(f"{point:04X}" for point in points if point != _PRESENTATION)
