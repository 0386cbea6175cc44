"""Small packages in place of wandb, trackio and mlflow: they note the calls that accelerate makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_NOTING = """
import json
from pathlib import Path

def note(*said):
    with (Path(__file__).parent / "said.jsonl").open("a") as file:
        file.write(json.dumps(said) + "\\n")
"""

_OF_A_RUN = (
    _NOTING
    + """
class Config:
    def update(self, values, allow_val_change=False):
        note("settings", values)

class Run:
    def log(self, values, step=None):
        note("log", step, values)
    def finish(self):
        note("finish")

config = Config()

def init(project, **options):
    note("open", project, options)
    return Run()
"""
)

_MLFLOW = (
    _NOTING
    + """
from types import SimpleNamespace

utils = SimpleNamespace(
    validation=SimpleNamespace(MAX_PARAM_VAL_LENGTH=6000, MAX_PARAMS_TAGS_PER_BATCH=100)
)

def set_tracking_uri(uri):
    note("uri", uri)

def search_experiments(filter_string):
    return []

def create_experiment(name, artifact_location, tags):
    note("experiment", name, artifact_location)
    return "1"

def start_run(run_id, experiment_id, run_name, nested, tags, description):
    note("open", run_name, {"id": run_id})
    return SimpleNamespace(info=SimpleNamespace(run_id=run_id or "chosen-by-mlflow"))

def log_params(values):
    note("settings", values)

def log_metrics(values, step=None):
    note("log", step, values)

def end_run():
    note("finish")
"""
)

_CODE = {"wandb": _OF_A_RUN, "trackio": _OF_A_RUN, "mlflow": _MLFLOW}


def install_tracker(name: str, site: Path) -> None:
    """Puts the stand-in of a tracker's package into a folder on the path of Python."""
    folder = site / name
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(_CODE[name])


def said_to(name: str, site: Path) -> list[list[Any]]:
    """What was said to a stand-in, call by call."""
    lines = (site / name / "said.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]
