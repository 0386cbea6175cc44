"""English words with their synonyms, from a file or from WordNet if it is installed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.sources.dataset_files import checksum_of_files
from crosslift.sources.formats.rows import short

_LETTERS = r"[\w\u0300-\u036f]+"  # with accents that are separate characters
WORD = re.compile(rf"{_LETTERS}(?:['’‐‑.@&-]{_LETTERS})*")
"""A word: letters and digits, with apostrophes, hyphens and the characters inside abbreviations and
addresses, so that no piece of `don't`, `U.S.`, `AT&T` or `example.com` is looked up as a word."""

_FORMAT = "json (word -> list of its synonyms), or lines of word, tab, synonym"
_MARKER = re.compile(r"\([a-z]+\)$")  # WordNet's marker of an adjective's position
_LETTERS_ALONE = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*")

FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about above after against all along although am among an and another any anybody
    anyone anything are around as at be because been before behind being below beneath
    beside between beyond both but by can could did do does doing down during each either
    else ever every everybody everyone everything few for from had has have having he her
    here hers herself him himself his how i if in inside into is it its itself just less
    like many may me might mine more most much must my myself near neither never no nobody
    none nor not nothing now of off on once one onto or other others our ours ourselves out
    outside over own per quite rather same several shall she should since so some somebody
    someone something such than that the their theirs them themselves then there these they
    this those though through throughout till to too toward towards under unless until up
    upon us very was we were what whatever when where whether which while who whoever whom
    whose why will with within without would yet you your yours yourself yourselves
        """,
    )
)
"""English articles, pronouns, prepositions, conjunctions, auxiliaries and the like."""


@dataclass(frozen=True, slots=True)
class Synonyms:
    """Words and their possible replacements.

    Args:
        of: word in lower case -> its synonyms, at least one, without the word itself.
        checksum: checksum of their source; empty if they are made from other inputs.
        source: its name, for messages.
    """

    of: Mapping[str, tuple[str, ...]]
    checksum: str
    source: str

    def of_word(self, word: str) -> tuple[str, ...]:
        """The synonyms of a word, ignoring case; empty if it has none."""
        return self.of.get(word.lower(), ())


