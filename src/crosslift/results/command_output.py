"""The output of commands with ``--json``, except the files of a run."""

from __future__ import annotations

from typing import Annotated, Literal

from crosslift.results.parity import Parity
from crosslift.results.reference_noise import PlannedPower
from crosslift.results.result_record import ResultRecord, absent_if
from crosslift.results.verdict import Verdict
from crosslift.target_kinds import KindName

ReasonKind = Literal[
    "never made",
    "settings changed",
    "other code",
    "input changed",
    "input made again",
    "deleted",
]


class RunOutcome(ResultRecord):
    """The outcome of a study."""

    study: str
    """Name of the study."""
    question: str
    """Question of the study."""
    folder: str
    """Path of the run folder."""
    report: str
    """Path of the report."""
    idle: tuple[str, ...]
    """A sentence for each task whose loss was 0 at a tenth of its updates or more."""
    edges: tuple[str, ...] = ()
    """A sentence for each chosen setting at the edge of the tried values."""
    verdicts: tuple[Verdict, ...]
    """Every comparison, as in ``verdicts.json``."""


class RegisteredStudy(ResultRecord):
    """A registered study."""

    study: str
    """Name of the study."""
    lock: str
    """Path of the lock."""
    hash: str
    """Hash of the lock's content."""
    registered: str
    """Time of registration, in UTC (ISO 8601)."""


class ComparisonNeeds(ResultRecord):
    """The effect that a comparison of a run could have shown, and the data that an effect needs."""

    arm: str
    """The compared arm."""
    against: str
    """The arm that it is compared with."""
    target: str
    """Name of the target."""
    metric: str
    """Metric of the scores."""
    seeds: int
    """Number of seeds of ``arm``."""
    n_queries: int
    """Number of queries under one seed."""
    detectable: float
    """The smallest true effect that this comparison finds with probability ``power``."""
    effect: float
    """The effect in question, in the unit of scores."""
    power: float
    """The wanted probability of finding the effect."""
    chance: float
    """The probability that this comparison finds the effect."""
    seeds_needed: int | None
    """The fewest seeds that find the effect with these items; null: more than 100, or seeds do not
    change the comparison."""
    items_needed: float | None
    """The factor on the number of items, 0.001 or more, at which the comparison finds the effect with
    these seeds; null: no number suffices."""


class PlannedStep(ResultRecord):
    """One step of a plan."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """The result of the step, in words."""
    inputs: tuple[str, ...]
    """Keys of the steps whose artifacts it reads."""
    up_to_date: bool
    """Whether the store has an artifact that the run would use."""
    reason: ReasonKind | None
    """Why the step would run; null: it would not run."""
    why: str | None
    """The reason in words."""
    modules: tuple[str, ...]
    """Modules whose code differs from the code that made the artifact."""
    expected_seconds: float | None
    """Expected time in seconds; null: the speed of this encoder is not known yet."""


class PlannedArm(ResultRecord):
    """The steps that an arm adds to a plan: those that no earlier arm needs."""

    arm: str
    """Name of the arm; empty: the overlap checks between training data and targets, for all arms."""
    steps_to_run: int
    """Number of steps that would run."""
    steps_up_to_date: int
    """Number of steps that are up to date."""
    expected_seconds: float | None
    """Expected time of the steps that would run, in seconds; null: the speed of an encoder is not known
    yet."""
    memory_bytes: int | None
    """Estimated peak memory of the largest step that would run; null: the encoder's files are not on
    this machine."""
    disk_bytes: int | None
    """Estimated size of their artifacts on disk; null: the encoder's files are not on this machine."""


class PlannedSchedule(ResultRecord):
    """The expected time of an engine's workers, if each is as fast as this machine."""

    workers: int
    """Number of workers."""
    seconds: float
    """Time from the start to the end of the last step, in seconds."""
    critical_path_seconds: float
    """Time of the longest chain of steps, in seconds; more workers cannot be faster."""
    work_seconds: float
    """Time of all steps together, in seconds."""
    idle_share: float
    """Share of the workers' time without a step."""
    cost: float | None = None
    """Cost of all workers until the end of the last step; null: no price was given."""


class StudyPlan(ResultRecord):
    """The plan of a study."""

    study: str
    """Name of the study."""
    store: str
    """Path of the store."""
    steps: tuple[PlannedStep, ...]
    """Every step, each after its inputs."""
    arms: tuple[PlannedArm, ...] = ()
    """The steps that each arm adds."""
    power: tuple[PlannedPower, ...] = ()
    """The smallest effect that a comparison with a baseline could show, for each target."""
    schedule: PlannedSchedule | None = None
    """With ``--workers``: the expected time; null without."""


class HeldArtifact(ResultRecord):
    """One entry of a store: an artifact, or a remnant of work."""

    kind: str
    """Kind of the step that made it; ``unfinished``, ``trace`` and ``remnant`` are no artifacts."""
    key: str
    """Key of that step."""
    label: str
    """The result of the step, in words; empty if unknown."""
    bytes: int
    """Bytes on disk."""
    written: float
    """Time of writing, in seconds since 1970."""
    studies: tuple[str, ...]
    """Names of the studies that used it when they ran last."""
    useless: bool
    """Whether nothing will read or resume it, such as unfinished work of other code."""


