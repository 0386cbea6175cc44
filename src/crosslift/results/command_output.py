"""What commands write with ``--json`` that is no file of a run."""

from __future__ import annotations

from typing import Annotated, Literal

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
    """Path of the folder that the run left."""
    report: str
    """Path of the report."""
    idle: tuple[str, ...]
    """Sentences that name the tasks whose loss was 0 at a tenth of the updates or more."""
    edges: tuple[str, ...] = ()
    """Sentences that name the chosen settings at the edge of what was tried."""
    verdicts: tuple[Verdict, ...]
    """Every comparison, as in ``verdicts.json``."""


class RegisteredStudy(ResultRecord):
    """A study that was registered."""

    study: str
    """Name of the study."""
    lock: str
    """Path of the lock."""
    hash: str
    """Hash of the lock's content."""
    registered: str
    """When, in UTC, as of ISO 8601."""


class ComparisonNeeds(ResultRecord):
    """What a comparison of a run could have shown, and what an effect needs to be found."""

    arm: str
    """The arm that is compared."""
    against: str
    """The arm it is compared with."""
    target: str
    """Name of the target."""
    metric: str
    """Metric of the scores."""
    seeds: int
    """Number of seeds of ``arm``."""
    n_queries: int
    """Number of queries under one seed."""
    detectable: float
    """The smallest true effect that this comparison finds in the share ``power`` of such runs."""
    effect: float
    """The effect that is asked for, in the unit of scores."""
    power: float
    """The share of runs in which it is to be found."""
    chance: float
    """The share of such runs in which this comparison finds it."""
    seeds_needed: int | None
    """The fewest seeds that find it with these items; null: more than 100, or no seed changes the
    comparison."""
    items_needed: float | None
    """How many times the items find it with these seeds, 0.001 or more; null: no number does."""


class PlannedStep(ResultRecord):
    """One step of a plan."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """What it makes, in words."""
    inputs: tuple[str, ...]
    """Keys of the steps whose artifacts it reads."""
    up_to_date: bool
    """Whether its artifact is in the store and would be used."""
    reason: ReasonKind | None
    """Why the step would run; null: it would not."""
    why: str | None
    """The same in words."""
    modules: tuple[str, ...]
    """Modules whose code differs from the code that made the artifact."""
    expected_seconds: float | None
    """Time that it would take; null: the speed of this encoder is not known yet."""


class PlannedArm(ResultRecord):
    """What an arm adds to a plan: the steps that no arm before it needs."""

    arm: str
    """Name of the arm; empty: comparisons of training data with targets, for all arms."""
    steps_to_run: int
    """Number of steps that would run."""
    steps_up_to_date: int
    """Number of steps that are up to date."""
    expected_seconds: float | None
    """Time that those to run would take; null: the speed of an encoder is not known yet."""
    memory_bytes: int | None
    """Estimated most memory of one of those to run; null: the encoder's files are not here."""
    disk_bytes: int | None
    """Estimated disk of what they leave; null: the encoder's files are not here."""


class PlannedSchedule(ResultRecord):
    """How long the workers of an engine take. Each is taken to be as fast as this machine."""

    workers: int
    """How many there are."""
    seconds: float
    """From the start to the end of the last step."""
    critical_path_seconds: float
    """Of the longest chain of steps: no number of workers is faster."""
    work_seconds: float
    """Of all steps together."""
    idle_share: float
    """Share of the workers' time in which they have no step."""
    cost: float | None = None
    """Of all workers until the last step is done; null: no price was given."""


class StudyPlan(ResultRecord):
    """The plan of a study."""

    study: str
    """Name of the study."""
    store: str
    """Path of the store."""
    steps: tuple[PlannedStep, ...]
    """Every step, each after its inputs."""
    arms: tuple[PlannedArm, ...] = ()
    """What each arm adds."""
    power: tuple[PlannedPower, ...] = ()
    """What comparisons with a baseline could show, for each target."""
    schedule: PlannedSchedule | None = None
    """With ``--workers``: how long they take; null without."""


class HeldArtifact(ResultRecord):
    """One thing in a store."""

    kind: str
    """Kind of the step that made it; ``unfinished``, ``trace`` and ``remnant`` are no artifacts."""
    key: str
    """Key of that step."""
    label: str
    """What the step makes, in words; empty where it is not known."""
    bytes: int
    """Bytes on disk."""
    written: float
    """Seconds since 1970."""
    studies: tuple[str, ...]
    """Names of the studies that used it when they ran last."""
    useless: bool
    """Whether nothing reads or resumes it, such as unfinished work of other code."""


