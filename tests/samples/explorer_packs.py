"""Synthetic pages of the explorer, by the format of docs/explorer-format.md: small, large, and damaged ones."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from crosslift.languages import XTREME_TATOEBA, language
from crosslift.reports.looks import BASELINE, MARKERS, PALETTE

NONE = 0xFFFFFFFF
_TYPES = {"u1": "u8", "u2": "u16", "u4": "u32", "i4": "i32", "f4": "f32"}
_LETTERS = {
    "Latn": "aeioubdklmnprst", "Cyrl": "аеиоубдклмнпрст", "Grek": "αειουβδκλμνπρστ", "Arab": "ابتثجحدرسشعفقكلمنهوي",
    "Hebr": "אבגדהוחטילמנסעפקרשת", "Deva": "अआकखगचजतदनपबमयरलवसह", "Jpan": "あいうえおかきくけこさしすせそ",
    "Hans": "的一是不了人我在有他这中大来上", "Kore": "가나다라마바사아자차카타파하", "Thai": "กขคงจชดตทนบปพมยรลวสห",
    "Geor": "აბგდევზთიკლმნოპრსტ",
}  # fmt: skip
_ROLES = ("trained", "trained", "control", "trained")
_ARMS = (
    "text",
    "image",
    "image-shuffled",
    "image-locked",
    "text-twice",
    "pairs",
    "questions",
    "captions",
    "mixed",
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
        """Adds a block; a column with a scale is a pair of its array and ``{"scale": ..., "zero": ...}``."""
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
        return np.sum(columns, axis=0)

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
        "format": 1, "title": "sample", "question": "Do pictures help a text encoder?", "version": "0.1.0",
        "runs": ["sample"], "notes": ["This page is a sample: its numbers are drawn at random."],
        "arms": [_arm(index, seeds) for index in range(arms)],
        "languages": [_language(code) for code in codes], "targets": [], "levels": [], "differences": [],
        "curves": [], "blocks": {},
    }  # fmt: skip
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
        "name": name, "run": None, "role": role, "baseline": "baseline",
        "control_of": _ARMS[index - 2] if control and index <= len(_ARMS) else None,
        "colour": colour[0], "colour_dark": colour[1], "mark": "X" if control else MARKERS[index % 5], "hollow": control,
        "seeds": [0] if index == 0 else list(range(1, seeds + 1)),
        "budget": {"updates": updates, "examples": updates * 64, "tokens": updates * (900.0 + 40 * index),
                   "seconds": 4.0 * index},
    }  # fmt: skip


def _language(code: str) -> dict[str, Any]:
    facts = language(code)
    return {"code": code, "name": facts.name, "family": facts.family, "script": facts.script,
            "rtl": facts.right_to_left}  # fmt: skip


def _curve(arm: str, seed: int) -> dict[str, Any]:
    noise = np.random.default_rng([seed, len(arm)])
    updates = [0, 60, 120, 180, 240]
    values = [
        round(0.2 + 0.5 * (1 - 0.5 ** (each / 60)) + noise.normal(0, 0.02), 4) for each in updates
    ]
    return {"arm": arm, "seed": seed, "stage": 0, "task": "captions", "metric": "recall_at_1", "updates": updates,
            "values": values}  # fmt: skip


@cache
def _vocabulary(code: str) -> list[str]:
    noise = np.random.default_rng(list(code.encode()))
    letters = list(_LETTERS.get(language(code).script, _LETTERS["Latn"]))
    return ["".join(noise.choice(letters, size)) for size in noise.integers(2, 9, 400)]


def _words(code: str, noise: np.random.Generator) -> str:
    words = _vocabulary(code)
    return " ".join(words[place] for place in noise.integers(0, len(words), noise.integers(1, 9)))


def _strings(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    encoded = [text.encode("utf-8") for text in texts]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.uint32)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def _thumbnails(
    count: int, noise: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    written: list[bytes] = []
    for _ in range(count):
        image = Image.new("RGB", (64, 64), tuple(int(each) for each in noise.integers(190, 255, 3)))
        left, top = (int(each) for each in noise.integers(4, 24, 2))
        shape = (left, top, left + int(noise.integers(16, 36)), top + int(noise.integers(16, 36)))
        ink = tuple(int(each) for each in noise.integers(0, 160, 3))
        pen = ImageDraw.Draw(image)
        (pen.ellipse if noise.random() < 0.5 else pen.rectangle)(shape, fill=ink)
        stream = io.BytesIO()
        image.save(stream, "WEBP", quality=60)
        written.append(stream.getvalue())
    return np.frombuffer(b"".join(written), np.uint8), np.cumsum(
        [len(each) for each in written], dtype=np.uint32
    )


def _add_target(made: Pack, name: str, items: int, texts: Sequence[str], *, pictures: bool) -> None:
    noise = np.random.default_rng([items, len(name)])
    languages = len(made.facts["languages"])
    item_language = np.sort(np.arange(items, dtype=np.uint16) % languages)
    codes = [each["code"] for each in made.facts["languages"]]
    queries = [_words(codes[index], noise) for index in item_language]
    queries[: len(texts)] = texts
    answers = [f"picture {index}" if pictures else _words("en", noise) for index in range(items)]
    strings = [
        *queries,
        *([] if pictures else answers),
        *(f"item {index}" for index in range(items)),
    ]
    pool, ends = _strings(strings)
    identity = np.arange(items, dtype=np.uint32) + (1 if pictures else 2) * items
    everything = np.arange(2 * items, dtype=np.uint32)
    english = codes.index("en") if "en" in codes else 0xFFFF
    columns: dict[str, Any] = {
        "texts/bytes": pool, "texts/ends": ends, "content/id": np.tile(identity, 2),
        "content/text": np.where(everything < items, everything, NONE if pictures else everything).astype(np.uint32),
        "content/picture": np.where(pictures & (everything >= items), everything - items, NONE).astype(np.uint32),
        "content/kind": (pictures & (everything >= items)).astype(np.uint8),
        "content/language": np.concatenate([item_language, np.full(items, 0xFFFF if pictures else english)]).astype(np.uint16),
    }  # fmt: skip
    if pictures:
        columns["pictures/bytes"], columns["pictures/ends"] = _thumbnails(items, noise)
    contents = made.add(f"{name}/contents", columns)
    query = np.arange(items, dtype=np.uint32)
    drawn: dict[str, Any] = {
        "item/id": identity, "item/query": query, "item/right": query + items, "item/language": item_language,
        "item/length": np.array([len(text) for text in queries], np.uint32),
        "item/clean": (noise.random(items) < 0.85).astype(np.uint8),
    }  # fmt: skip
    outcomes = _draw_arms(made.facts["arms"], item_language, noise, drawn)
    block = made.add(f"{name}/items", drawn)
    protocol = f"crosslift/{'text->picture' if pictures else 'xx->en'}"
    metric = "recall_at_1" if pictures else "top1_accuracy"
    made.facts["targets"].append({
        "name": name, "title": f"{name} (sample)", "metric": metric, "protocol": protocol, "pictures": pictures,
        "contents": contents, "map": made.add(f"{name}/map", _maps(made.facts["arms"], item_language, noise)),
        "protocols": [{
            "id": protocol, "words": "texts find pictures" if pictures else "other languages find English",
            "metric": metric, "outcome": "recall at 1" if pictures else "top-1 accuracy", "unit": "points",
            "higher_is_better": True, "right": True, "block": block, "items": items, "languages": list(range(languages)),
        }],
    })  # fmt: skip
    _add_scores(made.facts, name, protocol, item_language, outcomes)


Outcomes = dict[tuple[int, int], NDArray[np.bool_]]


def _draw_arms(
    arms: Sequence[Mapping[str, Any]],
    languages: NDArray[np.uint16],
    noise: np.random.Generator,
    drawn: dict[str, Any],
) -> Outcomes:
    """Outcomes and the five answers of each arm and seed: harder languages, hubs, and arms that differ."""
    items = len(languages)
    first = np.searchsorted(languages, languages)  # candidates: the answers of the same language
    many = np.searchsorted(languages, languages, side="right") - first
    hard = noise.normal(0, 1, items) + noise.normal(0, 0.7, languages.max() + 1)[languages]
    outcomes: Outcomes = {}
    for index, arm in enumerate(arms):
        gain = 0.0 if index == 0 or arm["hollow"] else 0.35 + 0.12 * (index % 4)
        for seed in arm["seeds"]:
            right = hard + noise.normal(0, 0.5, items) < gain
            outcomes[index, seed] = right
            places = first[:, None] + _distinct(many, noise)
            self_found = places == np.arange(items)[:, None]
            places[self_found] = places[np.nonzero(self_found)[0], 0]
            places[:, 0] = np.where(right, np.arange(items), places[:, 0])
            drawn[f"outcome/{index}/{seed}"] = ((right * 252).astype(np.uint8), {"scale": 1 / 252})
            drawn[f"found/{index}/{seed}/content"] = (places + items).astype(np.uint32).ravel()
            scores = np.sort(noise.integers(75, 225, (items, 5)).astype(np.uint16), axis=1)[:, ::-1]
            drawn[f"found/{index}/{seed}/score"] = (scores.ravel(), {"scale": 0.004, "zero": 0.0})
    return outcomes


def _distinct(many: NDArray[np.int64], noise: np.random.Generator) -> NDArray[np.int64]:
    """Five different places below ``many`` (at least 5) in each row; small ones are drawn more often."""
    steps = 1 + (noise.random((len(many), 5)) ** 3 * (many[:, None] - 5) / 5).astype(np.int64)
    turned = (np.arange(5) + noise.integers(0, 5, len(many))[:, None]) % 5
    return np.take_along_axis(np.cumsum(steps, axis=1) - 1, turned, axis=1)


def _maps(
    arms: Sequence[Any], languages: NDArray[np.uint16], noise: np.random.Generator
) -> dict[str, Any]:
    sample = np.sort(noise.permutation(len(languages))[:1500]).astype(np.uint32)
    centres = noise.normal(0, 2.2, (int(languages.max()) + 1, 2))[languages[sample]]
    near = noise.normal(0, 1.2, (len(sample), 2))
    columns: dict[str, Any] = {"map/content": sample}
    for index in range(len(arms)):
        places = (
            centres * (0.75 ** min(index, 4)) + near + noise.normal(0, 0.12 * index, near.shape)
        )
        columns[f"map/{index}/x"], columns[f"map/{index}/y"] = places.T.astype(np.float32)
    return columns


def _add_scores(
    facts: dict[str, Any],
    target: str,
    protocol: str,
    languages: NDArray[np.uint16],
    outcomes: Outcomes,
) -> None:
    """Levels of every arm and language, and differences from the baseline with intervals."""
    codes = [each["code"] for each in facts["languages"]]
    masks = {code: languages == index for index, code in enumerate(codes)}
    where = {"target": target, "protocol": protocol}
    for index, arm in enumerate(facts["arms"]):
        runs = np.array([outcomes[index, seed] for seed in arm["seeds"]], float) * 100
        changes = runs.mean(0) - outcomes[0, 0] * 100.0
        by_language = {code: runs[:, mask].mean(1) for code, mask in masks.items()}
        for code, values in {
            **by_language,
            None: np.mean(list(by_language.values()), axis=0),
        }.items():
            facts["levels"].append({**where, "arm": arm["name"], "language": code, "level": values.mean(),
                                    "seeds": values.tolist()})  # fmt: skip
        if index == 0:
            continue
        for code, mask in {**masks, None: np.ones(len(languages), bool)}.items():
            facts["differences"].append(
                where | _difference(arm["name"], code, changes[mask], target)
            )


def _difference(
    arm: str, code: str | None, changes: NDArray[np.float64], target: str
) -> dict[str, Any]:
    middle, half = float(changes.mean()), float(1.96 * changes.std() / np.sqrt(len(changes)))
    low, high = middle - half, middle + half
    mark = "higher" if low > 0 else "lower" if high < 0 else "not shown"
    says = {"higher": f"scored {middle:.1f} points higher than", "lower": f"scored {-middle:.1f} points lower than",
            "not shown": "is not shown to differ from"}  # fmt: skip
    sentence = f"On {target}, `{arm}` {says[mark]} `baseline` (95% interval {low:.1f} to {high:.1f}; a sample)."
    return {"arm": arm, "against": "baseline", "language": code, "difference": middle, "low": low, "high": high,
            "mark": None if code else mark, "sentence": None if code else sentence}  # fmt: skip
