"""The commands, as users give them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_study import SCRATCH, small_study

COMMANDS = (
    *("demo", "run", "plan", "evaluate", "sweep", "mine", "report", "power"),
    *("tasks", "targets", "export", "doctor", "word-pilot"),
)


@pytest.fixture
def study_file(xlm_folder: Path, tmp_path: Path) -> Path:
    arms = {
        "baseline": {},
        "image": {"stages": [{"task": "picture-name", **SCRATCH}]},
        "image-shuffled": {
            "control_of": "image",
            "stages": [{"task": "picture-name", **SCRATCH, "control": "shuffled-pictures"}],
        },
    }
    content = {"arm": "image", "against": "image-shuffled", "smallest_effect": 2.5}
    study = small_study(
        xlm_folder, arms=arms, start="plain", comparisons=[content], smallest_effect=1
    )
    path = tmp_path / "study.yaml"
    raw = study.model_dump(mode="json", exclude_none=True)
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def test_importing_and_helping_load_no_torch() -> None:
    code = (
        "import sys, crosslift; from crosslift.cli.main import main\n"
        "sys.argv = ['crosslift', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in (*COMMANDS, "xtreme"):
        assert command in done.stdout


def test_every_command_has_help_and_json(crosslift: Any) -> None:
    grouped = [("xtreme", "predict"), ("xtreme", "score"), ("fetch", "cldr")]
    every = [(command,) for command in COMMANDS] + grouped
    for command in every:
        result = crosslift(*command, "--help")
        assert result.code == 0
        assert "--json" in result.out


def test_plan_run_report_export(crosslift: Any, study_file: Path, tmp_path: Path) -> None:
    before = crosslift("plan", study_file, "--workers", 3, "--price", 2, "--json", "-")
    assert before.code == 0
    assert "to run" in before.err
    assert "With 3 workers (--engine): about" in before.err
    schedule = before.json["schedule"]
    assert schedule["workers"] == 3 and 0 <= schedule["idle_share"] < 1
    assert schedule["critical_path_seconds"] <= schedule["seconds"] <= schedule["work_seconds"] + 10
    assert schedule["cost"] == pytest.approx(3 * schedule["seconds"] / 3600 * 2)
    steps = before.json["steps"]
    assert not any(step["up_to_date"] for step in steps)
    assert {key for step in steps for key in step["inputs"]} <= {step["key"] for step in steps}

    out = tmp_path / "out"
    ran = crosslift("run", study_file, "--out", out, "--json", tmp_path / "run.json")
    assert ran.code == 0
    assert "done" in ran.out
    outcome = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert Path(outcome["report"]) == out / "report.html"
    assert outcome["verdicts"][0]["sentence"] in " ".join(ran.out.split())

    after = crosslift("plan", study_file, "--json", "-").json["steps"]
    assert all(step["up_to_date"] for step in after)

    (out / "report.html").unlink()
    again = crosslift("report", out, "--json", "-")
    assert again.json["verdicts"] == outcome["verdicts"]
    assert (out / "report.html").is_file()

    margins = {(v["family"], v["smallest_effect"]) for v in outcome["verdicts"]}
    assert margins == {("declared", 0.025), ("vs-baseline", 0.01)}

    needs = crosslift("power", out, "--effect", "2", "--json", "-")
    judged = [v for v in outcome["verdicts"] if v["noise"] and v["p_corrected"] is not None]
    assert [(n["arm"], n["target"]) for n in needs.json] == [
        (v["arm"], v["target"]) for v in judged
    ]
    assert all(n["effect"] == 0.02 and 0 < n["chance"] <= 1 for n in needs.json)
    shown = crosslift("power", out, "--target", "names")
    assert "baseline" in shown.out
    assert "gettext" not in shown.out

    exported = crosslift("export", out, "image", tmp_path / "model", "--json", "-")
    assert exported.json["arm"] == "image"
    assert exported.json["folder"] == str(tmp_path / "model")
    assert exported.json["precision"] == "float32"
    assert (tmp_path / "model" / "modules.json").is_file()


def test_evaluate_writes_the_documented_json(crosslift: Any, xlm_folder: Path) -> None:
    command = ("evaluate", xlm_folder, "--target", "names", "--languages", "de,ar", "--json", "-")
    evaluation = crosslift(*command).json
    assert set(evaluation) == {
        *("model", "target", "metric", "protocol", "macro", "languages", "gaps"),
        "groups",
    }
    assert evaluation["metric"] == "top1_accuracy"
    assert evaluation["languages"]["de"]["n"] == 400
    metrics = {"top1_accuracy", "mrr", "recall_at_5", "recall_at_10"}
    assert set(evaluation["macro"]) == metrics
    assert all(0 <= value <= 1 for value in evaluation["macro"].values())
    assert evaluation["protocol"]["direction"] == "xx->en"
    other = crosslift(
        *command, "--direction", "en->xx", "--hidden-state", "1", "--pooling", "first_token"
    )
    assert other.json["protocol"]["hidden_state"] == 1
    assert other.json["protocol"]["pooling"] == "first_token"
    assert other.json["macro"] != evaluation["macro"]
    ways = (
        evaluation,
        *(crosslift(*command, "--direction", way).json for way in ("en->xx", "both")),
    )
    first, second, mean = (each["macro"]["top1_accuracy"] for each in ways)
    assert ways[2]["protocol"]["direction"] == "both"
    assert mean == pytest.approx((first + second) / 2)
    short = crosslift(*command, "--max-tokens", "4", "--dimensions", "8", "--pooling", "max").json
    assert (short["protocol"]["max_tokens"], short["protocol"]["dimensions"]) == (4, 8)
    assert short["protocol"]["pooling"] == "max"
    assert short["macro"] != evaluation["macro"]


def test_evaluate_reads_a_projects_catalogs(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    for language, count in (("de", 60), ("sw", 5)):
        folder = tmp_path / "locale" / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'
        words = [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
        ]
        entries = [
            f'\nmsgid "please open {words[i // 10]} {words[i % 10]}"\n'
            f'msgstr "{language} {words[i % 10]} {words[i // 10]} auf"\n'
            for i in range(count)
        ]
        (folder / "app.po").write_text(head + "".join(entries), encoding="utf-8")
    command = ("evaluate", xlm_folder, "--target", "gettext", "--catalogs", tmp_path / "locale")
    evaluation = crosslift(*command, "--json", "-").json
    assert list(evaluation["languages"]) == ["de"]
    assert evaluation["languages"]["de"]["n"] == 60
    assert "only 5 sentences" in evaluation["gaps"]["sw"]


def test_lists_name_tasks_and_targets(crosslift: Any) -> None:
    tasks = crosslift("tasks", "--json", "-").json
    assert {"name-alias", "picture-name", "text-pairs", "image-text-matching"} <= {
        t["name"] for t in tasks
    }
    targets = crosslift("targets", "--json", "-").json
    expected = {"names", "gettext", "tatoeba", "bitext", "bucc", "pictures", "xtd10", "flags"}
    assert expected <= {t["name"] for t in targets}
    assert all(entry["licence"] and entry["citation"] for entry in targets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("evaluate", "embeded", "--target", "names"), "embedded"),
        (("evaluate", "ENCODER", "--target", "namse"), "did you mean 'names'"),
        (
            ("evaluate", "ENCODER", "--target", "names", "--languages", "xx"),
            "language of names 'xx'",
        ),
        (("evaluate", "ENCODER", "--target", "tatoeba"), "--data DIR"),
        (
            ("evaluate", "ENCODER", "--target", "names", "--hidden-state", "9"),
            "0 (embedding output) to 2",
        ),
        (("evaluate", "nobody/nothing", "--target", "names"), "hf download nobody/nothing"),
        (("run", "none.yaml"), "none.yaml cannot be read"),
        (("report", "nowhere"), "nowhere"),
        (("power", "nowhere"), "nowhere"),
        (("power", "nowhere", "--effect", "0"), "points above 0"),
        (("power", "nowhere", "--effect", "nan"), "points above 0"),
        (("power", "nowhere", "--power", "1"), "below 1, such as 0.8"),
        (("evaluate", "ENCODER", "--target", "names", "--direction", "up"), "--direction"),
    ],
)
def test_mistakes_end_with_2_and_words(
    crosslift: Any, xlm_folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    command = [xlm_folder if argument == "ENCODER" else argument for argument in arguments]
    result = crosslift(*command)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_evaluate_reports_faults_of_bitexts(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    def message(src: bytes, tgt: bytes) -> str:
        (tmp_path / "x.de-en.de").write_bytes(src)
        (tmp_path / "x.de-en.en").write_bytes(tgt)
        result = crosslift("evaluate", xlm_folder, "--target", "bitext", "--data", tmp_path)
        assert result.code == 2
        return str(result.err)

    assert "2 lines" in message(b"eins\nzwei\n", b"one\n")
    assert "empty" in message(b"", b"")
    assert "UTF-8" in message(b"eins\n\xff\xfe\n", b"one\ntwo\n")
    result = crosslift(
        *("evaluate", xlm_folder, "--target", "bitext", "--data", tmp_path, "--languages", "fr")
    )
    assert result.code == 2
    assert "fr" in result.err


def test_evaluate_reports_unmeasured_files_of_a_folder(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x.de-en.tsv").write_text("eins\tone\nzwei\ttwo\n", encoding="utf-8")
    (folder / "x.fi-en.tsv").write_text("yksi\tone\nkaksi\n", encoding="utf-8")
    (folder / "x.xqz-eng.xqz").write_text("a\n", encoding="utf-8")
    (folder / "x.fr-en_GB.fr").write_text("un\n", encoding="utf-8")
    path, store = tmp_path / "scores.json", tmp_path / "store"
    result = crosslift(
        *("evaluate", xlm_folder, "--target", "bitext", "--data", folder),
        *("--store", store, "--json", path),
    )
    assert result.code == 0, result.err
    output = " ".join(result.out.split())
    assert "not measured: fi:" in output and "line 2: 1 columns" in output
    assert "not read: x.xqz-eng.xqz: 'xqz-eng' names no two known languages" in output
    assert "not read: x.fr-en_GB.fr: no x.fr-en_GB.en_GB beside it" in output
    scores = json.loads(path.read_text())
    assert list(scores["languages"]) == ["de"] and list(scores["gaps"]) == ["fi"]
    assert sorted(scores["unread"]) == ["x.fr-en_GB.fr", "x.xqz-eng.xqz"]


def test_ctrl_c_says_how_to_resume(
    crosslift: Any, study_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from crosslift.training import loop

    update = loop._Run._update
    updates = []

    def interrupted(*args: Any) -> None:
        update(*args)
        updates.append(1)
        if len(updates) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop._Run, "_update", interrupted)
    stopped = crosslift("run", study_file, "--out", tmp_path / "out")
    assert stopped.code == 130
    assert "give the same command again" in stopped.err
    monkeypatch.setattr(loop._Run, "_update", update)
    assert crosslift("run", study_file, "--out", tmp_path / "out").code == 0


def test_doctor_names_what_is_there(
    crosslift: Any, monkeypatch: pytest.MonkeyPatch, converted_home: Path
) -> None:
    health = crosslift("doctor", "--json", "-").json
    assert all(check["ok"] for check in health["checks"])
    facts = health["environment"]
    assert facts["torch"]
    assert {"instructions", "threads", "BLAS of torch", "pillow", "commit"} <= facts.keys()
    output = crosslift("doctor").out
    assert f"pillow {facts['pillow']}" in output.replace("\n", " ")
    assert f"instructions: {facts['instructions']}" in output
