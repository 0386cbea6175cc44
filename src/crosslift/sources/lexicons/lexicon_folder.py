"""All lexicons of a folder, one for each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.errors import DataError, UnknownNameError, encodable
from crosslift.sources.file_names import is_folder
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.lexicons.lexicon import Lexicon
from crosslift.sources.lexicons.read_lexicon import FORMATS, names_languages, read_lexicon

_ENDINGS = (".tsv", ".csv", ".index", ".txt")
_BESIDE_AN_INDEX = (".dict", ".dict.dz")


@dataclass(frozen=True, slots=True)
class LexiconFolder:
    """The lexicons of a folder or of one file.

    Args:
        lexicons: language -> lexicon, in the requested order.
        unread: name of another file of the folder -> why it is not a lexicon.
    """

    lexicons: Mapping[str, Lexicon]
    unread: Mapping[str, str]


def lexicons_of(where: Path, languages: Sequence[str] | None) -> LexiconFolder:
    """The lexicon of a file, or all lexicons in a folder.

    Args:
        where: a file, ``names:`` and a code, or a folder.
        languages: BCP-47 codes of the lexicons to read; default: all.

    Raises:
        DataError: no readable lexicon, two of one language, or a faulty one while a language is
            missing.
        UnknownNameError: a language of no lexicon.
    """
    if not is_folder(where):
        lexicon = read_lexicon(where)
        return LexiconFolder(
            _requested_lexicons(where, {lexicon.language: lexicon}, {}, languages), {}
        )
    lexicons: dict[str, Lexicon] = {}
    faults: dict[str, DataError] = {}
    for path in entries_of(where, "a folder of lexicons"):
        if path.name.startswith(".") or path.name.endswith(_BESIDE_AN_INDEX):
            continue
        try:
            lexicon = _lexicon(path)
        except DataError as fault:
            faults[encodable(path.name)] = fault
            continue
        if lexicon.language in lexicons:
            raise DataError(
                f"{where} holds two lexicons of {lexicon.language}, one of them {path.name}",
                "one of each language",
            )
        lexicons[lexicon.language] = lexicon
    if not lexicons and not any(names_languages(where / name) for name in faults):
        raise DataError(f"no lexicon in {where}", f"{FORMATS}, with its languages in its name")
    requested = _requested_lexicons(where, lexicons, faults, languages)
    return LexiconFolder(requested, {name: fault.what for name, fault in faults.items()})


def _lexicon(path: Path) -> Lexicon:
    if not path.is_file() or path.suffix.lower() not in _ENDINGS:
        raise DataError("of no format of lexicons")
    if not names_languages(path):
        raise DataError("its name does not contain its languages")
    return read_lexicon(path)


def _requested_lexicons(
    where: Path,
    lexicons: Mapping[str, Lexicon],
    faults: Mapping[str, DataError],
    languages: Sequence[str] | None,
) -> dict[str, Lexicon]:
    broken = [fault for name, fault in faults.items() if names_languages(where / name)]
    for language in languages or ():
        if language not in lexicons and broken:
            raise broken[0]
        if language not in lexicons:
            raise UnknownNameError(f"language of the lexicons in {where}", language, lexicons)
    if not lexicons:
        raise broken[0]
    return {language: lexicons[language] for language in languages or lexicons}
