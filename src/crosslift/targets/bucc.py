"""BUCC 2018: translations hidden in two sides of news and encyclopaedia sentences."""

from __future__ import annotations

from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.bucc_files import (
    BuccSplit,
    languages_in,
    load_bucc,
    splits_in,
    unread_in,
)
from crosslift.targets.kinds.mined_texts import MiningData, MiningTarget
from crosslift.targets.protocol import Split
from crosslift.targets.protocols import MINING, OTHER_MINING
from crosslift.targets.target_settings import MiningTargetSettings

BUCC_4 = ("de", "fr", "ru", "zh")
"""The languages of BUCC 2018 (Zweigenbaum et al. 2018), and of XTREME."""


def _load(settings: MiningTargetSettings) -> MiningData:
    if settings.data is None:
        raise DataError(
            f"target {settings.name!r} has no data",
            "`--data DIR` (in a study: `data: DIR`) with files such as zh-en.dev.zh, .en and .gold",
        )
    folder, available = settings.data, languages_in(settings.data)
    requested = settings.languages or BUCC_4
    measured = [language for language in requested if language in available]
    if not measured or (settings.languages and len(measured) < len(requested)):
        missing = ", ".join(language for language in requested if language not in available)
        raise DataError(
            f"{folder} has no files of {missing}",
            f"files such as zh-en.dev.zh; it has those of {', '.join(available) or 'no language'}",
        )
    names = [protocol.name for protocol in BUCC.protocols_for(settings.protocols)]
    splits = {language: _splits(folder, language, "laser" in names) for language in measured}
    gaps = {
        language: f"no files in {folder.name}"
        for language in requested
        if language not in available
    }
    return MiningData(splits, gaps=gaps, unread=unread_in(folder))


def _splits(folder: Path, language: str, with_training: bool) -> dict[Split, BuccSplit]:
    """The useful splits of a language; the large training split only if a protocol needs it."""
    available = splits_in(folder, language)
    useful: tuple[Split, ...] = ("dev", "test", "training") if with_training else ("dev", "test")
    splits = {split: load_bucc(folder, language, split) for split in useful if split in available}
    splits = {s: split for s, split in splits.items() if split.gold}
    if not splits:
        raise DataError(
            f"{folder} has the splits {', '.join(available)} of {language}, none with gold",
            f"a file {language}-en.dev.gold or {language}-en.test.gold",
        )
    return splits


BUCC = MiningTarget(
    name="bucc",
    title="BUCC mining",
    description="BUCC 2018: mining de, fr, ru, zh with English (needs --data)",
    metric="mining_f1",
    protocols=MINING,
    others=OTHER_MINING,
    load=_load,
    languages=BUCC_4,
    needs_data=True,
    licence="BUCC 2018 terms",
    citation="Zweigenbaum, Sharoff and Rapp 2018, Overview of the Third BUCC Shared Task",
)
