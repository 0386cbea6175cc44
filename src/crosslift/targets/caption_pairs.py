"""Captions of two languages of the same pictures as bitexts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations

from crosslift.errors import DataError
from crosslift.languages import language_pair
from crosslift.sources.record import Bitext
from crosslift.targets.target_settings import BitextSettings

Pairs = Mapping[str, tuple[str, str]]
"""Name of a bitext -> the languages of its two sides."""

_PIVOT = "en"
_EXAMPLE = "pairs of languages such as de-zh"


def pairs_of(languages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """All pairs of some languages, in their order.

    Example: de, zh and ar give ``de-zh``, ``de-ar`` and ``zh-ar``.
    """
    return {f"{src}-{tgt}": (src, tgt) for src, tgt in combinations(languages, 2)}


def requested_pairs(settings: BitextSettings, listed: Pairs) -> Pairs:
    """The pairs that settings request. Default: the listed pairs.

    Raises:
        DataError: a code is no pair of languages, repeats one language, has English in it, or is
            requested twice (``de-zh`` and ``zh-de`` are the same texts).
    """
    if settings.languages is None:
        return listed
    pairs: dict[str, tuple[str, str]] = {}
    for code in settings.languages:
        pair = language_pair(code)
        if pair is None or pair[0] == pair[1]:
            raise DataError(f"{code!r} is no pair of languages of {settings.name!r}", _EXAMPLE)
        if _PIVOT in pair:
            raise DataError(
                f"{code!r} is a language and English, in {settings.name!r}",
                f"{_EXAMPLE}, neither of them English",
                f"the target {settings.name.removesuffix('pairs')}captions measures a language and "
                "English",
            )
        if any(set(pair) == set(other) for other in pairs.values()):
            raise DataError(f"{code!r} appears twice", "each pair once; both directions are scored")
        pairs[code] = pair
    return pairs


def refuse_pairs(settings: BitextSettings, instead: str) -> None:
    """Raises if the settings of a target of single languages request a pair.

    Args:
        settings: settings of the target.
        instead: name of the target that has pairs.

    Raises:
        DataError: they request a pair; the error names that target.
    """
    for code in settings.languages or ():
        if language_pair(code):
            raise DataError(
                f"{code!r} is a pair of languages, in {settings.name!r}",
                "languages, each of which is measured with English",
                f"the target {instead} measures pairs: its scores are in no mean with these",
            )


def pair_bitexts(
    texts: Mapping[str, Mapping[str, tuple[str, ...]]], pairs: Pairs
) -> tuple[dict[str, Bitext], dict[str, str]]:
    """The first captions of two languages of the same pictures.

    Args:
        texts: language -> {picture -> captions}.
        pairs: name -> languages. Pairs with a language that ``texts`` lacks are skipped.

    Returns:
        Bitexts by name, with pictures in the order of the first language; and name -> why there is no
        bitext: no picture has captions in both.
    """
    bitexts: dict[str, Bitext] = {}
    gaps: dict[str, str] = {}
    for name, (src, tgt) in pairs.items():
        if src not in texts or tgt not in texts:
            continue
        shared = tuple(item for item in texts[src] if item in texts[tgt])
        if not shared:
            gaps[name] = f"no picture has captions in {src} and {tgt}"
            continue
        src_texts, tgt_texts = (tuple(texts[c][item][0] for item in shared) for c in (src, tgt))
        bitexts[name] = Bitext(src, src_texts, tgt_texts, shared, tgt)
    return bitexts, gaps


def needed_bitexts(
    settings: BitextSettings, bitexts: dict[str, Bitext], gaps: dict[str, str]
) -> tuple[dict[str, Bitext], dict[str, str]]:
    """Returns bitexts and gaps unchanged if there is a bitext.

    Raises:
        DataError: there is no bitext.
    """
    if not bitexts:
        raise DataError(
            f"{settings.data} has no two languages besides English with captions of one picture",
            _EXAMPLE,
        )
    return bitexts, gaps


def gaps_of_pairs(pairs: Pairs, gaps: Mapping[str, str]) -> dict[str, str]:
    """Name of a pair -> why it is not measured, from the gaps of its languages."""
    return {
        name: f"{code}: {gaps[code]}"
        for name, pair in pairs.items()
        for code in reversed(pair)
        if code in gaps
    }


def notes_of_pairs(
    pairs: Pairs, measured: Collection[str], notes: Mapping[str, str]
) -> dict[str, str]:
    """Name of a measured pair -> what the texts of its two languages are."""
    notes_by_pair = {
        name: [f"{c}: {notes[c]}" for c in pairs[name] if c in notes] for name in measured
    }
    return {name: "; ".join(parts) for name, parts in notes_by_pair.items() if parts}
