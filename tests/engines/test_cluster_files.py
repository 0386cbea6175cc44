"""The files for clouds in the documentation: they parse, and their commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from crosslift.cli.main import app

CLUSTERS = Path(__file__).parents[2] / "docs" / "clusters"
OPTIONS = {"--data", "--engine", "--address", "--workers", "--threads", "--store", "--out"}


@pytest.mark.parametrize("path", sorted(CLUSTERS.glob("*.yaml")), ids=lambda path: path.name)
def test_a_cluster_file_parses_and_runs_a_study(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    documents = list(yaml.safe_load_all(text))
    assert all(isinstance(document, dict) for document in documents)
    assert "crosslift" in str(documents) and "run" in [
        c.callback.__name__ for c in app.registered_commands if c.callback
    ]
    command = re.split(r"crosslift run|crosslift, run", text)[-1]
    used = set(re.findall(r"--[a-z-]+", command.split("stop_cluster")[0]))
    assert {"--engine", "--address", "--workers", "--store", "--out"} <= used <= OPTIONS


def test_the_pods_of_kubernetes_share_one_volume() -> None:
    documents = list(yaml.safe_load_all((CLUSTERS / "kubernetes.yaml").read_text()))
    claim, cluster, job = documents
    name = claim["metadata"]["name"]
    pods = [
        cluster["spec"]["headGroupSpec"]["template"],
        cluster["spec"]["workerGroupSpecs"][0]["template"],
        job["spec"]["template"],
    ]
    for pod in pods:
        (volume,) = pod["spec"]["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == name
        (container,) = pod["spec"]["containers"]
        assert container["volumeMounts"] == [{"name": volume["name"], "mountPath": "/shared"}]
