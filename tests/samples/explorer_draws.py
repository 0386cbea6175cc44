"""What synthetic pages of the explorer hold: texts, pictures, outcomes, answers, maps, scores."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from crosslift.languages import language

_LETTERS = {
    "Latn": "aeioubdklmnprst",
    "Cyrl": "аеиоубдклмнпрст",
    "Grek": "αειουβδκλμνπρστ",
    "Arab": "ابتثجحدرسشعفقكلمنهوي",
    "Hebr": "אבגדהוחטילמנסעפקרשת",
    "Deva": "अआकखगचजतदनपबमयरलवसह",
    "Jpan": "あいうえおかきくけこさしすせそ",
    "Hans": "的一是不了人我在有他这中大来上",
    "Kore": "가나다라마바사아자차카타파하",
    "Thai": "กขคงจชดตทนบปพมยรลวสห",
    "Geor": "აბგდევზთიკლმნოპრსტ",
}


@cache
def _vocabulary(code: str) -> list[str]:
    noise = np.random.default_rng(list(code.encode()))
    letters = list(_LETTERS.get(language(code).script, _LETTERS["Latn"]))
    return ["".join(noise.choice(letters, size)) for size in noise.integers(2, 9, 400)]


def words_of(code: str, noise: np.random.Generator) -> str:
    words = _vocabulary(code)
    return " ".join(words[place] for place in noise.integers(0, len(words), noise.integers(1, 9)))


def string_pool(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    encoded = [text.encode("utf-8") for text in texts]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.uint32)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


def thumbnails(
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


Outcomes = dict[tuple[int, int], NDArray[np.bool_]]


def draw_arms(
    arms: Sequence[Mapping[str, Any]],
    languages: NDArray[np.uint16],
    noise: np.random.Generator,
    drawn: dict[str, Any],
) -> Outcomes:
    """Outcomes and the five answers of each arm and seed: harder languages, arms that differ."""
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
            own = np.arange(items)
            rows, ranks = np.nonzero(places == own[:, None])
            wanted = np.where(right[rows], 0, np.maximum(ranks, 1))
            places[rows, ranks], places[rows, wanted] = places[rows, wanted], own[rows]
            places[right, 0] = own[right]
            drawn[f"outcome/{index}/{seed}"] = ((right * 252).astype(np.uint8), {"scale": 1 / 252})
            drawn[f"found/{index}/{seed}/content"] = (places + items).astype(np.uint32).ravel()
            scores = np.sort(noise.integers(75, 225, (items, 5)).astype(np.uint16), axis=1)[:, ::-1]
            drawn[f"found/{index}/{seed}/score"] = (scores.ravel(), {"scale": 0.004, "zero": 0.0})
    return outcomes


def _distinct(many: NDArray[np.int64], noise: np.random.Generator) -> NDArray[np.int64]:
    """Five different places below ``many`` (at least 5) in each row, small ones more often."""
    steps = 1 + (noise.random((len(many), 5)) ** 3 * (many[:, None] - 5) / 5).astype(np.int64)
    turned = (np.arange(5) + noise.integers(0, 5, len(many))[:, None]) % 5
    return np.take_along_axis(np.cumsum(steps, axis=1) - 1, turned, axis=1)


def draw_maps(
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


def add_scores(
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
            facts["levels"].append(
                {
                    **where,
                    "arm": arm["name"],
                    "language": code,
                    "level": values.mean(),
                    "seeds": values.tolist(),
                }
            )
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
    says = {
        "higher": f"scored {middle:.1f} points higher than",
        "lower": f"scored {-middle:.1f} points lower than",
        "not shown": "is not shown to differ from",
    }
    interval = f"95% interval {low:.1f} to {high:.1f}; a sample"
    sentence = f"On {target}, `{arm}` {says[mark]} `baseline` ({interval})."
    return {
        "arm": arm,
        "against": "baseline",
        "language": code,
        "difference": middle,
        "low": low,
        "high": high,
        "corrected": not code,
        "mark": None if code else mark,
        "sentence": None if code else sentence,
    }
