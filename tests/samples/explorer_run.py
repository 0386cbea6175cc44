"""Run folders with items, found answers, texts, pictures and a map, of any size, for the explorer."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from report_sample import sample_arm

from crosslift.results.arm_facts import ArmFacts, Role
from crosslift.results.projections import SCHEMA as PROJECTIONS
from crosslift.results.result_record import write_json_file
from crosslift.results.run_facts import RunFacts
from crosslift.results.score_rows import CurvePoint, Score, table_of
from crosslift.results.step_facts import RunEnvironment
from crosslift.results.target_facts import TargetFacts
from crosslift.results.thumbnails import SCHEMA as THUMBNAILS
from crosslift.results.verdict import Verdict

DIRECTIONS = {"sentences": ("xx->en", "en->xx"), "photographs": ("text->picture", "picture->text")}
_ROLES: tuple[tuple[str, Role, str | None], ...] = (
    ("raw", "baseline", None),
    ("text", "trained", None),
    ("image", "trained", None),
    ("image-shuffled", "control", "image"),
)


@dataclass(frozen=True)
class ExplorerRun:
    """A made-up run.

    Args:
        languages: codes.
        items: of each language.
        arms: the first is the baseline, with one seed.
        seeds: of trained arms.
        pictures: whether there is a target of pictures beside that of sentences.
        name: of the study.
        seed: of the random numbers.
        codes_of_texts: whether texts have a language, as those of this version.
    """

    languages: Sequence[str] = ("de", "ar", "ja")
    items: int = 20
    arms: int = 4
    seeds: int = 2
    pictures: bool = True
    name: str = "made-up"
    seed: int = 1
    codes_of_texts: bool = True

    def arm_facts(self) -> list[ArmFacts]:
        """The arms."""
        further = [(f"arm-{i}", "trained", None) for i in range(self.arms - len(_ROLES))]
        named = [*_ROLES, *further][: self.arms]
        return [sample_arm(name, role, control, self.seeds) for name, role, control in named]

    def write(self, folder: Path) -> Path:
        """Writes the folder and returns it."""
        folder.mkdir(parents=True)
        chance = np.random.default_rng(self.seed)
        arms = self.arm_facts()
        names = list(DIRECTIONS)[: 1 + self.pictures]
        outcomes, found, texts, scores = [], [], [], []
        for target in names:
            for direction in DIRECTIONS[target]:
                asked = _Asked(self, target, f"crosslift/{direction}", chance)
                texts.append(asked.texts())
                for arm in arms:
                    for seed in arm.seeds:
                        answered = asked.answered(arm, seed, chance)
                        outcomes.append(answered[0])
                        found.append(answered[1])
                        scores += asked.scores(arm, seed, answered[0])
        pq.write_table(pa.concat_tables(outcomes), folder / "outcomes.parquet")
        pq.write_table(pa.concat_tables(found), folder / "found.parquet", compression="zstd")
        pq.write_table(pa.concat_tables(texts), folder / "texts.parquet")
        pq.write_table(table_of(scores, Score), folder / "results.parquet")
        points = [
            CurvePoint(a.name, s, 0, "names", u, "loss", 2 / (1 + u))
            for a in arms[1:]
            for s in a.seeds
            for u in (0, 50, 100)
        ]
        pq.write_table(table_of(points, CurvePoint), folder / "curves.parquet")
        pq.write_table(self._projections(arms, chance), folder / "projections.parquet")
        if self.pictures:
            pq.write_table(self._thumbnails(), folder / "thumbnails.parquet")
        (folder / "results.csv").write_text("", encoding="utf-8")
        write_json_file(folder / "verdicts.json", self._verdicts(arms, names))
        write_json_file(folder / "examples.json", [])
        write_json_file(folder / "run.json", self._facts(arms, names))
        return folder

    def _facts(self, arms: Sequence[ArmFacts], targets: Sequence[str]) -> RunFacts:
        return RunFacts(
            study=self.name,
            question="Does it help?",
            created="2026-01-01T00:00:00+00:00",
            version="0.1.0",
            baseline="raw",
            arms=tuple(arms),
            targets=tuple(
                TargetFacts(
                    name=target,
                    title=target.capitalize(),
                    metric="top1_accuracy",
                    protocol=f"crosslift/{DIRECTIONS[target][0]}",
                    languages=tuple(self.languages),
                    gaps=(),
                    kind="pictures" if target == "photographs" else "bitext",
                )
                for target in targets
            ),
            protocols={
                f"crosslift/{direction}": {"name": "crosslift", "metric": "top1_accuracy"}
                for target in targets
                for direction in DIRECTIONS[target]
            },
            environments=(RunEnvironment(facts={}, steps=0, arms=()),),
            written_in=0,
            differing=(),
            store="store",
            steps=(),
            overlap=(),
        )

    def _verdicts(self, arms: Sequence[ArmFacts], targets: Sequence[str]) -> list[Verdict]:
        return [
            Verdict(
                arm=arm.name,
                against="raw",
                target=target,
                protocol=f"crosslift/{DIRECTIONS[target][0]}",
                metric="top1_accuracy",
                subset="all",
                question=None,
                family="vs-baseline",
                effect=0.1,
                low=0.05,
                high=0.15,
                low_corrected=0.04,
                high_corrected=0.16,
                level=0.95,
                p=0.001,
                p_corrected=0.002,
                n_queries=self.items * len(self.languages),
                n_languages=len(self.languages),
                seeds=self.seeds,
                verdict="higher",
                budget_equal=True,
                budget_note="",
                sentence=f"`{arm.name}` scored 10.0 points higher on {target}.",
            )
            for target in targets
            for arm in arms[1:]
        ]

    def _thumbnails(self) -> pa.Table:
        rows = []
        for number in range(self.items):
            content = io.BytesIO()
            Image.new("RGB", (96, 96), (number % 256, 90, 160)).save(content, "WEBP")
            rows.append(("photographs", f"p{number}", "", content.getvalue()))
        return pa.table([list(column) for column in zip(*rows, strict=True)], schema=THUMBNAILS)

    def _projections(self, arms: Sequence[ArmFacts], chance: np.random.Generator) -> pa.Table:
        texts = [
            _text(code, number) for code in self.languages for number in range(min(self.items, 30))
        ]
        codes = [code for code in self.languages for _ in range(min(self.items, 30))]
        count = len(texts)
        tables = [
            pa.table(
                [
                    pa.array(["sentences"] * count, PROJECTIONS.field("target").type),
                    pa.array([arm.name] * count, PROJECTIONS.field("arm").type),
                    pa.array([arm.seeds[0]] * count),
                    pa.array(codes, PROJECTIONS.field("text_language").type),
                    pa.array(texts, PROJECTIONS.field("text").type),
                    pa.array([None] * count, PROJECTIONS.field("picture").type),
                    pa.array(chance.normal(size=count), pa.float32()),
                    pa.array(chance.normal(size=count), pa.float32()),
                    pa.array(
                        [[(i + 1) % count, (i + 2) % count] for i in range(count)],
                        PROJECTIONS.field("neighbours").type,
                    ),
                    pa.array([[0.1, 0.2]] * count, PROJECTIONS.field("distances").type),
                ],
                schema=PROJECTIONS,
            )
            for arm in arms
        ]
        return pa.concat_tables(tables).unify_dictionaries()


_WORDS = np.random.default_rng(0).integers(97, 123, size=(3000, 9), dtype=np.uint8)


def _text(code: str, number: int) -> str:
    """A text of 8 words, always the same for a language and a number."""
    chance = np.random.default_rng([number, *code.encode()])
    picked = _WORDS[chance.integers(0, len(_WORDS), 8)]
    lengths = chance.integers(3, 10, 8)
    words = (bytes(word[:length]).decode() for word, length in zip(picked, lengths, strict=True))
    return f"{' '.join(words)} {code}"


class _Asked:
    """The queries of one direction of a target, in all languages."""

    def __init__(
        self, run: ExplorerRun, target: str, protocol: str, chance: np.random.Generator
    ) -> None:
        self.run, self.target, self.protocol = run, target, protocol
        prefix = "p" if target == "photographs" else "s"
        self.count = run.items * len(run.languages)
        self.language = np.repeat(np.array(run.languages, object), run.items)
        self.number = np.tile(np.arange(run.items), len(run.languages))
        self.names = np.array([f"{prefix}{i}" for i in range(run.items)], object)
        self.hard = chance.random(self.count)

    def texts(self) -> pa.Table:
        """Rows of ``texts.parquet``."""
        query, answer = self.protocol.partition("/")[2].split("->")
        parts = [
            self._texts(role, side)
            for role, side in (("query", query), ("right", answer), ("retrieved", answer))
        ]
        return pa.concat_tables(parts)

    def _texts(self, role: str, side: str) -> pa.Table:
        shown = [
            (None, None, name)
            if side == "picture"
            else (
                _text("en" if side == "en" else code, number),
                "en" if side == "en" else code,
                None,
            )
            for code, number, name in zip(
                self.language, self.number, self.names[self.number], strict=True
            )
        ]
        text, language, picture = zip(*shown, strict=True)
        table = {
            "target": [self.target] * self.count,
            "protocol": [self.protocol] * self.count,
            "language": self.language,
            "role": [role] * self.count,
            "item": self.names[self.number],
            "text": pa.array(text, pa.string()),
        }
        if self.run.codes_of_texts:
            table |= {
                "text_language": pa.array(language, pa.string()),
                "picture": pa.array(picture, pa.string()),
            }
        else:  # pictures had no row
            return pa.table(table).drop_null()
        return pa.table(table)

    def answered(
        self, arm: ArmFacts, seed: int, chance: np.random.Generator
    ) -> tuple[pa.Table, pa.Table]:
        """Rows of ``outcomes.parquet`` and of ``found.parquet``."""
        skill = 0.3 if arm.role == "baseline" else 0.5
        right = self.hard + chance.normal(0, 0.1, self.count) < skill
        ranked = (
            self.number[:, None]
            + chance.integers(1, self.run.items, (self.count, 5)).cumsum(axis=1)
        ) % self.run.items
        ranked[right, 0] = self.number[right]
        wrong = ~right & (ranked[:, 0] == self.number)
        ranked[wrong, 0] = (self.number[wrong] + 1) % self.run.items
        scores = np.sort(chance.normal(0.6, 0.1, (self.count, 5)))[:, ::-1].astype(np.float32)
        scores = np.round(scores * 2**14) / np.float32(2**14)
        facts = {
            "arm": [arm.name] * self.count,
            "seed": [seed] * self.count,
            "target": [self.target] * self.count,
            "protocol": [self.protocol] * self.count,
            "language": self.language,
            "item": self.names[self.number],
        }
        outcomes = {
            "study": [self.run.name] * self.count,
            "step_key": [""] * self.count,
            "cluster": self.names[self.number],
            "top1_accuracy": right.astype(np.float32),
            "retrieved": self.names[ranked[:, 0]],
            "clean": self.number % 7 != 0,
        }
        lists = {
            "answers": pa.array(list(self.names[ranked]), pa.list_(pa.string())),
            "scores": pa.array(list(scores), pa.list_(pa.float32())),
        }
        return pa.table(facts | outcomes), pa.table(facts | lists)

    def scores(self, arm: ArmFacts, seed: int, outcomes: pa.Table) -> list[Score]:
        """Rows of ``results.parquet``."""
        values = (
            outcomes["top1_accuracy"].to_numpy().reshape(len(self.run.languages), -1).mean(axis=1)
        )
        named = [*zip(self.run.languages, values, strict=True), ("macro", values.mean())]
        return [
            Score(
                self.run.name,
                arm.name,
                seed,
                self.target,
                self.protocol,
                "",
                "all",
                code,
                "top1_accuracy",
                float(value),
                self.run.items,
            )
            for code, value in named
        ]
