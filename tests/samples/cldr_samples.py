"""A list of emoji names in the smallest of the layouts that are read."""

from __future__ import annotations

import json
from pathlib import Path

EXPECTED = {
    "de": {
        "1F600": "grinsendes Gesicht",
        "2764": "rotes Herz",
        "1F1E9-1F1EA": "Flagge: Deutschland",
    },
    "pt-PT": {"1F600": "cara com sorriso"},
}


def write_list(folder: Path, names: dict[str, dict[str, str]] | None = None) -> Path:
    emoji: dict[str, dict[str, str]] = {}
    for locale, named in (names or EXPECTED).items():
        for code, name in named.items():
            emoji.setdefault(code, {})[locale] = name
    lines = [json.dumps({"id": code, "emoji": "", "names": own}) for code, own in emoji.items()]
    folder.mkdir(exist_ok=True)
    (folder / "names.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
