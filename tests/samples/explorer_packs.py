"""Synthetic pages of the explorer, by the format of docs/explorer-format.md."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from explorer_draws import add_scores, draw_arms, draw_maps, string_pool, thumbnails, words_of
from numpy.typing import NDArray

from crosslift.languages import XTREME_TATOEBA, language
from crosslift.reports.looks import BASELINE, MARKERS, PALETTE

NONE = 0xFFFFFFFF
_TYPES = {"u1": "u8", "u2": "u16", "u4": "u32", "i4": "i32", "f4": "f32"}
_ROLES = ("trained", "trained", "control", "trained")
_ARMS = (
    *("text", "image", "image-shuffled", "image-locked"),
    *("text-twice", "pairs", "questions", "captions", "mixed"),
)
FEW = ("ar", "de", "en", "fi", "he", "ja", "ru", "tr")


@dataclass
class Pack:
    """A page's data: facts, and the bytes of each block before compression."""

    facts: dict[str, Any]
    blocks: dict[str, bytes] = field(default_factory=dict)

    def add(
        self, name: str, columns: Mapping[str, NDArray[Any] | tuple[NDArray[Any], dict[str, float]]]
    ) -> str:
        """Adds a block; a column with a scale is a pair of its array and the scale and zero."""
        written, described = io.BytesIO(), {}
        for column, content in columns.items():
            array, scale = content if isinstance(content, tuple) else (content, {})
            written.write(b"\0" * (-written.tell() % 8))
            kind = _TYPES[array.dtype.str[1:]]
            described[column] = {
                "offset": written.tell(),
                "type": kind,
                "length": array.size,
                **scale,
            }
            written.write(array.tobytes())
        self.blocks[name] = written.getvalue()
        self.facts["blocks"][name] = {"bytes": len(self.blocks[name]), "columns": described}
        return name

    def column(self, block: str, column: str) -> NDArray[Any]:
        """The stored numbers of a column."""
        described = self.facts["blocks"][block]["columns"][column]
        kind = next(kind for kind, name in _TYPES.items() if name == described["type"])
        return np.frombuffer(self.blocks[block], kind, described["length"], described["offset"])

    def right(self, block: str, arm: int) -> NDArray[np.int64]:
        """In how many seeds of an arm each item is right."""
        seeds = self.facts["arms"][arm]["seeds"]
        columns = [self.column(block, f"outcome/{arm}/{seed}") > 126 for seed in seeds]
        return np.sum(columns, axis=0, dtype=np.int64)  # type: ignore[no-any-return]

    def page(self) -> str:
        """The whole page: the built one with its placeholders filled."""
        built = (files("crosslift.explorer") / "page" / "page.html").read_text(encoding="utf-8")
        facts = json.dumps(self.facts, ensure_ascii=False, allow_nan=False)
        for character in "<>&":
            facts = facts.replace(character, f"\\u{ord(character):04x}")
        blocks = "\n".join(
            f'<script type="text/plain" class="block" data-name="{html.escape(name)}">'
            f"{base64.b64encode(gzip.compress(content, 6, mtime=0)).decode('ascii')}</script>"
            for name, content in self.blocks.items()
        )
        filled = built.replace("<!--title-->", html.escape(self.facts["title"]))
        filled = filled.replace(
            "<!--facts-->", f'<script type="application/json" id="facts">{facts}</script>'
        )
        return filled.replace("<!--blocks-->", blocks)

    def write(self, path: Path) -> Path:
        """Writes the page and returns its path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.page(), encoding="utf-8")
        return path


def small_pack(**changes: Any) -> Pack:
    """Five arms, eight languages, a target of texts and one of pictures; a verdict for each arm."""
    return pack(**{"arms": 5, "codes": FEW, "items": 240, "seeds": 3, "pictures": True, **changes})


def large_pack() -> Pack:
    """Ten arms, 36 languages, 40,000 queries."""
    codes = tuple(XTREME_TATOEBA.values())
    return pack(arms=10, codes=codes, items=40_000, seeds=3, pictures=False)


def pack(
    *,
    arms: int,
    codes: Sequence[str],
    items: int,
    seeds: int,
    pictures: bool,
    texts: Sequence[str] = (),
) -> Pack:
    """A page of ``arms`` arms (the first is the baseline, with one seed).

    Args:
        arms: how many.
        codes: of the languages.
        items: queries of each target, spread evenly over the languages.
        seeds: of each trained arm.
        pictures: whether there is a target whose answers are pictures.
        texts: the first queries, in place of generated ones.
    """
    facts: dict[str, Any] = {
        "format": 1,
        "title": "sample",
        "question": "Do pictures help a text encoder?",
        "version": "0.1.0",
        "runs": ["sample"],
        "notes": ["This page is a sample: its numbers are drawn at random."],
        "arms": [_arm(index, seeds) for index in range(arms)],
        "languages": [_language(code) for code in codes],
        "targets": [],
        "levels": [],
        "differences": [],
        "curves": [],
        "blocks": {},
    }
    made = Pack(facts)
    _add_target(made, "sentences", items, texts, pictures=False)
    if pictures:
        _add_target(made, "pictures", items // 2, (), pictures=True)
    for arm in facts["arms"][1:]:
        facts["curves"] += [_curve(arm["name"], seed) for seed in arm["seeds"]]
    return made


def _arm(index: int, seeds: int) -> dict[str, Any]:
    role = "baseline" if index == 0 else _ROLES[(index - 1) % len(_ROLES)]
    name = "baseline" if index == 0 else _ARMS[index - 1] if index <= len(_ARMS) else f"arm-{index}"
    control = role == "control"
    colour = BASELINE if index == 0 else PALETTE[(index - 1 - control) % len(PALETTE)]
    updates = 0.0 if index == 0 else 240.0
    return {
        "name": name,
        "run": None,
        "role": role,
        "baseline": "baseline",
        "control_of": _ARMS[index - 2] if control and index <= len(_ARMS) else None,
        "colour": colour[0],
        "colour_dark": colour[1],
        "mark": "X" if control else MARKERS[index % 5],
        "hollow": control,
        "postprocessing": [],
        "seeds": [0] if index == 0 else list(range(1, seeds + 1)),
        "budget": {
            "updates": updates,
            "examples": updates * 64,
            "tokens": updates * (900.0 + 40 * index),
            "seconds": 4.0 * index,
        },
    }


def _language(code: str) -> dict[str, Any]:
    facts = language(code)
    return {
        "code": code,
        "name": facts.name,
        "family": facts.family,
        "script": facts.script,
        "rtl": facts.right_to_left,
    }


def _curve(arm: str, seed: int) -> dict[str, Any]:
    noise = np.random.default_rng([seed, len(arm)])
    updates = [0, 60, 120, 180, 240]
    values = [
        round(0.2 + 0.5 * (1 - 0.5 ** (each / 60)) + noise.normal(0, 0.02), 4) for each in updates
    ]
    return {
        "arm": arm,
        "seed": seed,
        "stage": 0,
        "task": "captions",
        "metric": "recall at 1",
        "updates": updates,
        "values": values,
    }


def _add_target(made: Pack, name: str, items: int, texts: Sequence[str], *, pictures: bool) -> None:
    noise = np.random.default_rng([items, len(name)])
    languages = len(made.facts["languages"])
    item_language = np.sort(np.arange(items, dtype=np.uint16) % languages)
    codes = [each["code"] for each in made.facts["languages"]]
    queries = [words_of(codes[index], noise) for index in item_language]
    queries[: len(texts)] = texts
    answers = [f"picture {index}" if pictures else words_of("en", noise) for index in range(items)]
    strings = [
        *queries,
        *([] if pictures else answers),
        *(f"item {index}" for index in range(items)),
    ]
    pool, ends = string_pool(strings)
    identity = np.arange(items, dtype=np.uint32) + (1 if pictures else 2) * items
    everything = np.arange(2 * items, dtype=np.uint32)
    english = codes.index("en") if "en" in codes else 0xFFFF
    columns: dict[str, Any] = {
        "texts/bytes": pool,
        "texts/ends": ends,
        "content/id": np.tile(identity, 2),
        "content/text": np.where(
            everything < items, everything, NONE if pictures else everything
        ).astype(np.uint32),
        "content/picture": np.where(
            pictures & (everything >= items), everything - items, NONE
        ).astype(np.uint32),
        "content/kind": (pictures & (everything >= items)).astype(np.uint8),
        "content/language": np.concatenate(
            [item_language, np.full(items, 0xFFFF if pictures else english)]
        ).astype(np.uint16),
    }
    if pictures:
        columns["pictures/bytes"], columns["pictures/ends"] = thumbnails(items, noise)
    contents = made.add(f"{name}/contents", columns)
    query = np.arange(items, dtype=np.uint32)
    drawn: dict[str, Any] = {
        "item/id": identity,
        "item/query": query,
        "item/right": query + items,
        "item/language": item_language,
        "item/length": np.array([len(text) for text in queries], np.uint32),
        "item/clean": (noise.random(items) < 0.85).astype(np.uint8),
    }
    outcomes = draw_arms(made.facts["arms"], item_language, noise, drawn)
    block = made.add(f"{name}/items", drawn)
    protocol = f"crosslift/{'text->picture' if pictures else 'xx->en'}"
    metric = "recall_at_1" if pictures else "top1_accuracy"
    made.facts["targets"].append(
        {
            "name": name,
            "title": f"{name} (sample)",
            "metric": metric,
            "protocol": protocol,
            "pictures": pictures,
            "contents": contents,
            "map": made.add(f"{name}/map", draw_maps(made.facts["arms"], item_language, noise)),
            "protocols": [
                {
                    "id": protocol,
                    "words": "texts find pictures" if pictures else "other languages find English",
                    "metric": metric,
                    "metric_title": "recall at 1" if pictures else "top-1 accuracy",
                    "outcome": metric,
                    "unit": "points",
                    "higher_is_better": True,
                    "right": True,
                    "several_right": False,
                    "block": block,
                    "items": items,
                    "languages": list(range(languages)),
                }
            ],
        }
    )
    add_scores(made.facts, name, protocol, item_language, outcomes)
