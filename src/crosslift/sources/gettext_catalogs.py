"""Bitexts from gettext catalogs: the installed Django's, or those of any project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crosslift.errors import DataError, UnknownNameError, encodable
from crosslift.sources.catalog_files import (
    CatalogFile,
    CatalogFolder,
    django_folder,
    find_catalogs,
)
from crosslift.sources.catalog_messages import Message, read_messages
from crosslift.sources.catalog_texts import clean_pair, count_letters, count_words, item_id
from crosslift.sources.checksums import sha256_of
from crosslift.sources.origin import Origin
from crosslift.sources.record import Bitext

Half = Literal["train", "test"]

CATALOGS_ORIGIN = Origin("BSD-3-Clause (Django)", "gettext catalogs of Django 5.2")
"""Origin of the installed catalogs."""

LONGEST = 10_000
"""Characters of a text; cleaning a longer one takes time with the square of its length."""


@dataclass(frozen=True, slots=True)
class _CatalogEntry:
    id: str
    src: str
    tgt: str


def load_catalogs(path: Path | None = None, *, min_characters: int = 2) -> Catalogs:
    """The gettext catalogs of a project, read language by language on demand.

    Args:
        path: folder or single ``.po``, ``.mo`` or ``.gmo`` file; default: the installed Django's
            catalogs.
        min_characters: fewest letters that both sides of a pair must keep after cleaning.

    Raises:
        DataError: there is no catalog, or none names its language.
    """
    return Catalogs(find_catalogs(path or django_folder()), min_characters)


def half_of(item_id: str) -> Half:
    """The half of the data an item belongs to, in every language and every release.

    The first eight digits of an id hash the English text without case, punctuation and
    placeholders, so that the halves never share English texts that differ only in these.

    Args:
        item_id: an id from `Catalogs.bitext`.
    """
    return "train" if int(item_id[:8], 16) % 2 == 0 else "test"


class Catalogs:
    """Translations of English messages into many languages.

    Left out: fuzzy, obsolete and untranslated entries, translations that equal their source,
    texts with too few letters, or of more than 10,000 characters.

    For an entry with a plural, the English singular pairs with the form that the language uses for
    n = 1 and the English plural with the form for n = 5; if both forms are equal, only the
    singular pairs, so that no text has two English sides. A plural whose English text falls into
    the other half than its singular is left out: the halves share no entry.

    A broken file is skipped and named in `unread`, if another one of its language is readable.

    Args:
        catalogs: files with their languages.
        min_characters: fewest letters of both sides.
    """

    def __init__(self, catalogs: CatalogFolder, min_characters: int = 2) -> None:
        self.notes = catalogs.notes
        self._files: dict[str, list[Path]] = {}
        self._unread = dict(catalogs.unread)
        for file in catalogs.files:
            self._files.setdefault(file.language, []).append(file.path)
            if _is_english(file.language):
                self._unread[encodable(str(file.path))] = "its language is English"
        self._min_characters = min_characters
        self._entries: dict[str, tuple[_CatalogEntry, ...]] = {}
        self._skipped: dict[str, Counter[str]] = {}

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP-47 codes of the languages translated to; without English variants."""
        return tuple(sorted(code for code in self._files if not _is_english(code)))

    @property
    def skipped(self) -> Mapping[str, int]:
        """Number of skipped entries by reason, over the languages read so far."""
        return dict(sum(self._skipped.values(), Counter[str]()))

    @property
    def unread(self) -> Mapping[str, str]:
        """Path of a file that was not read -> why; broken files only for the languages read so far."""
        return self._unread

    def skipped_of(self, language: str) -> Mapping[str, int]:
        """Number of skipped entries of a language by reason; empty before it was read."""
        return dict(self._skipped.get(language, {}))

    def bitext(self, language: str, *, half: Half | None = None, min_words: int = 1) -> Bitext:
        """The pairs of one language and English, in the order of the files.

        Args:
            language: one of `languages`.
            half: one half only, see `half_of`; default: both.
            min_words: fewest words of the English side.

        Returns:
            Pairs without repeats; an item id means the same message in every language. May be
            empty.

        Raises:
            UnknownNameError: unknown language or half.
            DataError: all files of the language are broken.
        """
        entries = [e for e in self._entries_in(language, half) if count_words(e.tgt) >= min_words]
        src, tgt = tuple(e.src for e in entries), tuple(e.tgt for e in entries)
        return Bitext(language, src, tgt, tuple(e.id for e in entries))

    def strings(self, language: str, half: Half | None = None) -> list[str]:
        """The distinct texts of one language, as text for masked-LM training.

        Args:
            language: one of `languages`, or ``en`` for the English sides of all of them (which
                reads every file).
            half: one half only; default: both.

        Raises:
            UnknownNameError: unknown language or half.
            DataError: all files of a language are broken.
        """
        if language == "en":
            texts = (entry.tgt for code in self.languages for entry in self._entries_in(code, half))
        else:
            texts = (entry.src for entry in self._entries_in(language, half))
        return list(dict.fromkeys(texts))

    def checksum(self, languages: Sequence[str] | None = None) -> str:
        """SHA-256 over the files of languages, for the keys of steps; default: all languages.

        Raises:
            UnknownNameError: unknown language.
        """
        codes = self.languages if languages is None else languages
        return sha256_of(path for code in codes for path in self._paths(code))

    def _paths(self, language: str) -> list[Path]:
        if language not in self.languages:
            raise UnknownNameError("catalog language", language, self.languages)
        return self._files[language]

    def _entries_in(self, language: str, half: Half | None) -> list[_CatalogEntry]:
        if half not in (None, "train", "test"):
            raise UnknownNameError("half", str(half), ("train", "test"))
        paths = self._paths(language)
        if language not in self._entries:
            messages = self._messages(paths, language)
            self._skipped[language] = Counter()
            self._entries[language] = tuple(self._read(messages, self._skipped[language]))
        entries = self._entries[language]
        return [entry for entry in entries if half is None or half_of(entry.id) == half]

    def _messages(self, paths: Sequence[Path], language: str) -> list[Message]:
        messages: list[Message] = []
        faults: dict[str, DataError] = {}
        for path in paths:
            try:
                messages += read_messages(CatalogFile(path, language))
            except DataError as fault:
                faults[encodable(str(path))] = fault
        if len(faults) == len(paths):
            raise next(iter(faults.values()))
        self._unread |= {name: fault.what for name, fault in faults.items()}
        return messages

    def _read(self, messages: Sequence[Message], skipped: Counter[str]) -> Iterator[_CatalogEntry]:
        ids: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for message in messages:
            for entry in self._entries_from(message, skipped):
                if entry.id in ids or (entry.src, entry.tgt) in pairs:
                    skipped["repeated"] += 1
                    continue
                ids.add(entry.id)
                pairs.add((entry.src, entry.tgt))
                yield entry

    def _entries_from(self, message: Message, skipped: Counter[str]) -> Iterator[_CatalogEntry]:
        if message.state:
            skipped[message.state] += 1
            return
        if message.longest > LONGEST:
            skipped["too long"] += 1
            return
        yield from self._pair(message, message.msgid, message.translation, skipped)
        if message.plural is None or message.plural_translation == message.translation:
            return
        ids = [item_id(text, message.context) for text in (message.msgid, message.plural)]
        if half_of(ids[0]) != half_of(ids[1]):
            skipped["plural in the other half"] += 1
            return
        yield from self._pair(message, message.plural, message.plural_translation, skipped)

    def _pair(
        self, message: Message, english: str, translation: str, skipped: Counter[str]
    ) -> Iterator[_CatalogEntry]:
        tgt, src = clean_pair(english, translation)
        if not translation.strip():
            skipped["untranslated"] += 1
        elif src == tgt:
            skipped["same as English"] += 1
        elif min(count_letters(src), count_letters(tgt)) < self._min_characters:
            skipped["too short"] += 1
        else:
            yield _CatalogEntry(item_id(english, message.context), src, tgt)


def _is_english(code: str) -> bool:
    return code.partition("-")[0] == "en"
