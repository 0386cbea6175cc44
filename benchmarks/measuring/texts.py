"""The texts of the benchmarks: a folder of Tatoeba files, or the installed gettext catalogs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from crosslift.sources.gettext_catalogs import load_catalogs


def read_texts(folder: Path | None, count: int) -> list[str]:
    """Different texts in random but fixed order, at most ``count``.

    Args:
        folder: of files as LASER lays Tatoeba out (``tatoeba.deu-eng.deu``); None: the catalogs.
        count: of texts.

    Raises:
        FileNotFoundError: no such file in the folder.
    """
    texts = sorted(set(_catalog_texts() if folder is None else _tatoeba_texts(folder)) - {""})
    random.Random(0).shuffle(texts)
    return texts[:count]


def _tatoeba_texts(folder: Path) -> list[str]:
    paths = sorted(folder.glob("tatoeba.*-eng.*"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no files such as tatoeba.deu-eng.deu")
    return [line.strip() for p in paths for line in p.read_text(encoding="utf-8").splitlines()]


def _catalog_texts() -> list[str]:
    catalogs = load_catalogs()
    return [text for language in catalogs.languages for text in catalogs.strings(language)]


def mixed_lengths(texts: Sequence[str], count: int) -> list[str]:
    """Texts of middling length (between the quartiles), of which every third is a long one.

    A long one is three to five others joined.
    """
    chosen = random.Random(1)
    by_length = sorted(texts, key=len)
    middling = by_length[len(texts) // 4 : len(texts) * 3 // 4]
    joined = [chosen.randint(3, 5) if i % 3 == 0 else 1 for i in range(count)]
    return [" ".join(chosen.sample(middling, number)) for number in joined]
