"""Proverbs in German and French, each with its English one."""

from dataclasses import replace

from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import RETRIEVAL

ENGLISH = (
    "Practice makes perfect.",
    "Better late than never.",
    "Time is money.",
    "Silence is golden.",
    "Love is blind.",
    "Out of sight, out of mind.",
)
OTHERS = {
    "de": (
        "Übung macht den Meister.",
        "Besser spät als nie.",
        "Zeit ist Geld.",
        "Schweigen ist Gold.",
        "Liebe macht blind.",
        "Aus den Augen, aus dem Sinn.",
    ),
    "fr": (
        "C'est en forgeant qu'on devient forgeron.",
        "Mieux vaut tard que jamais.",
        "Le temps, c'est de l'argent.",
        "Le silence est d'or.",
        "L'amour est aveugle.",
        "Loin des yeux, loin du cœur.",
    ),
}


def load(settings):
    """The proverbs of the languages that a study asks for."""
    items = tuple(f"proverb {number}" for number in range(len(ENGLISH)))
    languages = settings.languages or tuple(OTHERS)
    bitexts = {code: Bitext(code, OTHERS[code], ENGLISH, items) for code in languages}
    return BitextData(bitexts, gaps={})


PROVERBS = BitextTarget(
    name="proverbs",
    title="proverbs",
    description="six proverbs and their English ones",
    metric="recall_at_3",
    protocols=tuple(replace(protocol, metric="recall_at_3") for protocol in RETRIEVAL),
    load=load,
    languages=tuple(OTHERS),
    licence="CC0",
    citation="common knowledge",
)
