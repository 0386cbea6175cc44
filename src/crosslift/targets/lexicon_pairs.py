"""Words and their translations: the control pairs of lexicons, and their training pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crosslift.errors import DataError
from crosslift.sources.lexicons.lexicon import Lexicon, WordPair
from crosslift.sources.lexicons.lexicon_folder import lexicons_of
from crosslift.sources.lexicons.one_to_one import one_to_one
from crosslift.sources.lexicons.split import split_of_lexicon
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings

FEWEST_PAIRS = 20
"""Fewest pairs of a language. A language with fewer is reported as a gap, and no mean includes it."""


def _loader(*, trained: bool) -> Callable[[BitextSettings], BitextData]:
    def load(settings: BitextSettings) -> BitextData:
        if settings.data is None:
            raise DataError(
                f"target {settings.name!r} has no data",
                "`data:` with a lexicon (swh-eng.tsv, freedict-cym-eng.index, names:de), or a folder "
                "of them",
            )
        folder = lexicons_of(settings.data, settings.languages)
        bitexts: dict[str, Bitext] = {}
        gaps: dict[str, str] = {}
        for language, lexicon in folder.lexicons.items():
            bitext = _bitext(lexicon, trained=trained)
            if isinstance(bitext, str):
                gaps[language] = bitext
            else:
                bitexts[language] = bitext
        if not bitexts:
            raise DataError(f"{settings.data}: {next(iter(gaps.values()))}", "larger lexicons")
        left_out = {code: each.left_out for code, each in folder.lexicons.items() if each.left_out}
        return BitextData(bitexts, gaps=gaps, words=True, left_out=left_out, unread=folder.unread)

    return load


def _bitext(lexicon: Lexicon, *, trained: bool) -> Bitext | str:
    """Pairs in which every word of either side appears once, so that each has one right answer. A word
    with several translations keeps the first that no other word has. Returns the reason if there are
    too few pairs."""
    try:
        split = split_of_lexicon(lexicon)
    except DataError as fault:
        return fault.what
    pairs: tuple[WordPair, ...] = split.trained if trained else split.control
    unique = one_to_one(pairs).pairs
    if len(unique) < FEWEST_PAIRS:
        return f"only {len(unique)} pairs of words ({FEWEST_PAIRS} needed)"
    words, english = (tuple(side) for side in zip(*unique, strict=True))
    return Bitext(lexicon.language, words, english, english)


WORD_PAIRS = BitextTarget(
    name="word-pairs",
    title="control words",
    description="words of lexicons that the task word-pairs never trains on (needs --data)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_loader(trained=False),
    needs_data=True,
    licence="of the lexicons (FreeDict: GPL, most of them)",
    citation="your lexicons",
    texts="words",
)

WORD_PAIRS_TRAINED = replace(
    WORD_PAIRS,
    name="word-pairs-trained",
    title="trained words",
    description="words of lexicons that the task word-pairs trains on (needs --data)",
    load=_loader(trained=True),
)
