"""Checks language codes in data."""

from __future__ import annotations

from crosslift.errors import DataError, UnknownNameError, nearest
from crosslift.languages import FAMILIES, from_iso3, language


def language_code(code: str, place: str) -> str:
    """A BCP-47 code in its usual case, as ``pt-BR`` for ``pt_br``.

    Args:
        code: as in the data.
        place: its location, for errors ("FILE, row 3: column 'language'").

    Raises:
        DataError: an unknown language; the message names the nearest codes.
    """
    try:
        return language(code).code
    except UnknownNameError as error:
        near = _near(code)
        raise DataError(
            f"{place} holds {code!r}, which is the code of no known language",
            "a BCP-47 code, such as de, pt-BR or zh-Hans",
            f"did you mean {' or '.join(map(repr, near))}?" if near else None,
        ) from error


def _near(code: str) -> list[str]:
    """Likely codes: the one for a three-letter code, else those nearest in spelling."""
    try:
        return [from_iso3(code.lower())]
    except UnknownNameError:
        return nearest(code, FAMILIES)
