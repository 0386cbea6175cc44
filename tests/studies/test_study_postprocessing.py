"""Arms with post-processing in a study, by a second computation; diagnostics in a run's folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from small_study import SCRATCH, small_study
from tiny_encoder import load_tiny

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.planning.plan_study import plan_study
from crosslift.results.run_folder import RunFolder
from crosslift.retrieval.diagnostics import diagnose, separability
from crosslift.studies.reading import StudyFileError

WORDS = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread", "salt")
COUNT = 40
LANGUAGES = ("de", "fi")
Rows = NDArray[np.float64]
Scores = Callable[[Rows, Rows], Rows]


def texts_of(language: str) -> tuple[list[str], list[str]]:
    pairs = [(a, b) for i, a in enumerate(WORDS) for b in WORDS[i + 1 :]][:COUNT]
    return [f"{language} {b} {a}" for a, b in pairs], [f"{a} and the {b}" for a, b in pairs]


# The same in a few lines of numpy


def unit(rows: Rows) -> Rows:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def cosines(src: Rows, tgt: Rows) -> Rows:
    return unit(src) @ unit(tgt).T


def centred(src: Rows, tgt: Rows) -> Rows:
    return cosines(*(unit(side) - unit(side).mean(axis=0) for side in (src, tgt)))


def whitened(src: Rows, tgt: Rows) -> Rows:
    """By the inverse root of the covariance; it is turned against that of the directions alone."""
    pooled = np.concatenate([unit(src), unit(tgt)])
    pooled = pooled - pooled.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(pooled.T, bias=True))
    root = directions @ np.diag(variances**-0.5) @ directions.T
    return cosines(pooled[:COUNT] @ root, pooled[COUNT:] @ root)


def without_the_top(src: Rows, tgt: Rows) -> Rows:
    pooled = np.concatenate([unit(src), unit(tgt)])
    pooled = pooled - pooled.mean(axis=0)
    top = np.linalg.svd(pooled)[2][0]
    pooled = pooled - np.outer(pooled @ top, top)
    return cosines(pooled[:COUNT], pooled[COUNT:])


def scaled(scores: Rows) -> Rows:
    """CSLS with ten neighbours."""
    of_src, of_tgt = (np.sort(s, axis=1)[:, -10:].mean(axis=1) for s in (scores, scores.T))
    return 2 * scores - of_src[:, None] - of_tgt[None, :]


ARMS: dict[str, tuple[list[str], Scores]] = {
    "baseline": ([], cosines),
    "centre": (["centre"], centred),
    "whiten": (["whiten"], whitened),
    "top": (["all-but-the-top"], without_the_top),
    "csls": (["csls"], lambda src, tgt: scaled(cosines(src, tgt))),
    "centre-csls": (["centre", "csls"], lambda src, tgt: scaled(centred(src, tgt))),
}


@pytest.fixture(scope="module")
def out(xlm_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with an arm of each kind, and a trained one with and without."""
    base = tmp_path_factory.mktemp("post")
    (base / "data").mkdir()
    for code in LANGUAGES:
        for end, texts in zip((code, "en"), texts_of(code), strict=True):
            path = base / "data" / f"x.{code}-en.{end}"
            path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    pictures = [{"task": "picture-name", **SCRATCH}]
    arms: dict[str, Any] = {name: {"postprocessing": steps} for name, (steps, _) in ARMS.items()}
    arms |= {
        "image": {"stages": pictures},
        "image-centre": {"stages": pictures, "postprocessing": ["centre"]},
    }
    study = small_study(
        xlm_folder,
        seeds=[1],
        starts={"plain": {"encoder": {"name": str(xlm_folder), "precision": "float32"}}},
        start="plain",
        arms=arms,
        comparisons=[],
        targets=[
            {"name": "bitext", "data": str(base / "data")},
            {"name": "pictures", "languages": ["en"]},
        ],
    )
    kinds = [step.kind for step in plan_study(study).steps()]
    assert kinds.count("train") == 1, "arms that differ in post-processing share their training"
    texts = [s for s in plan_study(study).steps() if s.group == "texts of bitext"]
    sets = len({s.label for s in texts})
    assert len(texts) == 2 * sets, (
        "and their vectors: those of the start, and those of the image arm"
    )
    run_study(study, base / "out", Store(base / "store"))
    return base / "out"


