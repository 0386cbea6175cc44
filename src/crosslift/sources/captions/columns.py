"""Which column of a row holds what: captions, picture, language, group, split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crosslift.errors import DataError, UnknownNameError, nearest
from crosslift.sources.captions.entry import CaptionEntry
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.language_codes import language_code
from crosslift.sources.picture import Picture

IMAGE_NAMES = ("image", "file_name", "filename", "image_path", "image_file", "file_path", "img")
"""Columns taken for the picture, the first that is there."""

TEXT_NAMES = ("text", "caption", "captions", "texts", "sentences")
"""Columns taken for the captions, the only one that is there."""

ID_NAMES = ("image_id", "img_id", "cocoid", "filename", "file_name")
"""Columns that name the picture of a row that holds its bytes, the first that is there."""

ROLES = ("image", "text", "id", "language", "group", "split")
"""What a column can be bound to."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The columns of a row.

    Args:
        image: of the picture.
        texts: of captions: a text, or a list of texts.
        id: of what names the picture; None: where it lies does.
        language: of BCP-47 codes; None: there is none.
        group: of group names; None: there is none.
        split: of names of splits; None: there is none.
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
        named = (*self.texts, self.id, self.language, self.group, self.split)
        return [name for name in dict.fromkeys(named) if name is not None and name != self.image]


def check_roles(columns: Mapping[str, str]) -> None:
    """Raises unless columns are bound to known roles.

    Raises:
        UnknownNameError: an unknown role; the nearest are told.
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
        names: of the table's columns.
        columns: role -> column, where it is told; of ``text`` also several, parted by commas; an empty
            ``split``: the column of that name is not looked at.
        place: of the table, for errors.
        ids: columns that name the picture, the first that is there; none: they are not looked for.

    Raises:
        DataError: a column that is told is not there; none is there for the picture or the
            captions, or several for the captions.
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
        language=columns.get("language") or _there("language", known),
        group=columns.get("group") or _there("group", known),
        split=None if one_split else columns.get("split") or _there("split", known),
    )


def entry_of(row: Row, binding: Binding, picture: Picture | None, picture_id: str) -> CaptionEntry:
    """A row as an entry.

    Args:
        row: with the columns of ``binding``; its picture's column is not read.
        binding: of the columns.
        picture: of the row.
        picture_id: where no column names the picture.

    Raises:
        DataError: a caption is no text, or another column holds what it cannot.
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
        f"{place}: no column {name!r}, which is to be the {role!r}",
        f"one of {', '.join(known) or 'none'}",
        f"did you mean {' or '.join(map(repr, near))}?" if near else None,
    )


def _there(name: str, known: list[str]) -> str | None:
    return name if name in known else None


def _image(known: list[str], place: str) -> str:
    found = next((name for name in IMAGE_NAMES if name in known), None)
    if found is None:
        raise DataError(
            f"{place}: no column of pictures among {', '.join(known) or 'none'}",
            f"one of {', '.join(IMAGE_NAMES)}",
            "name it: columns {'image': ...}",
        )
    return found


def _text(known: list[str], place: str) -> str:
    found = [name for name in TEXT_NAMES if name in known]
    if len(found) == 1:
        return found[0]
    told = " and ".join(map(repr, found))
    what = f"{told} may each hold the captions" if found else "no column of captions"
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
    """The text or whole number of a column that tells of a row; None where it is empty."""
    value = row.values.get(column) if column else None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise row.fault(f"{column!r} holds {short(value)}", "a text or a whole number")
    return str(value).strip() or None


def _language(row: Row, column: str | None) -> str | None:
    code = _name(row, column)
    return None if code is None else language_code(code, f"{row.place}: column {column!r}")
