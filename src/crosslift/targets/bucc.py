"""BUCC 2018: translations hidden in two sides of news and encyclopaedia sentences."""

from __future__ import annotations

from pathlib import Path

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError
from crosslift.sources.bucc_files import (
    BuccSplit,
    bucc_checksum,
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
    folder, there = settings.data, languages_in(settings.data)
    asked = settings.languages or BUCC_4
    wanted = [language for language in asked if language in there]
    if not wanted or (settings.languages and len(wanted) < len(asked)):
        missing = ", ".join(language for language in asked if language not in there)
        raise DataError(
            f"{folder} has no files of {missing}",
            f"files such as zh-en.dev.zh; it has those of {', '.join(there) or 'no language'}",
        )
    names = [protocol.name for protocol in BUCC.asked(settings.protocols)]
    splits = {language: _splits(folder, language, "laser" in names) for language in wanted}
    sums = {
        language: [bucc_checksum(folder, language, s) for s in splits[language]]
        for language in wanted
    }
    gaps = {language: f"no files in {folder.name}" for language in asked if language not in there}
    return MiningData(splits, gaps, key_of(sums), unread_in(folder))


def _splits(folder: Path, language: str, with_training: bool) -> dict[Split, BuccSplit]:
    """The splits of a language that are of use; the large training split only for who needs it."""
    there = splits_in(folder, language)
    use: tuple[Split, ...] = ("dev", "test", "training") if with_training else ("dev", "test")
    found = {split: load_bucc(folder, language, split) for split in use if split in there}
    found = {s: split for s, split in found.items() if split.gold}
    if not found:
        raise DataError(
            f"{folder} has the splits {', '.join(there)} of {language}, none with gold",
            f"a file {language}-en.dev.gold or {language}-en.test.gold",
        )
    return found


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
