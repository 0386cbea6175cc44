"""What an export is measured on: targets of several kinds, and those that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.api.export import export_arm, measured_target
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import StudyError
from crosslift.results.parity import Parity
from crosslift.results.result_record import read_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.studies.reading import saved_study
from crosslift.targets.target_settings import TargetSettings
from tests.samples import mteb_tasks as samples

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL: dict[str, Any] = {"backend": "onnx", "precision": "int8", "allow_loss": 100}


def run(folder: Path, encoder: dict[str, Any], targets: list[Any]) -> Path:
    """The folder of the run of an untrained encoder."""
    path = make_tiny_encoder(folder / "model", "xlm-roberta")
    study = small_study(
        path,
        starts={"plain": {"encoder": {"name": str(path), **encoder}}},
        start="plain",
        arms={"baseline": {}},
        comparisons=[],
        targets=targets,
    )
    run_study(study, folder / "out", Store(folder / "store"))
    return folder / "out"


def test_tasks_of_mteb_are_passed_over_and_refused_by_name(tmp_path: Path) -> None:
    mteb = f"mteb:{samples.SmallSTS.metadata.name}"
    out = run(tmp_path, {}, [{"name": mteb, "languages": ["de"]}, "names"])
    study, folder = saved_study(out), RunFolder.read(out)
    assert measured_target(folder, study, None).name == "names"
    export_arm(out, "baseline", tmp_path / "small", **SMALL)
    assert read_json_file(tmp_path / "small" / "parity.json", Parity).target == "names"
    for check in (mteb, "mteb:STS17"):
        with pytest.raises(StudyError, match=f"cannot be measured on {check}") as caught:
            export_arm(out, "baseline", tmp_path / "no", **SMALL, check=check)
        assert "--check names" in str(caught.value.remedy)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("prompt", ["", "rain: "])
def test_graded_pairs_are_read_with_the_prompt_of_the_encoder(tmp_path: Path, prompt: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pairs = zip(samples.PAIRS[:20], samples.PAIRS[3:23], strict=True)
    rows = [f"{number % 6}\t{first}\t{second}\n" for number, (first, second) in enumerate(pairs)]
    (data / "own.de.tsv").write_text("".join(rows), encoding="utf-8")
    out = run(tmp_path, {"prompt": prompt}, [{"name": "sts", "data": str(data)}])
    export_arm(out, "baseline", tmp_path / "small", **SMALL)
    parity = read_json_file(tmp_path / "small" / "parity.json", Parity)
    assert (parity.target, parity.metric, parity.queries) == ("sts", "spearman", 20)
    model = EncoderSettings(name=str(tmp_path / "model"), prompt=prompt, precision="float32")
    whole = evaluate(model, TargetSettings(name="sts", data=data), store=Store(tmp_path / "store"))
    assert parity.before == pytest.approx(whole.macro["spearman"])
    assert parity.least_cosine > 0.98, "an export without the prompt has other vectors"
