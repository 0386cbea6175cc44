"""The columns of a row: captions, picture, language, group, split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crosslift.errors import DataError, UnknownNameError, nearest
from crosslift.sources.captions.entry import CaptionEntry
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.language_codes import language_code
from crosslift.sources.picture import Picture

IMAGE_NAMES = ("image", "file_name", "filename", "image_path", "image_file", "file_path", "img")
"""Usual names of the picture's column; the first that exists is used."""

TEXT_NAMES = ("text", "caption", "captions", "texts", "sentences")
"""Usual names of the captions' column; exactly one must exist."""

ID_NAMES = ("image_id", "img_id", "cocoid", "filename", "file_name")
"""Columns that name the picture in a row with its bytes; the first that exists is used."""

ROLES = ("image", "text", "id", "language", "group", "split")
"""Roles of columns."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The columns of a row.

    Args:
        image: column of the picture.
        texts: column of captions: a text, or a list of texts.
        id: column of the picture's name; None: its location is its name.
        language: column of BCP-47 codes; None: no such column.
        group: column of group names; None: no such column.
        split: column of names of splits; None: no such column.
    """

    image: str
    texts: tuple[str, ...]
    id: str | None = None
    language: str | None = None
    group: str | None = None
    split: str | None = None

    @property
    def beside_image(self) -> list[str]:
        """The columns besides the picture's, each once."""
        columns = (*self.texts, self.id, self.language, self.group, self.split)
        return [name for name in dict.fromkeys(columns) if name is not None and name != self.image]


def check_roles(columns: Mapping[str, str]) -> None:
    """Raises unless columns are bound to known roles.

    Raises:
        UnknownNameError: an unknown role; the message names the nearest ones.
    """
    for role in columns:
        if role not in ROLES:
            raise UnknownNameError("role of a column", role, ROLES)


def bind(
    names: Iterable[str],
    columns: Mapping[str, str],
    place: str,
    *,
    ids: tuple[str, ...] = (),
) -> Binding:
    """Finds the columns of captioned pictures among those of a table.

    Args:
        names: names of the table's columns.
        columns: role -> column, if the user names it; for ``text`` also several, separated by commas.
            An empty ``split``: the column of that name is ignored.
        place: place of the table, for errors.
        ids: columns that may name the picture; the first that exists is used. Empty: none.

    Raises:
        DataError: a named column does not exist; there is no column for the picture or the captions,
            or several for the captions.
    """
    known = list(dict.fromkeys(names))
    one_split = columns.get("split") == ""
    columns = {role: column for role, column in columns.items() if column}
    for role, column in columns.items():
        for name in _listed(column, known) if role == "text" else (column,):
            _check(name, known, role, place)
    return Binding(
        image=columns.get("image") or _image(known, place),
        texts=_listed(columns["text"], known) if "text" in columns else (_text(known, place),),
        id=columns.get("id") or next((name for name in ids if name in known), None),
        language=columns.get("language") or _if_present("language", known),
        group=columns.get("group") or _if_present("group", known),
        split=None if one_split else columns.get("split") or _if_present("split", known),
    )


def entry_of(row: Row, binding: Binding, picture: Picture | None, picture_id: str) -> CaptionEntry:
    """A row as an entry.

    Args:
        row: row with the columns of ``binding``; its picture's column is not read.
        binding: binding of the columns.
        picture: picture of the row.
        picture_id: used if no column names the picture.

    Raises:
        DataError: a caption is not a text, or another column holds an invalid value.
    """
    return CaptionEntry(
        _name(row, binding.id) or picture_id,
        picture,
        tuple(text for column in binding.texts for text in _captions(row, column)),
        row.place,
        language=_language(row, binding.language),
        group=_name(row, binding.group),
        split=_name(row, binding.split),
    )


def _listed(column: str, known: list[str]) -> tuple[str, ...]:
    if column in known:
        return (column,)
    return tuple(part.strip() for part in column.split(","))


def _check(name: str, known: list[str], role: str, place: str) -> None:
    if name in known:
        return
    near = nearest(name, known)
    raise DataError(
        f"{place}: no column {name!r}, given as the {role!r}",
        f"one of {', '.join(known) or 'none'}",
        f"did you mean {' or '.join(map(repr, near))}?" if near else None,
    )


def _if_present(name: str, known: list[str]) -> str | None:
    return name if name in known else None


def _image(known: list[str], place: str) -> str:
    column = next((name for name in IMAGE_NAMES if name in known), None)
    if column is None:
        raise DataError(
            f"{place}: no column of pictures among {', '.join(known) or 'none'}",
            f"one of {', '.join(IMAGE_NAMES)}",
            "name it: columns {'image': ...}",
        )
    return column


def _text(known: list[str], place: str) -> str:
    columns = [name for name in TEXT_NAMES if name in known]
    if len(columns) == 1:
        return columns[0]
    candidates = " and ".join(map(repr, columns))
    what = f"{candidates} may each hold the captions" if columns else "no column of captions"
    raise DataError(
        f"{place}: {what}, of the columns {', '.join(known) or 'none'}",
        f"one of {', '.join(TEXT_NAMES)}",
        "name it: columns {'text': ...}",
    )


def _captions(row: Row, column: str) -> tuple[str, ...]:
    value = row.value(column)
    values = value if isinstance(value, list | tuple) else [value]
    for text in values:
        if text is not None and not isinstance(text, str):
            raise row.fault(f"{column!r} holds {short(value)}", "a text, or a list of texts")
    return tuple(text or "" for text in values)


def _name(row: Row, column: str | None) -> str | None:
    """The text or whole number in a column; None if it is empty."""
    value = row.values.get(column) if column else None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise row.fault(f"{column!r} holds {short(value)}", "a text or a whole number")
    return str(value).strip() or None


def _language(row: Row, column: str | None) -> str | None:
    code = _name(row, column)
    return None if code is None else language_code(code, f"{row.place}: column {column!r}")