def read_synonyms(path: Path) -> Synonyms:
    """The synonyms in a file, word by word: if one word is another's synonym, the reverse does not
    follow.

    Chains and rings of several words (good -> fine -> good) are usual in such files and do no harm: a
    replacement is never replaced again. A word with an empty list has no synonyms.

    Args:
        path: path of JSON, word -> list of its synonyms, like published counter-fitted neighbours; or
            of lines of word, tab, synonym.

    Raises:
        DataError: it cannot be read; a word that is its own synonym, or has one twice, and would be
            drawn more often than others; a word or synonym that is empty or not a single word.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"no file of synonyms at {path}", _FORMAT) from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", "a text file in UTF-8") from error
    entries = (
        _json_entries(text, path)
        if text.lstrip().startswith(("{", "["))
        else _line_entries(text, path)
    )
    synonyms_by_word: dict[str, dict[str, str]] = {}
    for entry in entries:
        listed = synonyms_by_word.setdefault(_word(entry.word, entry).lower(), {})
        for synonym in entry.synonyms:
            _check_new(_word(synonym, entry), listed, entry)
            listed[synonym.lower()] = synonym
    if not synonyms_by_word:
        raise DataError(f"{path} holds no word with synonyms", _FORMAT)
    of = {word: tuple(listed.values()) for word, listed in synonyms_by_word.items()}
    return Synonyms(of, sha256(data).hexdigest(), path.name)


class _SynonymEntry(NamedTuple):
    """A word in a file, with at least one synonym and its location."""

    word: str
    synonyms: tuple[str, ...]
    place: str


def _json_entries(text: str, path: Path) -> Iterator[_SynonymEntry]:
    content = parse_json(text, str(path), object_hook=tuple)  # a word may appear twice
    if not isinstance(content, tuple):
        raise DataError(f"{path} holds a {type(content).__name__}", _FORMAT)
    for number, (word, synonyms) in enumerate(content, 1):
        place, listed = f"{path}, entry {number}", _listed(synonyms)
        if listed is None:
            raise DataError(f"{place}: {word!r} -> {short(synonyms)}", "a list of words")
        if listed:
            yield _SynonymEntry(word, listed, place)


def _listed(synonyms: Any) -> tuple[str, ...] | None:
    """A list of words; None if the value is not one."""
    if not isinstance(synonyms, list) or not all(isinstance(each, str) for each in synonyms):
        return None
    return tuple(synonyms)


def _line_entries(text: str, path: Path) -> Iterator[_SynonymEntry]:
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip():
            continue
        place, fields = f"{path}, line {number}", [field.strip() for field in line.split("\t")]
        if len(fields) != 2:
            raise DataError(
                f"{place}: {short(line)} has {len(fields)} fields", "word, tab, synonym"
            )
        yield _SynonymEntry(fields[0], (fields[1],), place)


def _word(word: str, entry: _SynonymEntry) -> str:
    if WORD.fullmatch(word) and "_" not in word:
        return word
    wrong = "is empty" if not word.strip() else "is not a word"
    if len(re.split(r"[\s_]+", word.strip(" _"))) > 1:
        wrong = "is several words"
    name = f"{word!r}" if word == entry.word else f"{word!r}, a synonym of {entry.word!r},"
    raise DataError(
        f"{entry.place}: {name} {wrong}",
        "single words of letters",
        "remove it: a replacement must not change the number of words",
    )


def _check_new(synonym: str, listed: Mapping[str, str], entry: _SynonymEntry) -> None:
    if synonym.lower() == entry.word.lower():
        raise DataError(
            f"{entry.place}: {entry.word!r} is its own synonym",
            "other words: each word is drawn beside its synonyms anyway",
        )
    if synonym.lower() in listed:
        raise DataError(
            f"{entry.place}: {entry.word!r} has the synonym {synonym!r} twice",
            "each once: otherwise it would be drawn twice as often as others",
        )


def wordnet_synonyms(words: Iterable[str]) -> Synonyms:
    """Synonyms of some words in WordNet: the single words in the set of a word's most frequent sense.

    WordNet's counts of tagged texts determine the part of speech and the sense; a word without a count
    that has several parts of speech has no synonyms here. Function words have none: WordNet has only
    words that are spelled like them (in, inch; he, helium). Only base forms are looked up: `dogs` does
    not match `dog`.

    Args:
        words: in lower case.

    Raises:
        DataError: WordNet is not installed, or its files are faulty.

    Source: Miller 1995, WordNet; the formats of its files are described in its manual pages wndb(5WN)
    and cntlist(5WN).
    """
    folder = _wordnet_folder()
    try:
        synonyms = _most_frequent_synonyms(folder, set(words) - FUNCTION_WORDS)
    except (OSError, ValueError, LookupError) as error:
        raise DataError(
            f"the WordNet in {folder} cannot be read: {type(error).__name__}: {error}",
            "files as wndb(5WN) and cntlist(5WN) describe them",
        ) from error
    return Synonyms(synonyms, wordnet_checksum(), "WordNet")


def wordnet_checksum() -> str:
    """A checksum of the installed WordNet.

    Raises:
        DataError: WordNet is not installed.
    """
    folder = _wordnet_folder()
    return checksum_of_files([folder / name for name in _FILES])


def _most_frequent_synonyms(folder: Path, words: set[str]) -> dict[str, tuple[str, ...]]:
    counted, listed = _most_frequent(folder, words), _senses(folder, words)
    synonyms: dict[str, tuple[str, ...]] = {}
    for word in sorted(listed):
        if word in counted:
            part, number = counted[word]
        elif len(listed[word]) == 1:
            part, number = next(iter(listed[word])), 1
        else:
            continue
        offsets = listed[word].get(part, ())
        if number <= len(offsets):
            synonym_set = _set_at(folder / f"data.{part}", offsets[number - 1])
            others = tuple(other for other in synonym_set if other != word)
            synonyms |= {word: others} if others else {}
    return synonyms


_PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
_PART_OF_NUMBER = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
_USUAL_PLACES = (
    "/usr/share/wordnet",
    "/usr/share/wordnet-3.0/dict",
    "/usr/local/WordNet-3.0/dict",
)
_FILES = (*(f"{k}.{part}" for part in _PARTS_OF_SPEECH for k in ("index", "data")), "cntlist.rev")


def _wordnet_folder() -> Path:
    """The folder in WordNet's environment variables, or else one of the usual places."""
    folder, home = os.environ.get("WNSEARCHDIR"), os.environ.get("WNHOME")
    places = (folder,) if folder else (f"{home}/dict",) if home else _USUAL_PLACES
    for place in places:
        if all(Path(place, name).is_file() for name in _FILES):
            return Path(place)
    raise DataError(
        f"no WordNet in {', '.join(places)}",
        f"its files {', '.join(_FILES)}",
        "apt-get install wordnet-base, or set WNSEARCHDIR to the folder that holds them",
    )


def _most_frequent(folder: Path, words: set[str]) -> dict[str, tuple[str, int]]:
    """Word -> part of speech and number of its most frequent sense in tagged texts."""
    best: dict[str, tuple[int, str, int]] = {}
    with (folder / "cntlist.rev").open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            key, number, count = line.split()
            word, _, rest = key.partition("%")
            if word in words and int(count) > best.get(word, (0, "", 0))[0]:
                best[word] = (int(count), _PART_OF_NUMBER[rest[0]], int(number))
    return {word: (part, number) for word, (_, part, number) in best.items()}


def _senses(folder: Path, words: set[str]) -> dict[str, dict[str, tuple[int, ...]]]:
    """Word -> part of speech -> offsets of the sets of its senses, in bytes, most frequent first."""
    offsets_by_word: dict[str, dict[str, tuple[int, ...]]] = {}
    for part in _PARTS_OF_SPEECH:
        with (folder / f"index.{part}").open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                fields = line.split()
                if not line.startswith(" ") and fields[0] in words:
                    offsets = fields[-int(fields[2]) :]
                    offsets_by_word.setdefault(fields[0], {})[part] = tuple(map(int, offsets))
    return offsets_by_word


def _set_at(path: Path, offset: int) -> list[str]:
    """The single lower-case words of a set of synonyms, each once: words with capitals in WordNet are
    names or symbols, such as that of helium."""
    with path.open("rb") as data:
        data.seek(offset)
        fields = data.readline().decode("utf-8").split(" ")
    if int(fields[0]) != offset:
        raise ValueError(f"no set of synonyms at byte {offset} of {path.name}")
    count = int(fields[3], 16)
    words = [_MARKER.sub("", word) for word in fields[4 : 4 + 2 * count : 2]]
    single_words = (
        word for word in words if _LETTERS_ALONE.fullmatch(word) and word == word.lower()
    )
    return list(dict.fromkeys(single_words))