class StoreContent(ResultRecord):
    """What a store holds."""

    store: str
    """Path of the store."""
    held: tuple[HeldArtifact, ...]
    """Everything in it."""


class PrunedStore(ResultRecord):
    """What no named study needs."""

    store: str
    """Path of the store."""
    deleted: bool
    """Whether anything was deleted."""
    held: tuple[HeldArtifact, ...]
    """What was deleted, or would be."""
    in_use: tuple[HeldArtifact, ...]
    """What a process makes or uses at this moment, and therefore stays."""
    needed: tuple[HeldArtifact, ...]
    """What a named study has asked for since it was shown, and therefore stays."""


class DamagedArtifact(ResultRecord):
    """An artifact that is not as it was written."""

    path: str
    """Path of its folder."""
    error: str
    """The whole message of the error."""


class VerifiedStore(ResultRecord):
    """The state of a store."""

    store: str
    """Path of the store."""
    whole: int
    """Number of artifacts that are as they were written."""
    damaged: tuple[DamagedArtifact, ...]
    """All others."""


class TaskEntry(ResultRecord):
    """An intermediate task."""

    name: str
    """As a study names it."""
    form: str
    """Name of its form."""
    title: str
    """In words."""
    languages: tuple[str, ...]
    """Codes of the languages of its records; empty: those of your data."""
    options: tuple[str, ...]
    """Names of the options that a study may set."""
    needs_data: bool
    """Whether a study must say where its data are."""
    files: str = ""
    """Names of the files that are read of published data; empty: others, or none."""
    link: str = ""
    """Where these files are published."""
    licence: str
    """Licence of the data."""
    citation: str
    """Source of the data."""
    package: str = ""
    """Package or module that declares it, with the version; empty: CrossLift itself."""


class TargetEntry(ResultRecord):
    """A target task."""

    name: str
    """As a study names it."""
    kind: KindName
    """Kind of its data."""
    title: str
    """As the report shows it."""
    description: str
    """In words."""
    metric: str
    """Primary metric."""
    protocols: tuple[str, ...]
    """Ids of its protocols, the primary one first."""
    languages: tuple[str, ...]
    """Codes of its languages; empty: those of your data."""
    needs_data: bool
    """Whether a study must say where its data are."""
    files: str
    """Layout of the data that a target must be given; empty: it brings its own, or the hub has them."""
    licence: str
    """Licence of the data."""
    citation: str
    """Source of the data."""
    package: str = ""
    """Package or module that declares it, with the version; empty: CrossLift itself."""


class ExportedArm(ResultRecord):
    """An arm that was written as a sentence-transformers folder."""

    arm: str
    """Name of the arm."""
    folder: str
    """Path of the folder."""
    precision: str
    """Of the written weights."""
    url: Annotated[str | None, absent_if(None)] = None
    """Address of the repository that it was uploaded to; absent: it was not."""


class FetchedNames(ResultRecord):
    """CLDR's names of concepts, downloaded."""

    folder: str
    """Path of the folder that holds them."""


class HealthCheck(ResultRecord):
    """One thing that CrossLift needs, or can use."""

    what: str
    """What was checked."""
    ok: bool
    """Whether it is there and can be used."""
    told: str
    """What was found, or the message of the error."""


class MachineHealth(ResultRecord):
    """What this machine has."""

    checks: tuple[HealthCheck, ...]
    """What CrossLift needs."""
    environment: dict[str, str]
    """Fact -> value, as in ``run.json``."""


class TrustedStep(ResultRecord):
    """A step whose artifact other code made, taken as it is."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """What it makes, in words."""
    modules: tuple[str, ...]
    """Modules whose code differs from the code that made the artifact."""


class WrittenPredictions(ResultRecord):
    """An arm's answers to XTREME's test sets, written as an official submission."""

    arm: str
    """Name of the arm."""
    folder: str
    """Path of the folder of the submission."""
    files: tuple[str, ...]
    """Paths that were written."""
    other_code: tuple[TrustedStep, ...]
    """The steps behind them whose artifacts ``--trust-code`` took."""
