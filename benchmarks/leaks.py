"""``python -m benchmarks.leaks``: which test texts the check for overlap finds among training texts.

It plants damaged copies of test texts among sentences of many languages and counts what is found; it
counts false alarms between related languages; and it takes the time. It prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import random
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crosslift.sources.overlap.find_overlaps import find_overlap

LANGUAGES = {
    "en": ("eng", "eng_Latn"),
    "de": ("deu", "deu_Latn"),
    "ar": ("ara", "arb_Arab"),
    "hi": ("hin", "hin_Deva"),
    "th": ("tha", "tha_Thai"),
    "zh": ("cmn", "zho_Hans"),
    "ja": ("jpn", "jpn_Jpan"),
    "fr": ("fra", "fra_Latn"),
    "ru": ("rus", "rus_Cyrl"),
    "tr": ("tur", "tur_Latn"),
    "vi": ("vie", "vie_Latn"),
    "mr": ("mar", "mar_Deva"),
    "ko": ("kor", "kor_Hang"),
}
"""Code -> its codes in Tatoeba's files and in FLORES-200's. The check's constants were set on the first
seven; the others were measured afterwards."""

SOURCES = ("tatoeba", "flores")
RELATED = (("tr", "az"), ("de", "nl"), ("es", "pt"), ("hi", "mr"))
_OTHERS = {
    "az": (None, "azj_Latn"),
    "nl": ("nld", "nld_Latn"),
    "es": ("spa", "spa_Latn"),
    "pt": ("por", "por_Latn"),
}
_WORD_OF = {"th": 4, "zh": 2, "ja": 2}  # characters that are replaced at once, without spaces


@dataclass(frozen=True, slots=True)
class Corpus:
    """Folders of texts, one text a line.

    Args:
        tatoeba: Tatoeba's test pairs as LASER lays them out.
        flores: `CODE_Script.devtest` files or the like, line-aligned.
        sentences: `CODE.txt` files of sentences that are in neither.
    """

    tatoeba: Path
    flores: Path
    sentences: Path

    def tests(self, language: str, source: str) -> list[str]:
        """Distinct test texts of a language; empty where the source lacks it."""
        tatoeba, flores = (LANGUAGES | _OTHERS)[language]
        if source == "flores":
            path = next(self.flores.glob(f"{flores}*"))
        elif tatoeba is None:
            return []
        elif language == "en":
            path = self.tatoeba / "tatoeba.deu-eng.eng"
        else:
            path = self.tatoeba / f"tatoeba.{tatoeba}-eng.{tatoeba}"
        return list(dict.fromkeys(_lines(path)))

    def background(self, language: str | None = None) -> list[str]:
        """Sentences of a language, or of all."""
        paths = sorted(self.sentences.glob(f"{language or '*'}.txt"))
        return [line for path in paths for line in _lines(path)]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


class Damage:
    """Ways in which a text may be changed, at random.

    Args:
        language: of the texts.
        texts: whose words and letters replace others.
        around: sentences that are put around a text.
    """

    def __init__(self, language: str, texts: Sequence[str], around: Sequence[str]) -> None:
        self._draw = random.Random(0)
        self._width = _WORD_OF.get(language)
        self._texts = texts
        self._words = [word for text in texts for word in text.split()]
        self._letters = [c for text in texts for c in text if unicodedata.category(c)[0] == "L"]
        self._around = around

    def word(self, text: str) -> str | None:
        """Another word in the place of one; of texts of four words and more."""
        if self._width:
            return self._run(text, self._width)
        words = text.split()
        if len(words) < 4:
            return None
        place = self._draw.randrange(len(words))
        words[place] = self._other(self._words, words[place])
        return " ".join(words)

    def _run(self, text: str, width: int) -> str | None:
        if self._size(text) < 4:
            return None
        place = self._draw.randrange(len(text) - width + 1)
        long = [other for other in self._texts if len(other) > width and other != text]
        other = self._draw.choice(long)
        start = self._draw.randrange(len(other) - width)
        return text[:place] + other[start : start + width] + text[place + width :]

    def _size(self, text: str) -> float:
        """How many words; without spaces, letters (marks counted) by those of a word."""
        letters = sum(unicodedata.category(c)[0] in "LM" for c in text)
        return letters / self._width if self._width else len(text.split())

    def letter(self, text: str) -> str | None:
        """Another letter in the place of one."""
        places = [i for i, c in enumerate(text) if unicodedata.category(c)[0] == "L"]
        if not places:
            return None
        place = self._draw.choice(places)
        return text[:place] + self._other(self._letters, text[place]) + text[place + 1 :]

    def _other(self, values: Sequence[str], value: str) -> str:
        while (found := self._draw.choice(values)).casefold() == value.casefold():
            pass
        return found

    def inside(self, text: str) -> str | None:
        """A sentence before, after, or both; of texts of five words and more."""
        if self._size(text) < 5:
            return None
        before, after = self._draw.sample(self._around, 2)
        gap = "" if self._width else " "
        parts = self._draw.choice([(before, text), (text, after), (before, text, after)])
        return gap.join(parts)

    def two_thirds(self, text: str) -> str | None:
        """The first two thirds of its characters."""
        return text[: round(len(text) * 2 / 3)]

    def marks(self, text: str) -> str | None:
        """Without combining marks; of texts that have some."""
        bare = "".join(
            c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M"
        )
        bare = unicodedata.normalize("NFC", bare)
        return bare if bare != unicodedata.normalize("NFC", text) else None


@dataclass(frozen=True, slots=True)
class Row:
    """How many texts were found.

    Args:
        name: what was planted, or what the texts were compared with.
        source: of the test texts.
        language: of them.
        texts: how many were looked for.
        kinds: kind of overlap -> how many were found to be of it.
    """

    name: str
    source: str
    language: str
    texts: int
    kinds: Counter[str]

    def __str__(self) -> str:
        found = self.texts - self.kinds["none"]
        kinds = ", ".join(str(self.kinds[kind]) for kind in ("exact", "near", "part"))
        share = f"{found / self.texts:.1%} ({found})"
        return (
            f"| {self.name} | {self.source} | {self.language} | {self.texts} | {share} | {kinds} |"
        )


DAMAGES = {
    "one word changed": Damage.word,
    "inside a longer text": Damage.inside,
    "first two thirds": Damage.two_thirds,
    "one letter changed": Damage.letter,
    "marks dropped": Damage.marks,
}


def reach(corpus: Corpus) -> Iterator[Row]:
    """Plants every kind of damage among the sentences of all languages, one kind at a time.

    Yields:
        A row for each kind, source and language.
    """
    everything = corpus.background()
    for source in SOURCES:
        tests = {language: corpus.tests(language, source) for language in LANGUAGES}
        damages = {code: Damage(code, tests[code], corpus.background(code)) for code in tests}
        yield from _rows("nothing planted", source, everything, tests)
        for name, change in DAMAGES.items():
            planted = {code: [change(damages[code], t) for t in tests[code]] for code in tests}
            harmed = {
                code: [t for t, p in zip(tests[code], planted[code], strict=True) if p is not None]
                for code in tests
            }
            copies = [p for plants in planted.values() for p in plants if p is not None]
            yield from _rows(name, source, everything + copies, harmed)


def _rows(
    name: str, source: str, train: Sequence[str], tests: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    kinds = iter(find_overlap(train, [t for texts in tests.values() for t in texts]).kind)
    for language, texts in tests.items():
        counts = Counter(str(next(kinds)) for _ in texts)
        if texts:
            yield Row(name, source, language, len(texts), counts)


def false_alarms(corpus: Corpus) -> Iterator[Row]:
    """Compares test texts of a language with news in a related one, and with lines of their own source.

    Those of FLORES are translations, line by line; of Tatoeba, few are.

    Yields:
        A row for each direction and source.
    """
    for pair in RELATED:
        for test, train in (pair, pair[::-1]):
            for source in SOURCES:
                tests = {f"{test} in {train}": corpus.tests(test, source)}
                yield from _rows("news", source, corpus.background(train), tests)
                others = corpus.tests(train, source)
                if others and next(iter(tests.values())):
                    yield from _rows("lines of the same source", source, others, tests)


def main() -> None:
    """Measures everything and prints it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaks", description=__doc__)
    for name in ("tatoeba", "flores", "sentences"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="folder of texts")
    corpus = Corpus(**vars(parser.parse_args()))
    for rows, title in ((reach(corpus), "planted"), (false_alarms(corpus), "against")):
        print(f"\n| {title} | tests | language | texts | found | exact, near, part |")
        print("|---|---|---|---|---|---|", flush=True)
        for row in rows:
            print(row, flush=True)


if __name__ == "__main__":
    main()
