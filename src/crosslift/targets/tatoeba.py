"""Tatoeba: sentence pairs of 36 languages and English, from files as LASER lays them out."""

from __future__ import annotations

from crosslift.targets.bitext import load_bitexts
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings

TATOEBA_36 = (
    *("af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu"),
    *("id", "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "nl", "pt", "ru", "sw", "ta", "te"),
    *("th", "tl", "tr", "ur", "vi", "zh"),
)
"""The languages of XTREME (Hu et al. 2020, arXiv 2003.11080, appendix)."""


def _load(settings: BitextSettings) -> BitextData:
    return load_bitexts(settings.model_copy(update={"languages": settings.languages or TATOEBA_36}))


TATOEBA = BitextTarget(
    name="tatoeba",
    title="Tatoeba sentences",
    description="Tatoeba, the 36 languages of XTREME and English (needs --data)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_load,
    languages=TATOEBA_36,
    needs_data=True,
    licence="CC BY 2.0 FR",
    citation="Artetxe and Schwenk 2019 (arXiv 1812.10464); files `tatoeba.deu-eng.deu` of LASER",
)
