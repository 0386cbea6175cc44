"""The sides of a comparison: what is measured on the queries of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from crosslift.api.models import Model, known_model
from crosslift.api.session import outcomes_of_encoder
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import DataError, StudyError
from crosslift.making.evaluate import outcome_table
from crosslift.making.loaded_target import Loaded
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.planning.load_target import load_target
from crosslift.results.published_scores import ModelScores
from crosslift.results.run_folder import RunFolder
from crosslift.sources.judged.trec_runs import has_runs, read_trec_run, runs_in
from crosslift.steps.run import Listener
from crosslift.studies.reading import saved_study
from crosslift.targets.evaluate_judged import outcomes_of_rankings
from crosslift.targets.kinds.judged_texts import JudgedData
from crosslift.targets.protocol import OURS
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import plural

_OUTCOMES = "outcomes.parquet"


class Measured(NamedTuple):
    """The outcomes of a side on a target.

    Args:
        outcomes: one row for each query and seed, under the target's primary protocol.
        metric: the target's primary metric.
        published: published scores of other models on the target.
        notes: remarks on how the side was measured.
    """

    outcomes: pa.Table
    metric: str
    published: tuple[ModelScores, ...] = ()
    notes: tuple[str, ...] = ()


class Side(Protocol):
    """One of two compared sides."""

    @property
    def name(self) -> str:
        """The name that the user wrote; for an object, its class and what is known about it."""

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds of its training; one seed if it was not trained."""

    @property
    def trained(self) -> bool:
        """Whether its scores can differ between seeds."""

    @property
    def targets(self) -> Mapping[str, TargetSettings] | None:
        """Name -> settings of the targets that it has scores for; None: any target can be measured."""

    def measured(
        self, target: TargetSettings, store: Store | None, listener: Listener | None
    ) -> Measured:
        """Measures the side on a target."""


@dataclass(frozen=True)
class ArmSide:
    """An arm of a run.

    Args:
        name: as the user wrote it.
        run: folder of the run.
        arm: name of the arm.
    """

    name: str
    run: RunFolder
    arm: str

    @property
    def seeds(self) -> Sequence[int]:
        """The seeds of the arm."""
        return self.run.arm(self.arm).seeds or (0,)

    @property
    def trained(self) -> bool:
        """Whether the arm has stages of training."""
        return bool(self.run.arm(self.arm).stages)

    @cached_property
    def targets(self) -> Mapping[str, TargetSettings]:
        """The targets of the study for which the arm has outcomes."""
        every = saved_study(self.run.path).targets
        return {each.name: each for each in every if len(self._rows(each.name))}

    def measured(
        self, target: TargetSettings, store: Store | None, listener: Listener | None
    ) -> Measured:
        """The outcomes that the run reports."""
        del store, listener
        facts = self.run.target(target.name)
        rows = self._rows(target.name).filter(pc.field("protocol") == facts.protocol)
        return Measured(rows, facts.metric, facts.published)

    def _rows(self, target: str) -> pa.Table:
        table = pq.read_table(self.run.path / _OUTCOMES)
        return table.filter((pc.field("arm") == self.arm) & (pc.field("target") == target))


class _WithoutRun:
    """A side that no run measured: it has no seeds, and takes any target."""

    seeds: Sequence[int] = (0,)
    trained = False
    targets: Mapping[str, TargetSettings] | None = None


@dataclass(frozen=True)
class EncoderSide(_WithoutRun):
    """An encoder without further training.

    Args:
        name: the name that the user wrote; for an object, its class.
        model: the encoder.
    """

    name: str
    model: EncoderSettings | ObjectEncoder

    def measured(
        self, target: TargetSettings, store: Store | None, listener: Listener | None
    ) -> Measured:
        """Measures the encoder, or reads its outcomes from the store."""
        outcomes, loaded = outcomes_of_encoder(self.model, target, store, listener)
        published = tuple(map(ModelScores.of, loaded.data.published))
        return Measured(with_seed(outcomes), loaded.target.metric, published)


@dataclass(frozen=True)
class RankingSide(_WithoutRun):
    """Another search system, known only by its rankings in TREC run files.

    Args:
        name: the path as the user wrote it.
        path: a run file, or a folder of them, one for each language.
    """

    name: str
    path: Path

    def measured(
        self, target: TargetSettings, store: Store | None, listener: Listener | None
    ) -> Measured:
        """The outcomes of its rankings, in the languages that have a run file.

        Raises:
            StudyError: the queries of the target search no passages.
            DataError: a file cannot be used, or is for no language of the target.
        """
        del store, listener
        loaded: Loaded[JudgedData] = load_target(target.model_copy(update={"protocols": (OURS,)}))
        if not loaded.target.ranks_passages:
            raise StudyError(
                f"TREC run files ({self.name}) for target {target.name!r}, whose queries do not "
                "search passages",
                "a target such as `judged` or `measures`",
            )
        outcomes, notes = [], []
        for language, path in self._files(target.name, list(loaded.data.sets)).items():
            judged, ranked = loaded.data.sets[language], read_trec_run(path)
            outcomes.append(outcomes_of_rankings(language, judged, ranked, loaded.protocols[0]))
            unanswered = sum(query not in ranked for query in judged.queries)
            if unanswered:
                queries = plural(len(judged.queries), "query")
                notes.append(f"{path} has no line for {unanswered} of {queries}: they score 0.")
        table = with_seed(outcome_table(outcomes))
        return Measured(table, loaded.target.metric, notes=tuple(notes))

    def _files(self, target: str, languages: Sequence[str]) -> dict[str, Path]:
        """Language of the target -> its run file."""
        files = runs_in(self.path, target)
        chosen = {code: files[code] for code in languages if code in files}
        if not chosen and self.path.is_file() and len(languages) == 1:
            return {languages[0]: self.path}
        if not chosen:
            raise DataError(
                f"{self.name} does not name a language of {target!r}",
                f"a file NAME.LANGUAGE.run, or a folder of them, for {', '.join(languages)}",
                "name the language of the file: `--languages CODE`",
            )
        return chosen


def side_of(value: Model) -> Side:
    """The side that a user names.

    Raises:
        DataError: a folder of a run that does not exist.
        StudyError: a run without its arm.
        UnknownNameError: the run has no such arm.
    """
    if not isinstance(value, str | Path):
        known = known_model(value)
        return EncoderSide(known.name, known)
    value = str(value)
    path, separator, arm = value.rpartition(":")
    if separator and (Path(path) / "run.json").is_file():
        run = RunFolder.read(Path(path))
        run.arm(arm)
        return ArmSide(value, run, arm)
    if separator and not Path(value).exists():
        raise DataError(
            f"{path} is no folder of a run",
            "RUN:ARM, with the folder that a run left",
            "check the path; a run writes into runs/NAME, or `--out DIR`",
        )
    if (Path(value) / "run.json").is_file():
        arms = [each.name for each in RunFolder.read(Path(value)).run.arms]
        raise StudyError(
            f"{value} is the folder of a run", f"an arm of it: {value}:{arms[-1]}", None
        )
    if has_runs(Path(value)):
        return RankingSide(value, Path(value))
    return EncoderSide(value, EncoderSettings(name=value))


def with_seed(outcomes: pa.Table) -> pa.Table:
    """The outcomes of an encoder without a run, as those of one seed."""
    return outcomes.append_column("seed", pa.array([0] * len(outcomes)))
