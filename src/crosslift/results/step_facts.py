"""The steps of a run: records of ``run.json``."""

from __future__ import annotations

from crosslift.results.result_record import ResultRecord


class StepFacts(ResultRecord):
    """One step of the plan."""

    key: str
    """Key of the step."""
    kind: str
    """Kind of the step, such as ``train``."""
    label: str
    """The result of the step, in words."""
    group: str = ""
    """The part of its label that it shares with related steps, such as the target of evaluations in
    single languages; empty: none."""
    arm: str | None
    """The arm that it belongs to; null: several arms, or none."""
    seed: int | None
    """The seed that it belongs to."""
    seconds: float
    """Duration in seconds."""
    peak_bytes: int | None
    """Peak memory, in bytes; null: not measured."""
    reused: bool
    """Whether its artifact was in the store before the run."""
    other_code: tuple[str, ...] = ()
    """For an artifact used because of ``--trust-code``: the modules whose code differs from the code of
    this run."""
    environments: tuple[int, ...] = ()
    """Indices in `environments` of the run; the first belongs to the process that finished the step.
    There are several if another machine started the step, or made an input that the store does not
    keep. Empty: not recorded."""
    digest: str | None = None
    """A hash of the artifact's files; null: not recorded."""


class RunEnvironment(ResultRecord):
    """One of the environments of a run. No environment is part of the key of a step."""

    facts: dict[str, str]
    """Fact -> its value, in words."""
    steps: int
    """Number of steps that ran in it, completely or in part."""
    arms: tuple[str, ...]
    """Arms whose numbers depend on these steps."""
