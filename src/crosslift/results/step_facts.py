"""How the steps of a run were made: records of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class StepFacts(ResultRecord):
    """One step of the plan."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """What it makes, in words."""
    group: str = ""
    """What its label has in common with those of other steps, such as the name of a target whose
    languages are scored one by one; empty: nothing."""
    arm: str | None
    """The arm that it belongs to; null: to several arms, or to none."""
    seed: int | None
    """The seed that it belongs to."""
    seconds: float
    """Time that it took, in seconds."""
    peak_bytes: int | None
    """Peak memory, in bytes; null: not measured."""
    reused: bool
    """Whether its artifact was in the store before the run."""
    other_code: tuple[str, ...] = ()
    """Modules in which the code that made the artifact differs from that of this run (an artifact that
    ``--trust-code`` took)."""
    environments: tuple[int, ...] = ()
    """Places in the environments of the run; the first is that of the process that finished the step.
    There are several where the step was resumed elsewhere, or where an input that the store does not
    keep was made elsewhere. Empty: not recorded."""
    digest: str | None = None
    """A hash of the artifact's files; null: not recorded."""


class RunEnvironment(ResultRecord):
    """One of the environments of a run. No environment is part of the key of a step."""

    facts: dict[str, str]
    """Fact -> its value, in words."""
    steps: int
    """Number of steps that were made in it, also in part."""
    arms: tuple[str, ...]
    """Arms whose numbers depend on these steps."""
