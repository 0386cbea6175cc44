"""XTREME's scorer, its files, its submissions and published results, on files made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosslift.errors import DataError, UnknownNameError
from crosslift.xtreme.benchmark import GROUPS, TASKS, xtreme_task
from crosslift.xtreme.prediction_files import (
    read_answers,
    read_labels,
    read_line_numbers,
    read_pairs,
    read_questions,
    read_tags,
)
from crosslift.xtreme.published_rows import PUBLISHED, published_for
from crosslift.xtreme.score import Scores, score_folder
from crosslift.xtreme.write import (
    english_order,
    write_answers,
    write_labels,
    write_line_numbers,
    write_pairs,
    write_tags,
)

# The content of every language's label file, and predictions that are all correct


def _squad(**answers: list[str]) -> str:
    """A label file in SQuAD's layout: question id -> its correct answers, one paragraph each."""
    paragraphs = [
        {
            "context": " ".join(texts),
            "qas": [
                {
                    "id": key,
                    "question": "?",
                    "answers": [{"text": text, "answer_start": 0} for text in texts],
                }
            ],
        }
        for key, texts in answers.items()
    ]
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]})


LABELS = {
    "xnli": "contradiction\nentailment\nneutral\nneutral\n",
    "pawsx": "1\n0\n0\n1\n",
    "panx": "B-LOC\nI-LOC\nO\n\nB-PER\nO\n\n",
    "udpos": "DET\nNOUN\nNOUN\nVERB\n\nSCONJ\nX\n\n",
    "bucc2018": "xx-000000001\ten-000000009\nxx-000000002\ten-000000008\nxx-000000003\ten-000000007\n",
    "tatoeba": "2\n0\n3\n1\n",
    "xquad": _squad(a=["das Haus", "ein Haus"], b=["1999"]),
    "mlqa": _squad(a=["das Haus", "ein Haus"], b=["1999"]),
    "tydiqa": _squad(a=["the house"], b=["1999"]),
}
RIGHT = LABELS | {
    "xquad": json.dumps({"a": "das Haus", "b": "1999"}),
    "mlqa": json.dumps({"a": "das Haus", "b": "1999"}),
    "tydiqa": json.dumps({"a": "The house.", "b": "1999"}),
}
Folders = Callable[..., tuple[Path, Path]]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Makes a folder of predictions, all correct except for some files, and one of labels."""

    def make(changed: dict[str, str] | None = None, without: tuple[str, ...] = ()) -> Any:
        for side, contents in (("predictions", RIGHT), ("labels", LABELS)):
            for task in TASKS:
                for language in task.languages:
                    path = tmp_path / side / task.folder / task.file_name(language)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(contents[task.folder], encoding="utf-8")
        for name, text in (changed or {}).items():
            (tmp_path / name).write_bytes(text.encode())
        for name in without:
            _remove(tmp_path / name)
        return tmp_path / "predictions", tmp_path / "labels"

    return make


def _remove(path: Path) -> None:
    if path.is_dir():
        for inner in path.iterdir():
            inner.unlink()
        path.rmdir()
    else:
        path.unlink()


def _of(scores: Scores, task: str, language: str) -> dict[str, float]:
    metrics = scores.tasks[task].metrics
    return {metric: values[language] for metric, values in metrics.items()}


# Facts


def test_the_nine_tasks_in_the_scorers_order() -> None:
    assert [task.folder for task in TASKS] == (
        "pawsx xnli panx udpos bucc2018 tatoeba xquad mlqa tydiqa".split()  # noqa: SIM905
    )
    numbers = {task.folder: len(task.languages) for task in TASKS}
    assert numbers == {
        **{"pawsx": 7, "xnli": 15, "panx": 40, "udpos": 33, "bucc2018": 4, "tatoeba": 36},
        **{"xquad": 11, "mlqa": 7, "tydiqa": 9},
    }
    assert all(len(set(task.languages)) == len(task.languages) for task in TASKS)
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(task.folder for task in TASKS)
    assert all(task.folder in GROUPS[task.group] for task in TASKS)
    everywhere = {language for task in TASKS for language in task.languages}
    assert everywhere == set(xtreme_task("panx").languages)
    assert len(everywhere) == 40


def test_tasks_are_known_by_folder_and_by_target() -> None:
    assert xtreme_task("bucc") is xtreme_task("bucc2018")
    assert xtreme_task("bucc").file_name("de") == "test-de.tsv"
    assert xtreme_task("mlqa").file_name("zh") == "test-zh.json"
    with pytest.raises(UnknownNameError, match="did you mean 'xnli'"):
        xtreme_task("xnl")
    with pytest.raises(UnknownNameError, match="language of mlqa 'ru'"):
        xtreme_task("mlqa").file_name("ru")


# Scores


def test_right_predictions_score_1_everywhere(folders: Folders) -> None:
    scores = score_folder(*folders())
    assert {name: task_scores.score for name, task_scores in scores.tasks.items()} == {
        task.folder: 1.0 for task in TASKS
    }
    assert scores.groups == dict.fromkeys(GROUPS, 1.0)
    assert (scores.overall, scores.missing, scores.ignored) == (1.0, {}, ())


def test_each_task_by_hand(folders: Folders) -> None:
    scores = score_folder(
        *folders(
            {
                "predictions/xnli/test-de.tsv": "contradiction\nneutral\nneutral\nneutral\n",
                "predictions/pawsx/test-ko.tsv": "0\n1\n1\n1\n",
                "predictions/panx/test-de.tsv": "B-LOC\nI-LOC\nO\n\nO\nO\n",
                "predictions/panx/test-el.tsv": "B-LOC\nO\nO\n\nB-PER\nI-PER\n",
                "predictions/udpos/test-de.tsv": "DET\nNOUN\nVERB\nVERB\n\nSCONJ\nNOUN\n",
                "predictions/bucc2018/test-de.tsv": (
                    "xx-000000001\ten-000000009\nxx-000000002\ten-000000007\n"
                ),
                "predictions/bucc2018/test-zh.tsv": "",
                "predictions/tatoeba/test-jv.tsv": "2\n0\n3\n3\n",
                "predictions/xquad/test-de.json": json.dumps({"a": "Haus", "b": "im Jahr 1999"}),
                "predictions/mlqa/test-de.json": json.dumps({"a": "Haus", "b": "im Jahr 1999"}),
                "predictions/tydiqa/test-fi.json": json.dumps({"a": "", "b": "1999"}),
            }
        )
    )
    assert _of(scores, "xnli", "de") == {"accuracy": 0.75}
    assert _of(scores, "pawsx", "ko") == {"accuracy": 0.25}
    assert _of(scores, "panx", "de") == pytest.approx({"f1": 2 / 3, "precision": 1, "recall": 0.5})
    assert _of(scores, "panx", "el") == {"f1": 0, "precision": 0, "recall": 0}
    # correct: DET, NOUN NOUN, VERB, SCONJ, and X is none; predicted: DET, NOUN, VERB VERB, SCONJ, NOUN
    assert _of(scores, "udpos", "de") == pytest.approx(
        {"f1": 4 / 9, "precision": 2 / 5, "recall": 2 / 4}
    )
    assert _of(scores, "bucc2018", "de") == pytest.approx(
        {"f1": 2 / 5, "precision": 1 / 2, "recall": 1 / 3}
    )
    assert _of(scores, "bucc2018", "zh") == {"f1": 0, "precision": 0, "recall": 0}
    assert _of(scores, "tatoeba", "jv") == {"accuracy": 0.75}
    assert _of(scores, "xquad", "de") == pytest.approx(
        {"exact_match": 0, "f1": (2 / 3 + 1 / 2) / 2}
    )
    assert _of(scores, "mlqa", "de") == pytest.approx({"exact_match": 0.5, "f1": (1 + 1 / 2) / 2})
    assert _of(scores, "tydiqa", "fi") == {"exact_match": 0.5, "f1": 0.5}


def test_averages_by_hand(folders: Folders) -> None:
    scores = score_folder(
        *folders(
            {
                "predictions/xnli/test-de.tsv": "contradiction\nneutral\nneutral\nneutral\n",
                "predictions/mlqa/test-de.json": json.dumps({"a": "Haus", "b": "im Jahr 1999"}),
            }
        )
    )
    xnli = (14 + 0.75) / 15
    exact, overlap = (6 + 0.5) / 7, (6 + 0.75) / 7
    mlqa = (exact + overlap) / 2
    official = scores.to_json()
    assert list(official)[:5] == ["all_task", "classification", "tagging", "qa", "retrieval"]
    assert list(official)[5:] == [task.folder for task in TASKS]
    assert official["all_task"] == pytest.approx(100 * (7 + xnli + mlqa) / 9)
    assert official["classification"] == pytest.approx(100 * (1 + xnli) / 2)
    assert official["qa"] == pytest.approx(100 * (2 + mlqa) / 3)
    assert official["tagging"] == official["retrieval"] == 100
    assert list(official["mlqa"]) == [
        "exact_match",
        "f1",
        "avg_exact_match",
        "avg_f1",
        "avg_metric",
    ]
    assert list(official["mlqa"]["f1"]) == ["en", "es", "de", "ar", "hi", "vi", "zh"]
    assert official["mlqa"]["avg_exact_match"] == pytest.approx(100 * exact)
    assert official["mlqa"]["avg_metric"] == pytest.approx(100 * mlqa)
    assert list(official["xnli"]) == ["accuracy", "avg_accuracy", "avg_metric"]
    assert official["xnli"]["accuracy"]["de"] == 75
    assert list(official["udpos"])[:3] == ["f1", "precision", "recall"]
    assert official["udpos"]["avg_metric"] == official["udpos"]["avg_f1"]


def test_a_partial_submission(folders: Folders) -> None:
    missing = ("predictions/mlqa", "labels/tatoeba", "predictions/bucc2018", "labels/bucc2018")
    predictions, labels = folders(without=missing)
    with pytest.raises(DataError) as raised:
        score_folder(predictions, labels)
    for name in ("bucc2018 (no predictions and no labels)", "tatoeba (no labels)", "mlqa (no pred"):
        assert name in str(raised.value)
    assert "--partial" in str(raised.value)
    scores = score_folder(predictions, labels, partial=True)
    assert list(scores.missing) == ["bucc2018", "tatoeba", "mlqa"]
    assert scores.overall is None
    official = scores.to_json()
    assert list(official)[:3] == ["classification", "tagging", "pawsx"]
    assert not {"all_task", "qa", "retrieval", "mlqa", "tatoeba", "bucc2018"} & set(official)


def test_no_task_at_all_is_an_error_even_in_part(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="tasks are missing: pawsx"):
        score_folder(tmp_path, tmp_path, partial=True)
    with pytest.raises(DataError, match="is not a folder"):
        score_folder(tmp_path / "none", tmp_path, partial=True)


@pytest.mark.parametrize("side", ["predictions", "labels"])
@pytest.mark.parametrize("partial", [False, True])
def test_missing_languages_are_named(folders: Folders, side: str, partial: bool) -> None:
    without = (f"{side}/panx/test-ar.tsv", f"{side}/panx/test-yo.tsv")
    with pytest.raises(DataError, match=rf"{side}/panx lacks the languages ar, yo"):
        score_folder(*folders(without=without), partial=partial)


def test_files_that_are_not_of_the_benchmark_are_named(folders: Folders) -> None:
    predictions, labels = folders({"predictions/xnli/test-it.tsv": "", "predictions/notes.txt": ""})
    (predictions / "bucc").mkdir()
    assert score_folder(predictions, labels).ignored == ("bucc", "notes.txt", "xnli/test-it.tsv")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("xnli/test-de.tsv", "neutral\n" * 3, "test-de.tsv has 3 lines, .*labels.* has 4"),
        ("tatoeba/test-de.tsv", "0\n" * 5, "has 5 lines, .* has 4"),
        ("panx/test-de.tsv", "O\nO\nO\n", "has 1 sentences, .* has 2"),
        (
            "udpos/test-de.tsv",
            "\nDET\nNOUN\nNOUN\nVERB\n\n\nSCONJ\n",
            "line 8: sentence 2 has 1 tags, that of .*labels.*, line 6, has 2",
        ),
        ("xquad/test-de.json", '{"a": "x"}', "does not answer 'b'"),
        ("xquad/test-de.json", '{"a": "x", "b": "y", "c": "z"}', "labels.* does not ask: 'c'"),
        ("tydiqa/test-ko.json", "{}", "does not answer 'a', 'b'"),
    ],
)
def test_predictions_that_do_not_fit_the_labels(
    folders: Folders, name: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        score_folder(*folders({f"predictions/{name}": text}))


# Files


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "test-de.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_byte_order_mark_windows_lines_and_blank_ends(tmp_path: Path) -> None:
    labels = read_labels(_file(tmp_path, "\ufeff\r\n\r\nneutral\r\n entailment \r\n\r\n"))
    assert [(entry.line, entry.text) for entry in labels] == [(3, "neutral"), (4, "entailment")]
    tagged = read_tags(_file(tmp_path, "\ufeff\r\n\r\nB-LOC\r\nO\r\n\r\n\r\nO"))
    assert [(sentence.line, sentence.tags) for sentence in tagged] == [
        (3, ("B-LOC", "O")),
        (7, ("O",)),
    ]
    assert read_pairs(_file(tmp_path, "\ufeffa\tb\r\na\tb\r\n")) == {("a", "b")}
    assert read_line_numbers(_file(tmp_path, "12\r\n0\r\n")) == [12, 0]
    assert read_answers(_file(tmp_path, '\ufeff{"q": "北京"}\r\n')) == {"q": "北京"}


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_labels, "", "is empty"),
        (read_labels, "neutral\n\nneutral\n", "line 2 is blank"),
        (read_labels, "neutral\ta\tb\n", "line 1: 'neutral.*a label alone"),
        (read_labels, b"neutral\n\xff\n", "line 2: byte 0xff is not UTF-8"),
        (read_tags, "\n\n", "is empty"),
        (read_tags, "O\nword\tO\n", "line 2: .*a tag alone"),
        (read_line_numbers, "3\n[367]\n", r"line 2: '\[367\]'"),
        (read_line_numbers, "-1\n", "line 1: '-1'"),
        (read_line_numbers, "٣\n", "line 1: '٣'"),
        (read_pairs, "", "is empty"),
        (read_pairs, "a\tb\na b\n", "line 2: 'a b'"),
        (read_pairs, "a\tb\tc\n", "line 1"),
        (read_answers, '{"q": "a",\n"r" "b"}', "not JSON: .*line 2 column 5"),
        (read_answers, '{"q": ' + "9" * 5000 + "}", "not JSON: Exceeds"),
        (read_answers, "[" * 90_000, "nested too deep"),
        (read_questions, '{"data": [' + "9" * 5000 + "]}", "not JSON: Exceeds"),
        (read_line_numbers, "9" * 5000 + "\n", "line 1: '999"),
        (read_answers, "[1]", "no JSON object"),
        (read_answers, '{"q": 1}', "question 'q': the answer is 1"),
        (read_answers, '{"q": "a", "q": "b"}', "'q' appears twice in one object"),
        (read_questions, "{}", "a dict where a list belongs"),
        (read_questions, '{"data": []}', "has no question"),
        (read_questions, '[{"title": "t"}]', "no 'paragraphs'"),
        (read_questions, _squad(q=[]), "question 'q': its answers are"),
        (read_questions, '[{"paragraphs": [{"qas": [{"answers": []}]}]}]', "no 'id'"),
    ],
)
def test_files_that_do_not_fit_their_layout(
    tmp_path: Path, read: Callable[[Path], Any], content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=f"(?s)test-de.tsv.*{message}"):
        read(_file(tmp_path, content))


def test_predictions_may_hold_no_pair(tmp_path: Path) -> None:
    assert read_pairs(_file(tmp_path, "\n"), may_be_empty=True) == set()


def test_question_files_with_and_without_the_outer_object(tmp_path: Path) -> None:
    text = _squad(a=["x", "y"], b=["z"])
    expected = {"a": ("x", "y"), "b": ("z",)}
    assert read_questions(_file(tmp_path, text)) == expected
    assert read_questions(_file(tmp_path, json.dumps(json.loads(text)["data"]))) == expected
    twice = {"data": json.loads(text)["data"] * 2}
    with pytest.raises(DataError, match="question 'a' appears twice"):
        read_questions(_file(tmp_path, json.dumps(twice)))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_labels(tmp_path / "none.tsv")


# Submissions


def test_files_are_written_as_the_scorer_reads_them(tmp_path: Path) -> None:
    written = {
        write_labels(tmp_path, "xnli", "de", ["neutral", "entailment"]): b"neutral\nentailment\n",
        write_tags(tmp_path, "panx", "de", [["B-LOC", "O"], ["O"]]): b"B-LOC\nO\n\nO\n\n",
        write_pairs(tmp_path, "bucc", "de", [("de-1", "en-2")]): b"de-1\ten-2\n",
        write_line_numbers(tmp_path, "tatoeba", "de", [1, 0, 1]): b"1\n0\n1\n",
        write_answers(tmp_path, "mlqa", "zh", {"q": "北京", "r": ""}): (
            b'{\n  "q": "\\u5317\\u4eac",\n  "r": ""\n}\n'
        ),
    }
    names = sorted(str(path.relative_to(tmp_path)) for path in written)
    assert names == [
        "bucc2018/test-de.tsv",
        "mlqa/test-zh.json",
        "panx/test-de.tsv",
        "tatoeba/test-de.tsv",
        "xnli/test-de.tsv",
    ]
    for path, content in written.items():
        assert path.read_bytes() == content
    assert read_answers(tmp_path / "mlqa" / "test-zh.json") == {"q": "北京", "r": ""}
    assert write_pairs(tmp_path, "bucc2018", "fr", []).read_bytes() == b""


def test_a_submission_of_the_labels_scores_1(tmp_path: Path, folders: Folders) -> None:
    _, labels = folders()
    to = tmp_path / "submission"
    for task in TASKS:
        for language in task.languages:
            gold = labels / task.folder / task.file_name(language)
            if task.layout == "labels":
                write_labels(to, task.folder, language, [e.text for e in read_labels(gold)])
            elif task.layout == "tags":
                write_tags(to, task.folder, language, [s.tags for s in read_tags(gold)])
            elif task.layout == "lines":
                write_line_numbers(to, task.folder, language, read_line_numbers(gold))
            elif task.layout == "pairs":
                write_pairs(to, task.folder, language, sorted(read_pairs(gold)))
            else:
                answers = {key: texts[0] for key, texts in read_questions(gold).items()}
                write_answers(to, task.folder, language, answers)
    assert score_folder(to, labels).overall == 1


@pytest.mark.parametrize(
    ("write", "task", "values", "message"),
    [
        (write_labels, "xnli", [], "nothing to write"),
        (write_labels, "xnli", ["neutral", " "], "cannot be written on a line"),
        (write_labels, "xnli", ["a\tb"], "cannot be written on a line"),
        (write_labels, "panx", ["O"], "labels for panx"),
        (write_tags, "panx", [["O"], []], "sentence 1 has no tags"),
        (write_tags, "panx", [["O", ""]], "cannot be written on a line"),
        (write_pairs, "bucc", [("de-1", "")], "cannot be written on a line"),
        (write_line_numbers, "tatoeba", [0, 2], "line number 2"),
        (write_line_numbers, "tatoeba", [-1], "line number -1"),
        (write_answers, "mlqa", {}, "no answer to write"),
        (write_answers, "xnli", {"q": "a"}, "answers for xnli"),
    ],
)
def test_what_cannot_be_submitted(
    tmp_path: Path, write: Callable[..., Path], task: str, values: Any, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        write(tmp_path, task, "de", values)
    assert not list(tmp_path.rglob("test-*"))


def test_a_language_that_is_not_scored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="language of bucc2018 'it'"):
        write_pairs(tmp_path, "bucc", "it", [])


def test_english_of_tatoeba_is_sorted_by_its_text() -> None:
    english = ["Tom ran.", "  Go!", "I ran.", "Go!", "go."]
    order = english_order(english)
    assert order.tolist() == [1, 3, 2, 0, 4]  # capitals first, equal ones in their order
    ranked = [english[number] for number in order]
    assert english_order(ranked).tolist() == [0, 1, 2, 3, 4]


# Published results


def test_published_rows_name_the_benchmarks_tasks_and_metrics() -> None:
    for row in PUBLISHED:
        assert "arXiv" in row.source
        assert row.read_in
        for target, scores in row.scores.items():
            task = xtreme_task(target)
            assert task.target == target
            legal = {task.metric} | ({"exact_match"} if task.group == "qa" else set())
            assert task.metric in scores
            assert set(scores) <= legal
            assert all(0.3 < value < 1 for value in scores.values())


def test_published_rows_of_an_encoder() -> None:
    rows = published_for("FacebookAI/xlm-roberta-large")
    assert ["after intermediate tasks" in row.name for row in rows] == [False, True, True]
    assert published_for("someone/else") == ()
    baseline = rows[0]
    assert set(baseline.scores) == {task.target for task in TASKS}
    counted = [
        sum(scores.values()) / len(scores) if "answer_f1" in scores else sum(scores.values())
        for scores in baseline.scores.values()
    ]
    assert sum(counted) / 9 == pytest.approx(0.6825, abs=1e-4)
    assert baseline.average == 0.681


# Commands


def test_score_command(crosslift: Any, folders: Folders) -> None:
    predictions, labels = folders({"predictions/pawsx/test-ko.tsv": "0\n1\n1\n1\n"})
    screen = crosslift("xtreme", "score", predictions, labels)
    assert screen.code == 0
    assert "89.3" in screen.out  # (6 + 1/4) / 7
    assert "all tasks, mean" in screen.out
    output = crosslift("xtreme", "score", predictions, labels, "--json", "-")
    assert output.json == score_folder(predictions, labels).to_json()


def test_score_command_in_part(crosslift: Any, folders: Folders) -> None:
    predictions, labels = folders({"predictions/notes.txt": ""}, without=("predictions/mlqa",))
    refused = crosslift("xtreme", "score", predictions, labels)
    assert refused.code == 2
    assert "mlqa (no predictions)" in refused.err
    output = crosslift("xtreme", "score", predictions, labels, "--partial", "--json", "-")
    assert output.code == 0
    assert output.json["missing"] == {"mlqa": "no predictions"}
    assert "all_task" not in output.json
    assert "not scored: mlqa: no predictions" in output.err
    assert "no file of the benchmark: notes.txt" in output.err
    assert "qa, mean" not in output.err


def test_predict_command_passes_its_arguments_on(
    crosslift: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosslift.submissions import submission

    calls = []

    def write(
        run: Path, arm: str, to: Path, seed: int | None, tasks: Any, listener: Any, trust_code: bool
    ) -> submission.Submission:
        calls.append((run, arm, to, seed, tasks, trust_code))
        listener.advance(0.5)
        return submission.Submission([to / "xnli" / "test-de.tsv"], [])

    monkeypatch.setattr(submission, "write_submission", write)
    to = tmp_path / "to"
    output = crosslift("xtreme", "predict", tmp_path, "arm", to, "--json", "-")
    assert output.code == 0
    assert output.json["files"] == [str(to / "xnli" / "test-de.tsv")]
    assert output.json["other_code"] == []
    chosen = ("--seed", 3, "--tasks", "xnli,bucc2018", "--trust-code")
    assert crosslift("xtreme", "predict", tmp_path, "arm", to, *chosen).code == 0
    assert calls == [
        (tmp_path, "arm", to, None, None, False),
        (tmp_path, "arm", to, 3, ["xnli", "bucc"], True),
    ]
    unknown = crosslift("xtreme", "predict", tmp_path, "arm", to, "--tasks", "xnlii")
    assert unknown.code == 2
    assert "did you mean 'xnli'" in unknown.err
    none = crosslift("xtreme", "predict", tmp_path, "arm", to, "--tasks", ",")
    assert "names no task" in none.err
    assert len(calls) == 2
