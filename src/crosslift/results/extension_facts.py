"""The names that a study uses from other packages and from the user's modules: records of
``run.json``."""

from __future__ import annotations

from typing import Literal

from crosslift.results.result_record import ResultRecord


class ExtensionFacts(ResultRecord):
    """One name of a study that CrossLift itself does not declare."""

    what: Literal["target", "task", "metric", "form"]
    """The kind of thing that has the name."""
    name: str
    """The name."""
    package: str
    """Package that declares it; empty: the module belongs to no installed package."""
    version: str
    """Version of the package; empty: there is none."""
    module: str
    """Module that declares it."""