class StoreContent(ResultRecord):
    """The content of a store."""

    store: str
    """Path of the store."""
    held: tuple[HeldArtifact, ...]
    """Every artifact, and everything else in the store."""


class PrunedStore(ResultRecord):
    """The artifacts that no named study needs."""

    store: str
    """Path of the store."""
    deleted: bool
    """Whether the command deleted anything."""
    held: tuple[HeldArtifact, ...]
    """The deleted entries, or those that would be deleted."""
    in_use: tuple[HeldArtifact, ...]
    """Entries that stay because a running process makes or uses them."""
    needed: tuple[HeldArtifact, ...]
    """Entries that stay because a study requested them after the list was shown."""


class DamagedArtifact(ResultRecord):
    """An artifact whose files changed since they were written."""

    path: str
    """Path of its folder."""
    error: str
    """The full error message."""


class VerifiedStore(ResultRecord):
    """The state of a store."""

    store: str
    """Path of the store."""
    whole: int
    """Number of artifacts whose files have not changed since they were written."""
    damaged: tuple[DamagedArtifact, ...]
    """All other artifacts."""


class TaskEntry(ResultRecord):
    """An intermediate task."""

    name: str
    """Its name in a study."""
    form: str
    """Name of its form."""
    title: str
    """A description in words."""
    languages: tuple[str, ...]
    """Codes of the languages of its records; empty: the languages of your data."""
    options: tuple[str, ...]
    """Names of the options that a study may set."""
    needs_data: bool
    """Whether a study must name its data."""
    files: str = ""
    """Names of the files of published data; empty: other data, or none."""
    link: str = ""
    """Address of these files."""
    licence: str
    """Licence of the data."""
    citation: str
    """Source of the data."""
    package: str = ""
    """Package or module that declares it, with the version; empty: CrossLift itself."""


class TargetEntry(ResultRecord):
    """A target task."""

    name: str
    """Its name in a study."""
    kind: KindName
    """Kind of its data."""
    title: str
    """Title in the report."""
    description: str
    """A description in words."""
    metric: str
    """Primary metric."""
    protocols: tuple[str, ...]
    """Ids of its protocols, the primary one first."""
    languages: tuple[str, ...]
    """Codes of its languages; empty: the languages of your data."""
    needs_data: bool
    """Whether a study must name its data."""
    files: str
    """Layout of the data that the user must give; empty: the data are packaged or on the hub."""
    licence: str
    """Licence of the data."""
    citation: str
    """Source of the data."""
    package: str = ""
    """Package or module that declares it, with the version; empty: CrossLift itself."""


class ExportedArm(ResultRecord):
    """An arm exported as a sentence-transformers folder."""

    arm: str
    """Name of the arm."""
    folder: str
    """Path of the folder."""
    precision: str
    """Precision of the written weights."""
    backend: str = "torch"
    """What runs the exported encoder."""
    parity: Annotated[Parity | None, absent_if(None)] = None
    """What the export changed, as measured; absent: nothing that could change a vector."""
    url: Annotated[str | None, absent_if(None)] = None
    """Address of the repository of the upload; absent: no upload."""


class MtebResultFiles(ResultRecord):
    """MTEB's result files of a run."""

    folder: str
    """Path of the folder."""
    files: tuple[str, ...]
    """Paths of the results, in the order of arms, seeds and tasks."""


class ExplorerFiles(ResultRecord):
    """What `crosslift explore` wrote."""

    files: tuple[str, ...]
    """Paths of the page, of the table, or of the files for Embedding Atlas."""
    rows: Annotated[int | None, absent_if(None)] = None
    """Number of rows of the table; absent: no table."""
    notes: tuple[str, ...] = ()
    """What the page leaves out, in words."""


class FetchedNames(ResultRecord):
    """Downloaded names of concepts from CLDR."""

    folder: str
    """Path of their folder."""


class HealthCheck(ResultRecord):
    """A check of one thing that CrossLift needs or can use."""

    what: str
    """The checked thing."""
    ok: bool
    """Whether it is present and works."""
    told: str
    """The result in words, or the error message."""


class MachineHealth(ResultRecord):
    """The state of this machine."""

    checks: tuple[HealthCheck, ...]
    """The result of each check."""
    environment: dict[str, str]
    """Fact -> value, as in ``run.json``."""


class TrustedStep(ResultRecord):
    """A step whose artifact was made by other code and used as it is."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """The result of the step, in words."""
    modules: tuple[str, ...]
    """Modules whose code differs from the code that made the artifact."""


class WrittenPredictions(ResultRecord):
    """An arm's answers to XTREME's test sets, written as an official submission."""

    arm: str
    """Name of the arm."""
    folder: str
    """Path of the folder of the submission."""
    files: tuple[str, ...]
    """Paths of the written files."""
    other_code: tuple[TrustedStep, ...]
    """The steps behind these answers whose artifacts were used because of ``--trust-code``."""
