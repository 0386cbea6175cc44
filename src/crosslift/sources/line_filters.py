"""Selects texts to mine and pairs to write, and counts everything that is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crosslift.errors import DataError, UnknownNameError


@dataclass(frozen=True, slots=True)
class FilterCounts:
    """Filter counts for the lines of one file; a line counts for the first filter that rejects it.

    The filters run in the order of the fields. All fields and the kept texts add up to the lines.

    Args:
        empty: lines of nothing but white space.
        too_short: fewer characters than the minimum.
        too_long: more characters than the maximum.
        duplicates: lines whose text is already on an earlier line.
        copies: distinct texts that the other file contains too, character for character.
        other_language: distinct texts in another than the requested language.
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
    """The distinct texts to mine, in the order of their first lines.

    Args:
        texts: N distinct texts.
        times: N, the number of lines with each text.
        left_out: the counts of the other lines.
    """

    texts: Sequence[str]
    times: Sequence[int]
    left_out: FilterCounts


def kept_texts(
    lines: Sequence[str], min_length: int | None = None, max_length: int | None = None
) -> KeptTexts:
    """Each text once, without empty ones and those outside the length limits.

    Args:
        lines: one text a line.
        min_length: fewest characters of a text; default: no limit.
        max_length: most characters of a text; default: no limit.
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
    """Both sides without the texts on both sides, which would match themselves."""
    both = set(src.texts).intersection(tgt.texts)

    def without_both(side: KeptTexts) -> KeptTexts:
        filtered = _filtered(side, (text not in both for text in side.texts))
        return replace(filtered, left_out=replace(side.left_out, copies=len(both)))

    return without_both(src), without_both(tgt)


def in_language(
    side: KeptTexts, language: str, advance: Callable[[int], None] | None = None
) -> KeptTexts:
    """The texts that py3langid assigns to one language.

    It is unreliable for texts of one or two words: it may reject a short text in the language.

    Args:
        side: the texts.
        language: a code that py3langid knows, such as ``de``.
        advance: called from time to time with the number of texts checked; None: not called.

    Raises:
        DataError: py3langid is not installed.
        UnknownNameError: a code that it does not know; the message names the nearest ones.
    """
    classify = _classifier(language)

    def is_in_language() -> Iterator[bool]:
        for count, text in enumerate(side.texts, start=1):
            if advance is not None and count % 1000 == 0:
                advance(count)
            yield classify(text)[0] == language

    filtered = _filtered(side, is_in_language())
    other = len(side.texts) - len(filtered.texts)
    return replace(filtered, left_out=replace(side.left_out, other_language=other))


def check_language(language: str) -> None:
    """Raises unless py3langid can identify the language, see `in_language`."""
    _classifier(language)


def _classifier(language: str) -> Callable[[str], tuple[str, float]]:
    try:
        from py3langid import langid
    except ImportError as error:
        raise DataError(
            f"py3langid is not installed, which checks whether a text is in {language!r}",
            remedy="pip install crosslift[languages], or leave the language out",
        ) from error
    known = {code for code, _ in langid.rank("")}
    if language not in known:
        raise UnknownNameError("language of py3langid", language, known)
    classify: Callable[[str], tuple[str, float]] = langid.classify
    return classify


def _filtered(side: KeptTexts, mask: Iterator[bool]) -> KeptTexts:
    rows = [row for row, keep in enumerate(mask) if keep]
    texts, times = [side.texts[row] for row in rows], [side.times[row] for row in rows]
    return KeptTexts(texts, times, side.left_out)


def length_ratios(src: Sequence[str], tgt: Sequence[str]) -> NDArray[np.float64]:
    """The length of the longer text of each pair divided by that of the shorter, in characters.

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
