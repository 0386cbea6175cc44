"""CrossLift: what intermediate-task training does to the cross-lingual retrieval of an encoder.

With the names below you build, run and read studies from Python. Each name is loaded at its first use:
importing the package loads no torch.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = {
    "CrossLiftError": "crosslift.errors",
    "EncoderSettings": "crosslift.encoders.encoder_settings",
    "Metric": "crosslift.metrics.table",
    "Processes": "crosslift.engines.processes",
    "Ray": "crosslift.engines.ray_cluster",
    "RunFolder": "crosslift.results.run_folder",
    "Slurm": "crosslift.engines.slurm",
    "Store": "crosslift.artifacts.store",
    "Study": "crosslift.studies.schema",
    "TargetSettings": "crosslift.targets.target_settings",
    "SweepSettings": "crosslift.encoders.sweep_settings",
    "encode": "crosslift.api.encode",
    "build_study": "crosslift.studies.reading",
    "compare": "crosslift.api.compare",
    "compare_runs": "crosslift.api.compare",
    "evaluate": "crosslift.api.session",
    "evaluate_protocols": "crosslift.api.session",
    "sweep": "crosslift.api.session",
    "improve": "crosslift.api.improve",
    "mine_files": "crosslift.mining.job",
    "nearest": "crosslift.retrieval.search",
    "nearest_both": "crosslift.retrieval.search",
    "export_arm": "crosslift.api.export",
    "parse_study": "crosslift.studies.reading",
    "plan_study": "crosslift.planning.plan_study",
    "read_study": "crosslift.studies.reading",
    "register_form": "crosslift.api.register",
    "register_metric": "crosslift.api.register",
    "register_target": "crosslift.api.register",
    "register_task": "crosslift.api.register",
    "run_study": "crosslift.api.session",
}

__all__ = [*_MODULES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'crosslift' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
