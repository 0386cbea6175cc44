"""CLDR's emoji names in XML, as Unicode and Debian's ``unicode-cldr-core`` publish them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from crosslift.errors import DataError
from crosslift.sources.cldr.emoji_ids import id_of_text
from crosslift.sources.cldr.json_names import Name


def names_of_xml(path: Path) -> Iterator[Name]:
    """The names (``type="tts"``) in ``LOCALE.xml``.

    The file's document type is not read, and a file that declares entities is refused.

    Raises:
        DataError: the file is not XML, or declares entities.
    """
    reader = _NamesHandler(path)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = reader.refuse_entity
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.text
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "a readable file") from error
    except (expat.ExpatError, LookupError, ValueError) as error:  # an unknown encoding
        raise DataError(f"{path} is not valid XML: {error}", "annotations of CLDR") from error
    return iter(reader.names)


class _NamesHandler:
    """Collects the names while the parser walks through a file."""

    def __init__(self, path: Path) -> None:
        self.names: list[Name] = []
        self._path = path
        self._emoji: str | None = None
        self._parts: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        spoken = tag == "annotation" and attributes.get("type") == "tts"
        self._emoji = attributes.get("cp") if spoken else None
        self._parts = []

    def text(self, part: str) -> None:
        self._parts.append(part)

    def end(self, tag: str) -> None:
        if self._emoji is not None:
            text = "".join(self._parts)
            self.names.append(Name(self._path.stem, id_of_text(self._emoji), text))
        self._emoji = None
        del tag

    def refuse_entity(self, name: str, *rest: object) -> None:
        del rest
        raise DataError(
            f"{self._path} declares the entity {name!r}",
            "annotations of CLDR, which declare none",
            "get the file from CLDR's publication",
        )
