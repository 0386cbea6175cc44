"""Which texts are worth mining, and which pairs are worth writing; whatever is left out is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, UnknownNameError


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """What became of the lines of one file; a line is counted under the first filter it meets.

    Their order is that of the fields. The lines are the sum of all fields and of the texts kept.

    Args:
        empty: lines of nothing but white space.
        too_short: fewer characters than asked for.
        too_long: more characters than asked for.
        duplicates: lines whose text stands on an earlier line.
        copies: distinct texts that stand in the other file too, character for character.
        other_language: distinct texts in another language than asked for.
    """

    empty: int = 0
    too_short: int = 0
    too_long: int = 0
    duplicates: int = 0
    copies: int = 0
    other_language: int = 0

    @property
    def total(self) -> int:
        """Lines that are not mined."""
        return sum(asdict(self).values())


@dataclass(frozen=True, slots=True)
class KeptTexts:
    """The distinct texts that are mined, in the order of their first lines.

    Args:
        texts: N distinct texts.
        times: N, on how many lines each stands.
        left_out: what was not kept.
    """

    texts: Sequence[str]
    times: Sequence[int]
    left_out: FilterCounts


def kept_texts(
    lines: Sequence[str], min_length: int | None = None, max_length: int | None = None
) -> KeptTexts:
    """Each text once, without empty ones and those of another length than asked for.

    Args:
        lines: one text a line.
        min_length: fewest characters of a text; None: any number.
        max_length: most characters of a text; None: any number.
    """
    counts = dict.fromkeys(("empty", "too_short", "too_long"), 0)
    times: dict[str, int] = {}
    for text in lines:
        fault = _fault(text, min_length, max_length)
        if fault is None:
            times[text] = times.get(text, 0) + 1
        else:
            counts[fault] += 1
    duplicates = sum(times.values()) - len(times)
    return KeptTexts(
        list(times), list(times.values()), FilterCounts(**counts, duplicates=duplicates)
    )


def _fault(text: str, min_length: int | None, max_length: int | None) -> str | None:
    if not text.strip():
        return "empty"
    if min_length is not None and len(text) < min_length:
        return "too_short"
    if max_length is not None and len(text) > max_length:
        return "too_long"
    return None


def without_copies(src: KeptTexts, tgt: KeptTexts) -> tuple[KeptTexts, KeptTexts]:
    """Both sides without the texts that stand on both, which would find themselves."""
    both = set(src.texts).intersection(tgt.texts)

    def kept(side: KeptTexts) -> KeptTexts:
        chosen = _chosen(side, (text not in both for text in side.texts))
        return replace(chosen, left_out=replace(side.left_out, copies=len(both)))

    return kept(src), kept(tgt)


def in_language(
    side: KeptTexts, language: str, advance: Callable[[int], None] | None = None
) -> KeptTexts:
    """The texts that py3langid takes for one language.

    It is unsure of texts of one or two words: a short text may be left out though it is in the
    language.

    Args:
        side: the texts.
        language: a code that py3langid knows, such as ``de``.
        advance: called now and then with the number of texts looked at; None: not called.

    Raises:
        DataError: py3langid is not installed.
        UnknownNameError: a code that it does not know; the nearest are told.
    """
    classify = _classifier(language)

    def right() -> Iterator[bool]:
        for count, text in enumerate(side.texts, start=1):
            if advance is not None and count % 1000 == 0:
                advance(count)
            yield classify(text)[0] == language

    chosen = _chosen(side, right())
    other = len(side.texts) - len(chosen.texts)
    return replace(chosen, left_out=replace(side.left_out, other_language=other))


def check_language(language: str) -> None:
    """Raises unless texts of the language can be told, see `in_language`."""
    _classifier(language)


def _classifier(language: str) -> Callable[[str], tuple[str, float]]:
    try:
        from py3langid import langid
    except ImportError as error:
        raise DataError(
            f"py3langid is not installed, which tells whether a text is in {language!r}",
            remedy="pip install crosslift[languages], or leave the language out",
        ) from error
    known = {code for code, _ in langid.rank("")}
    if language not in known:
        raise UnknownNameError("language of py3langid", language, known)
    classify: Callable[[str], tuple[str, float]] = langid.classify
    return classify


def _chosen(side: KeptTexts, wanted: Iterator[bool]) -> KeptTexts:
    rows = [row for row, right in enumerate(wanted) if right]
    texts, times = [side.texts[row] for row in rows], [side.times[row] for row in rows]
    return KeptTexts(texts, times, side.left_out)


def length_ratios(src: Sequence[str], tgt: Sequence[str]) -> NDArray[np.float64]:
    """How many times as many characters the longer text of each pair has.

    Example::

        "abcd", "ab"  ->  2
        "ab", "abcd"  ->  2
        "abc", "abc"  ->  1

    Args:
        src: P texts, none of them empty.
        tgt: P texts, none of them empty.

    Returns:
        float64 [P], each at least 1.
    """
    pairs = zip(src, tgt, strict=True)
    lengths = np.array([(len(a), len(b)) for a, b in pairs], np.float64).reshape(-1, 2)
    ratios: NDArray[np.float64] = lengths.max(axis=1) / lengths.min(axis=1)
    return ratios