@pytest.fixture(scope="module")
def vectors(xlm_folder: Path) -> dict[str, tuple[Rows, Rows]]:
    ready = load_tiny(xlm_folder)
    return {
        code: (encode(ready, src).astype(float), encode(ready, tgt).astype(float))
        for code, (src, tgt) in ((code, texts_of(code)) for code in LANGUAGES)
    }


def outcomes(out: Path, **wanted: object) -> list[dict[str, Any]]:
    rows = pq.read_table(out / "outcomes.parquet").to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_outcomes_of_an_arm(
    out: Path, vectors: dict[str, tuple[Rows, Rows]], arm: str, language: str
) -> None:
    scores = ARMS[arm][1](*vectors[language])
    for protocol, asked in (("crosslift/xx->en", scores), ("crosslift/en->xx", scores.T)):
        rows = outcomes(out, arm=arm, language=language, protocol=protocol, target="bitext")
        assert [row["item"] for row in rows] == [f"{language}:{i + 1}" for i in range(COUNT)]
        ranks = 1 + (asked > np.diag(asked)[:, None] + 1e-9).sum(axis=1)
        found = [row["reciprocal_rank"] for row in rows]
        assert found == pytest.approx((1 / ranks).tolist(), abs=1e-6)
        assert [row["top1_accuracy"] for row in rows] == (ranks == 1).tolist()
        assert [row["retrieved"] for row in rows] == [
            f"{language}:{i + 1}" for i in asked.argmax(axis=1)
        ]


def test_the_arms_differ(out: Path) -> None:
    means = {
        arm: np.mean([row["reciprocal_rank"] for row in outcomes(out, arm=arm, target="bitext")])
        for arm in ARMS
    }
    assert len(set(means.values())) == len(means)


def test_pictures_are_not_scored_for_such_an_arm(out: Path) -> None:
    assert outcomes(out, arm="image", target="pictures")
    assert not outcomes(out, arm="image-centre", target="pictures")
    assert outcomes(out, arm="image-centre", target="bitext")
    folder = RunFolder.read(out)
    assert {v.target for v in folder.verdicts if v.arm == "image-centre"} == {"bitext"}
    assert (out / "report.html").is_file()


def test_diagnostics_of_every_arm_and_language(
    out: Path, vectors: dict[str, tuple[Rows, Rows]]
) -> None:
    entries = json.loads((out / "diagnostics.json").read_text(encoding="utf-8"))
    arms = {**dict.fromkeys(ARMS, 0), "image": 1, "image-centre": 1}
    assert {(e["arm"], e["seed"], e["target"], e["language"]) for e in entries} == {
        (arm, seed, "bitext", language)
        for arm, seed in arms.items()
        for language in (*LANGUAGES, "all")
    }
    assert len(entries) == len(arms) * 3
    json.dumps(entries, allow_nan=False)
    named = {(entry["arm"], entry["language"]): entry for entry in entries}
    facts = {"arm": "baseline", "seed": 0, "target": "bitext"}
    sides = {code: [side.astype(np.float32) for side in pair] for code, pair in vectors.items()}
    for code, (src, tgt) in sides.items():
        expected = json.loads(json.dumps(facts | diagnose(code, src, tgt).to_json()))
        assert named["baseline", code] == _nearly(expected)
        assert named["csls", code] == _nearly(expected | {"arm": "csls"}), "csls is of the scores"
        assert named["centre", code] != _nearly(expected | {"arm": "centre"})
    classes = {code: pair[0] for code, pair in sides.items()} | {"en": sides["fi"][1]}
    told = named["baseline", "all"]["separability"]
    assert told == pytest.approx(separability(classes))
    assert named["centre", "all"]["separability"] < told


def _nearly(value: Any) -> Any:
    """The same, with numbers compared as floats are."""
    if isinstance(value, dict):
        return {name: _nearly(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_nearly(inner) for inner in value]
    return pytest.approx(value, abs=1e-5) if isinstance(value, float) else value


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (["centre", "csls", "centre"], "each entry once; 'centre' appears twice"),
        (["center"], "'centre', 'whiten', 'all-but-the-top' or 'csls'"),
    ],
)
def test_faulty_steps_are_told_with_the_study(
    xlm_folder: Path, steps: list[str], told: str
) -> None:
    with pytest.raises(StudyFileError, match=r"arms\.text\.postprocessing") as caught:
        small_study(
            xlm_folder,
            arms={"baseline": {}, "text": {"postprocessing": steps}},
            comparisons=[],
        )
    assert told in str(caught.value)
