"""Classification, multiple choice, span QA, tagging and regression: losses against plain padded
transformers, windows against the tokenizers' own, decoding, faults, resuming, a short overfit."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_encoder import NAMES, OTHER_NAMES, alone, everything_trained, load_tiny
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import pack
from crosslift.encoders.tokens import (
    frame_of_pairs,
    frame_of_texts,
    locate_tokens,
    tokenise_words,
)
from crosslift.encoders.word_numbers import NumberedTokens, number_words
from crosslift.errors import DataError, EncoderError, TrainingError
from crosslift.forms.classification import Classification
from crosslift.forms.declared_forms import FORMS as DECLARED
from crosslift.forms.form import FormOptions, OpenTask, Split
from crosslift.forms.masked_lm import MaskedLM
from crosslift.forms.multiple_choice import MultipleChoice
from crosslift.forms.regression import Regression
from crosslift.forms.span_qa import SpanQA, best_spans, side_by_side
from crosslift.forms.tagging import Tagging
from crosslift.forms.text_pairs import TextPairs
from crosslift.forms.windows import overlapping_windows, word_windows
from crosslift.sources.record import Record
from crosslift.tasks.task import FormSpec
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.loop import Stage, train
from crosslift.training.stage_settings import StageSettings

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
LOCKED = replace(OPTIONS, text_locked=True)
NONE = Split([])
PAIRS = {
    "bert": ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", ("[CLS]", "[SEP]")),
    "xlm-roberta": ("<s> $A </s>", "<s> $A </s> </s> $B </s>", ("<s>", "</s>")),
}
"""Kind of a tiny encoder -> templates of one text and of a pair, and their special tokens."""


def load_pairs(folder: Path, **settings: Any) -> Encoder:
    """A tiny encoder whose tokenizer knows pairs, as real ones do."""
    encoder = load_tiny(folder, **settings)
    single, pair, names = PAIRS[encoder.model.config.model_type]
    ids = [(name, encoder.tokenizer.convert_tokens_to_ids(name)) for name in names]
    encoder.tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=ids
    )
    return encoder


def piece_tokenizer() -> Any:
    """SentencePiece-like unigrams behind NFKC, built as the embedded encoder's tokenizer is."""
    pieces = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "▁",
        "▁the",
        "the",
        "fi",
        "▁cat",
        "cat",
        "rain",
        "漢字",
    ]
    scores = [(piece, 0.0 if piece[0] == "<" else -2.0 - i / 10) for i, piece in enumerate(pieces)]
    scores += [(letter, -9.0) for letter in "abcdefghijklmnopqrstuvwxyz0123456789.'üA漢字"]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=3))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    names = {"bos": "<s>", "eos": "</s>", "cls": "<s>", "sep": "</s>", "pad": "<pad>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        **{f"{role}_token": name for role, name in names.items()},
    )


def encoder_reading(kind: str, folders: dict[str, Path], **settings: Any) -> Encoder:
    """An encoder with the tokenizer of a kind; of "pieces", only the tokenizer is useful."""
    if kind != "pieces":
        return load_pairs(folders[kind], **settings)
    encoder = load_tiny(folders["xlm-roberta"], **settings)
    encoder.tokenizer = piece_tokenizer()
    return encoder


KINDS = ("bert", "xlm-roberta", "pieces")


# Records


def span_record(name: str, question: str, passage: str, *answers: str, **fields: Any) -> Record:
    spans = tuple((passage.index(a), passage.index(a) + len(a)) for a in answers)
    return Record(name, {"question": question, "passage": passage}, spans=spans, **fields)


def records_of(form: str) -> list[Record]:
    if form == "span-qa":
        return [
            span_record(n, f"what is {n}", f"the {n} is like the {o}, or so it is said", o)
            for n, o in zip(NAMES[:5], OTHER_NAMES, strict=False)
        ] + [Record("none", {"question": "who?", "passage": "nobody is here"}, spans=())]
    return [
        Record(
            name,
            {"text": name, "pair": other, "question": f"which is like {name}?"},
            label=("a", "b", "c")[i % 3],
            choices=tuple(OTHER_NAMES[(i + shift) % 6] for shift in range(3)),
            answer=i % 3,
            words=(*name.split(), "is", other),
            tags=("ADJ", "NOUN", "VERB", "NOUN"),
            score=float(i % 3),
        )
        for i, (name, other) in enumerate(zip(NAMES, OTHER_NAMES, strict=True))
    ]


FORMS: dict[str, Any] = {
    "classification": Classification(labels=("a", "b", "c")),
    "classification of pairs": Classification(pair="pair", labels=("a", "b", "c")),
    "multiple-choice": MultipleChoice(question="question", choices=3),
    "span-qa": SpanQA(unanswerable=True, stride=8),
    "tagging": Tagging(tags=("ADJ", "NOUN", "VERB")),
    "regression": Regression(highest=2.0),
    "regression of pairs": Regression(highest=2.0, head="pair"),
}
NAMES_OF_FORMS = tuple(FORMS)


def open_form(
    name: str, encoder: Encoder, dev: Sequence[Record] = (), options: FormOptions = OPTIONS
) -> Any:
    form = FORMS[name]
    return form.open(encoder, Split(records_of(form.name)), Split(dev), options)


def train_form(
    name: str,
    folder: Path,
    checkpoint: Path,
    *,
    budget: Budget,
    report: Callable[[float], None] = lambda share: None,
    **settings: Any,
) -> tuple[dict[str, torch.Tensor], Progress, OpenTask]:
    encoder = load_pairs(folder)
    form = FORMS[name]
    task = open_form(name, encoder, records_of(form.name))
    stage = StageSettings(task=form.name, **settings)
    members = alone(task, form.name)
    changed, progress = train(Stage(stage, budget, 0, checkpoint, report), members, encoder)
    return everything_trained(changed, task, encoder), progress, task


# Plain padded transformers


def padded_states(
    folder: Path, sequences: Sequence[Sequence[int]]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Last hidden states [N, L, D] of a freshly loaded model on a padded batch, and its mask."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    longest = max(map(len, sequences))
    ids = torch.full((len(sequences), longest), model.config.pad_token_id)
    mask = torch.zeros_like(ids)
    for i, sequence in enumerate(sequences):
        ids[i, : len(sequence)] = torch.tensor(list(sequence))
        mask[i, : len(sequence)] = 1
    return model(input_ids=ids, attention_mask=mask).last_hidden_state.detach(), mask


def padded_vectors(folder: Path, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    states, mask = padded_states(folder, sequences)
    return (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def cross_entropy(scores: torch.Tensor, targets: Sequence[int]) -> float:
    """The mean over rows, by definition."""
    rows = scores.double()
    losses = [row.logsumexp(0) - row[i] for row, i in zip(rows, targets, strict=True)]
    return torch.stack(losses).mean().item()


ROWS = np.array([4, 0, 3, 1])


def loss_of(task: OpenTask, rows: np.ndarray = ROWS) -> float:
    return float(task.loss(rows, np.random.default_rng(0)).loss.item())


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("pair", [None, "pair"])
def test_classification_is_that_of_padded_transformers(
    tiny_folders: dict[str, Path], kind: str, pair: str | None
) -> None:
    encoder = load_pairs(tiny_folders[kind], prompt="ask: ")
    task = open_form("classification of pairs" if pair else "classification", encoder)
    records = [records_of("classification")[row] for row in ROWS]
    sides = [[f"ask: {r.texts['text']}" for r in records]]
    if pair:
        sides.append([r.texts["pair"] for r in records])
    sequences = encoder.tokenizer(*sides)["input_ids"]
    vectors = padded_vectors(tiny_folders[kind], sequences)
    head = task.head
    inner = torch.tanh(vectors @ head.dense.weight.T + head.dense.bias)
    scores = inner @ head.output.weight.T + head.output.bias
    expected = cross_entropy(scores.detach(), ["abc".index(r.label or "") for r in records])
    outcome = task.loss(ROWS, np.random.default_rng(0))
    assert outcome.loss.item() == pytest.approx(expected, rel=1e-4)
    assert outcome.tokens == sum(map(len, sequences))


@pytest.mark.parametrize("kind", PAIRS)
def test_multiple_choice_is_that_of_padded_transformers(
    tiny_folders: dict[str, Path], kind: str
) -> None:
    encoder = load_pairs(tiny_folders[kind])
    form = MultipleChoice(context="pair", question="question", choices=3)
    task = form.open(encoder, Split(records_of("multiple-choice")), NONE, OPTIONS)
    torch.nn.init.normal_(task.head.weight)
    records = [records_of("multiple-choice")[row] for row in ROWS]
    first = [f"{r.texts['pair']} {r.texts['question']}" for r in records for _ in r.choices]
    choices = [choice for r in records for choice in r.choices]
    sequences = encoder.tokenizer(first, choices)["input_ids"]
    assert [list(task._sequences[place]) for place in task._places(ROWS)] == sequences
    scores = padded_vectors(tiny_folders[kind], sequences) @ task.head.weight.T + task.head.bias
    expected = cross_entropy(scores.detach().view(-1, 3), [r.answer or 0 for r in records])
    assert loss_of(task) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", PAIRS)
def test_span_qa_is_that_of_padded_transformers(tiny_folders: dict[str, Path], kind: str) -> None:
    """Targets from the tokenizers' own offsets, character by character."""
    encoder = load_pairs(tiny_folders[kind])
    task = open_form("span-qa", encoder)
    torch.nn.init.normal_(task.head.output.weight)
    rows = np.array([5, 2, 0, 4])
    records = [records_of("span-qa")[row] for row in rows]
    batch = encoder.tokenizer(
        [r.texts["question"] for r in records],
        [r.texts["passage"] for r in records],
        return_offsets_mapping=True,
    )
    targets = []
    for i, record in enumerate(records):
        inside = [
            j
            for j, (a, b) in enumerate(batch["offset_mapping"][i])
            for start, end in record.spans
            if batch.sequence_ids(i)[j] == 1
            and any(start <= c < end and record.texts["passage"][c] != " " for c in range(a, b))
        ]
        targets.append((inside[0], inside[-1]) if inside else (0, 0))
    states, mask = padded_states(tiny_folders[kind], batch["input_ids"])
    scores = (states @ task.head.output.weight.T + task.head.output.bias).detach()
    scores = scores.masked_fill(mask[..., None] == 0, float("-inf"))
    halves = [cross_entropy(scores[..., side], [t[side] for t in targets]) for side in (0, 1)]
    assert loss_of(task, rows) == pytest.approx(sum(halves) / 2, rel=1e-4)
    assert task.windows_with_answer == 5


def test_tagging_is_that_of_padded_transformers(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder)
    task = open_form("tagging", encoder)
    torch.nn.init.normal_(task.head.output.weight)
    records = [records_of("tagging")[row] for row in ROWS]
    batch = encoder.tokenizer([list(r.words) for r in records], is_split_into_words=True)
    states, _ = padded_states(bert_folder, batch["input_ids"])
    scores, targets = [], []
    for i, record in enumerate(records):
        for number, tag in enumerate(record.tags):
            place = batch.word_ids(i).index(number)
            scores.append(states[i, place] @ task.head.output.weight.T + task.head.output.bias)
            targets.append(("ADJ", "NOUN", "VERB").index(tag))
    expected = cross_entropy(torch.stack(scores).detach(), targets)
    assert loss_of(task) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("head", ["cosine", "pair"])
def test_regression_is_that_of_padded_transformers(bert_folder: Path, head: str) -> None:
    encoder = load_pairs(bert_folder)
    form = Regression(lowest=-2.0, highest=2.0, head=head)  # type: ignore[arg-type]
    task = form.open(encoder, Split(records_of("regression")), NONE, OPTIONS)
    records = [records_of("regression")[row] for row in ROWS]
    first, second = ([r.texts[side] for r in records] for side in ("text", "pair"))
    if head == "pair":
        vectors = padded_vectors(bert_folder, encoder.tokenizer(first, second)["input_ids"])
        predicted = (vectors @ task.head.weight.T + task.head.bias)[:, 0]
    else:
        sides = [padded_vectors(bert_folder, encoder.tokenise(side)) for side in (first, second)]
        predicted = torch.cosine_similarity(*sides)
    targets = torch.tensor([(r.score + 2) / 4 for r in records])
    assert loss_of(task) == pytest.approx(((predicted - targets) ** 2).mean().item(), rel=1e-4)
    assert not list(task.head.parameters()) or head == "pair"


# Tokens and their characters


TEXTS = (
    "the cat is 12 years old",
    "  ﬁne  Ünder the\u3000rain. ",
    "漢字 and 漢漢字, ｆｕｌｌ width",
    "e\u0301te\u0301 na\u200bive \u200e x",
    "",
)


@pytest.mark.parametrize("kind", KINDS)
def test_characters_survive_every_tokenizer(tiny_folders: dict[str, Path], kind: str) -> None:
    """Tokens cover every character of a text, except those that have no token."""
    encoder = encoder_reading(kind, tiny_folders)
    for text, tokens in zip(TEXTS, locate_tokens(encoder, TEXTS), strict=True):
        assert len(tokens.ids) == len(tokens.characters)
        covered = {c for a, b in tokens.characters.tolist() for c in range(a, b)}
        kinds = {c: unicodedata.category(letter)[0] for c, letter in enumerate(text)}
        assert {c for c, kind in kinds.items() if kind in "LMN"} <= covered
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1):
                inside = covered & set(range(start, end))
                covering = tokens.covering(start, end)
                assert bool(inside) == bool(len(covering))
                reached = {c for i in covering for c in range(*tokens.characters[i])}
                assert inside <= reached
                assert all(
                    {*range(*tokens.characters[i])} & {*range(start, end)} for i in covering
                ), "no token is among them that has none of the characters"
        ends = [text[i] for a, b in tokens.characters.tolist() if a < b for i in (a, b - 1)]
        assert not any(character.isspace() for character in ends)


def test_frames(tiny_folders: dict[str, Path]) -> None:
    bert, xlm = (load_pairs(tiny_folders[kind]) for kind in PAIRS)
    assert asdict(frame_of_pairs(bert)) == {"before": (2,), "between": (3,), "after": (3,)}
    assert asdict(frame_of_pairs(xlm)) == {"before": (0,), "between": (2, 2), "after": (2,)}
    assert asdict(frame_of_texts(xlm)) == {"before": (0,), "between": (), "after": (2,)}
    assert len(frame_of_pairs(xlm)) == 4
    assert frame_of_pairs(xlm).around([7, 8], [9]).tolist() == [0, 7, 8, 2, 2, 9, 2]


def test_pairs_are_cut_at_the_longer_text(tiny_folders: dict[str, Path]) -> None:
    encoder = load_pairs(tiny_folders["bert"], max_tokens=20, prompt="go: ")
    (ids,) = encoder.tokenise_pairs(["the cat"], ["one two three four five"])
    plain = encoder.tokenizer("go: the cat", "one two three four five")["input_ids"]
    assert ids == [*plain[:19], 3]
    assert len(plain) > 20


def test_a_tokenizer_without_offsets_is_refused(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder)

    class Slow:
        is_fast = False

    encoder.tokenizer = Slow()
    with pytest.raises(EncoderError, match="does not give the characters"):
        locate_tokens(encoder, ["a"])


# Windows


@pytest.mark.parametrize("count", [0, 1, 5, 6, 7, 10, 31])
@pytest.mark.parametrize(("room", "stride"), [(6, 3), (6, 128), (6, 1), (1, 5), (7, 2)])
def test_overlapping_windows_hold_every_short_run(count: int, room: int, stride: int) -> None:
    windows = overlapping_windows(count, room, stride)
    assert windows[0].first == 0
    assert windows[-1].after == count
    assert all(w.after - w.first <= room for w in windows)
    assert len(windows) == 1 or count > room
    longest = room - min(stride, room // 2) if room > 1 else 1
    for start in range(count - longest + 1):
        assert any(w.first <= start and start + longest <= w.after for w in windows)


@pytest.mark.parametrize("seed", range(10))
def test_word_windows_lose_no_word(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(1, 9, 30).tolist()
    windows = word_windows(lengths, 10)
    assert [i for w in windows for i in range(*w)] == list(range(30))
    assert all(sum(lengths[slice(*w)]) <= 10 for w in windows)
    for one, following in itertools.pairwise(windows):
        assert sum(lengths[slice(*one)]) + lengths[following.first] > 10
    assert word_windows([2, 3, 1, 9], 5) == [(0, 2), (2, 3), (3, 4)]


LONG = "the cat sat in the rain and the dog ran over the hill to sing a song of the old tree"


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_those_of_the_tokenizers_library(
    tiny_folders: dict[str, Path], kind: str
) -> None:
    encoder = encoder_reading(kind, tiny_folders, max_tokens=40)
    records = [span_record("1", "what ran?", LONG, "dog", "the rain"), span_record("2", "x", "ab")]
    stride = 9
    task = SpanQA(stride=stride, unanswerable=True).open(encoder, Split(records), NONE, OPTIONS)
    number = 0
    for record in records:
        question, passage = record.texts["question"], record.texts["passage"]
        question_tokens = len(encoder.tokenizer(question, add_special_tokens=False)["input_ids"])
        room = 40 - len(frame_of_pairs(encoder)) - question_tokens
        batch = encoder.tokenizer(
            question,
            passage,
            max_length=40,
            truncation="only_second",
            stride=room - stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        for i, ids in enumerate(batch["input_ids"]):
            assert task._windows.sequence(number).tolist() == ids
            sides = batch.sequence_ids(i)
            assert task._windows.passage_begin(number) == sides.index(1)
            start, end = task._targets[number]
            if end:
                offsets = batch["offset_mapping"][i]
                text = passage[offsets[start][0] : offsets[end][1]].strip()
                assert text in ("dog", "the rain")
                assert sides[start] == sides[end] == 1
            number += 1
    assert number == task.size > 2
    assert 0 < task.windows_with_answer < task.size


def test_the_first_answer_that_a_window_holds_is_its_target(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder, max_tokens=30)
    record = span_record("1", "x", LONG, "tree", "cat sat", "rain")
    task = SpanQA(stride=12).open(encoder, Split([record]), NONE, OPTIONS)
    for number, window in enumerate(task._windows.windows):
        start, end = task._targets[number] - task._windows.passage_begin(number)
        first, after = window.tokens
        inside = [
            a
            for a in ("tree", "cat sat", "rain")
            for tokens in [locate_tokens(encoder, [LONG])[0]]
            for covering in [tokens.covering(LONG.index(a), LONG.index(a) + len(a))]
            if first <= covering[0] and covering[-1] < after
        ]
        if not inside:
            assert task._targets[number].tolist() == [0, 0]
        else:
            answer = task._windows.text_between(0, first + start, first + end)
            assert answer == inside[0]


def test_an_answer_inside_a_token_is_widened_to_it(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder)  # "the" and "cat" are tokens
    passage = "see the cat"
    record = Record("1", {"question": "x", "passage": passage}, spans=((5, 10),))
    task = SpanQA().open(encoder, Split([record]), NONE, OPTIONS)
    tokens = task._targets[0] - task._windows.passage_begin(0)
    assert task._windows.text_between(0, *tokens) == "the cat"


def test_a_long_question_leaves_half_of_the_room(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder, max_tokens=23)
    record = span_record("1", LONG, LONG, "tree")
    task = SpanQA().open(encoder, Split([record]), NONE, OPTIONS)
    assert task._windows.passage_begin(0) == 1 + 10 + 1
    assert {len(task._windows.sequence(i)) for i in range(task.size - 1)} == {23}
    with pytest.raises(DataError, match="max_tokens 4 leaves 1"):
        SpanQA().open(load_pairs(bert_folder, max_tokens=4), Split([record]), NONE, OPTIONS)


def test_multiple_choice_cuts_the_context_first(bert_folder: Path) -> None:
    texts = {"context": "a b c d e f g h", "question": "x y z"}
    record = Record("1", texts, choices=("m n", "o"), answer=0)
    form = MultipleChoice(context="context", question="question", choices=2)

    def words(longest: int) -> list[str]:
        encoder = load_pairs(bert_folder, max_tokens=longest)
        task = form.open(encoder, Split([record]), NONE, OPTIONS)
        return [" ".join(encoder.tokenizer.convert_ids_to_tokens(s)) for s in task._sequences]

    assert words(11) == ["[CLS] a b c x y z [SEP] m n [SEP]", "[CLS] a b c d x y z [SEP] o [SEP]"]
    assert words(7)[0] == "[CLS] x y [SEP] m n [SEP]"
    assert words(4)[0] == "[CLS] [SEP] m [SEP]"


# Decoding


@pytest.mark.parametrize("seed", range(20))
def test_best_spans_are_those_of_a_loop(seed: int) -> None:
    generator = np.random.default_rng(seed)
    count, longest = int(generator.integers(1, 12)), int(generator.integers(1, 15))
    starts, ends = generator.integers(0, 4, (2, count)).astype(np.float32)  # many ties
    spans = [
        (-float(starts[i] + ends[j]), i, j)
        for i in range(count)
        for j in range(i, min(count, i + longest))
    ]
    for most in (1, 4, 1_000):
        best = best_spans(starts, ends, longest, most)
        assert [(-span.score, span.start, span.end) for span in best] == sorted(spans)[:most]
    assert best_spans(starts[:0], ends[:0], longest, 1) == []


def fake_scores(
    patch: pytest.MonkeyPatch, task: Any, chosen: dict[int, tuple[int, int, float]], none: float
) -> None:
    """Makes the head score so: in some windows a span of the passage gets twice a score; the first
    token of each window gets ``none`` in all."""
    numbers = {tuple(task._dev.sequence(i).tolist()): i for i in range(len(task._dev.windows))}

    def read_made_up(
        encoder: Encoder, head: Any, sequences: Sequence[np.ndarray], read: Any, _: Any
    ) -> Any:
        results = []
        for row, sequence in enumerate(sequences):
            number = numbers[tuple(sequence.tolist())]
            scores = np.full((len(sequence), 2), -5.0, np.float32)
            scores[0] = none / 2
            scores[1] = 50.0  # the question, which cannot be an answer
            if number in chosen:
                start, end, score = chosen[number]
                begin = task._dev.passage_begin(number)
                scores[begin + start, 0] = scores[begin + end, 1] = score
            results.append(read(row, scores))
        return results

    patch.setattr("crosslift.forms.span_qa.read_tokens", read_made_up)


def test_answers_are_the_best_over_windows(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_pairs(bert_folder, max_tokens=30)
    dev = [span_record("1", "x", LONG, "tree"), span_record("2", "y", "a b c")]
    for unanswerable in (False, True):
        form = SpanQA(stride=12, unanswerable=True)
        task = form.open(encoder, Split(dev[:1]), Split(dev), OPTIONS)
        task.form = replace(form, unanswerable=unanswerable)
        last = max(i for i, w in enumerate(task._dev.windows) if w.question == 0)
        fake_scores(
            monkeypatch, task, {0: (1, 1, 3.0), 1: (0, 2, 4.0), last + 1: (1, 2, 1.0)}, none=2.5
        )
        text = task._dev.text_between(0, 12, 14)
        assert task.dev_answers() == [text, "" if unanswerable else "b c"]
        fake_scores(monkeypatch, task, {0: (1, 1, 3.0), last + 1: (1, 2, 1.0)}, none=2.0)
        assert task.dev_answers() == ["cat", "b c"], "a tie goes to the answer"


def test_no_longer_answer_is_predicted(bert_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dev = [span_record("1", "x", "a b c d e", "c d")]
    task = SpanQA(longest_answer=3).open(load_pairs(bert_folder), Split(dev), Split(dev), OPTIONS)
    fake_scores(monkeypatch, task, {0: (1, 3, 2.0)}, none=0.0)
    assert task.dev_scores() == {"dev_exact_match": 0.0, "dev_answer_f1": pytest.approx(0.8)}
    task.form = replace(task.form, longest_answer=2)
    assert task.dev_answers()[0] != "b c d"


def test_side_by_side_keeps_the_callers_order() -> None:
    batch = pack([[5, 6, 7], [8], [9, 9, 9], [4, 3]])
    scores = torch.stack([batch.token_ids, batch.positions], dim=1).float()
    rows = side_by_side(scores, batch)
    assert rows[:, :, 0].tolist() == [
        [5, 6, 7],
        [8, float("-inf"), float("-inf")],
        [9, 9, 9],
        [4, 3, float("-inf")],
    ]


# Words


def test_long_sentences_are_cut_between_words(tiny_folders: dict[str, Path]) -> None:
    encoder = load_pairs(tiny_folders["xlm-roberta"], max_tokens=16, prompt="go: ")
    words = (*LONG.split(), "w" * 40, "end")
    tags = tuple("ab"[i % 2] for i in range(len(words)))
    record = Record("1", words=words, tags=tags)
    task = Tagging(tags=("a", "b")).open(encoder, Split([record]), Split([record]), OPTIONS)
    assert task.size > 3
    tagged = [t for row in task._rows for t in task._tags[row.sentence][slice(*row.window)]]
    assert tagged == [i % 2 for i in range(len(words))]
    tokens = encoder.tokenizer
    decoded = []
    for row in task._rows:
        assert len(row.ids) <= 16
        assert tokens.decode(row.ids[: row.firsts[0]]) == "<s>go:"
        ends = [*row.firsts[1:], len(row.ids) - 1]
        decoded += [
            tokens.decode(row.ids[a:b]).strip() for a, b in zip(row.firsts, ends, strict=True)
        ]
    assert decoded == [word[:10] for word in words]  # the room is 16 - 2 - 3, a space first
    assert 0 <= task.dev_scores()["dev_tagging_accuracy"] <= 1


def test_words_without_tokens_are_unknown_ones(tiny_folders: dict[str, Path]) -> None:
    encoder = encoder_reading("pieces", tiny_folders)
    tokens = tokenise_words(encoder, ["the", "\u200e", "cat", "漢字", "the"])
    assert {word: ids.tolist() for word, ids in tokens.items()} == {
        "the": [5],
        "\u200e": [3],
        "cat": [8],
        "漢字": encoder.tokenizer("漢字", add_special_tokens=False)["input_ids"],
    }
    encoder.tokenizer.unk_token = None
    with pytest.raises(EncoderError, match=r"no token for '\\u200e'"):
        tokenise_words(encoder, ["\u200e"])


def test_numbers_of_words(tiny_folders: dict[str, Path]) -> None:
    expected = {
        "bert": [-1, 0, 1, 2, 2, 2, 2, -1],  # [CLS] the cat r ##a ##i ##n [SEP]
        "pieces": [-1, 0, 1, 2, 2, -1],  # <s> ▁the ▁cat ▁ rain </s>
    }
    for kind, words in expected.items():
        (text,) = number_words(encoder_reading(kind, tiny_folders), ["the cat rain"])
        assert text.words.tolist() == words
    xlm = load_pairs(tiny_folders["xlm-roberta"], prompt="go: ", max_tokens=9)
    (text,) = number_words(xlm, ["cat cat"])
    assert text.ids.tolist() == xlm.tokenise(["cat cat"])[0]
    assert text.words.tolist() == [-1, 0, 0, 1, 2, 2, 2, 2, -1]  # <s> go : ␣cat </s>, cut


# Masked LM


def test_whole_words_are_masked_whole(tiny_folders: dict[str, Path]) -> None:
    encoder = load_pairs(tiny_folders["bert"])
    records = [Record(str(i), {"text": text}) for i, text in enumerate((LONG, "the catnip is old"))]
    form = MaskedLM(masked_share=0.3, whole_words=True)
    task = form.open(encoder, Split(records), NONE, OPTIONS)
    generator = np.random.default_rng(0)
    shares = []
    for text in (number_words(encoder, [LONG])[0], number_words(encoder, ["the catnip is old"])[0]):
        for _ in range(300):
            masked, chosen = task._mask(text, generator)
            for word in range(text.words.max() + 1):
                assert len(set(chosen[text.words == word])) == 1
            assert not chosen[text.words == -1].any()
            assert chosen.any()
            assert (masked == text.ids)[chosen == 0].all()
            shares.append(chosen[text.words >= 0].mean())
    assert np.mean(shares) == pytest.approx(0.32, abs=0.03)  # 0.3, and one word where none was
    single = MaskedLM(masked_share=0.3).open(encoder, Split(records), NONE, OPTIONS)
    part = [single._mask(t, generator)[1] for t in single._texts for _ in range(20)]
    assert any(0 < p[-5:-1].sum() < 4 for p in part), "without it words are masked in part"
    encoder.table.keep_only(task.token_ids(), trainable=True)
    assert np.isfinite(loss_of(task, np.array([0, 1])))


def test_masked_lm_never_puts_in_a_special_token(tiny_folders: dict[str, Path]) -> None:
    encoder = load_pairs(tiny_folders["bert"])
    records = [Record("1", {"text": "a 漢 b"})]  # [CLS] a [UNK] b [SEP]: most tokens are special
    task = MaskedLM(masked_share=1.0).open(encoder, Split(records), NONE, OPTIONS)
    encoder.table.keep_only(task.token_ids(), trainable=True)
    generator = np.random.default_rng(0)
    text = NumberedTokens(np.full(3000, 5), np.arange(3000))
    masked, _ = task._mask(text, generator)
    mask_id = encoder.tokenizer.mask_token_id
    assert set(masked.tolist()) == {mask_id, 5, 6}
    assert (masked == 6).mean() == pytest.approx(0.05, abs=0.015)  # one of two ordinary tokens
    nothing = [Record("1", {"text": "漢"})]
    with pytest.raises(DataError, match="no token that is not special"):
        MaskedLM().open(encoder, Split(nothing), NONE, OPTIONS)


# The same text twice


def test_the_same_text_twice_differs_by_dropout_alone(bert_folder: Path) -> None:
    encoder = load_pairs(bert_folder)
    form = TextPairs(anchor="text", positive="text")
    split = Split(records_of("classification"))
    task = form.open(encoder, split, split, OPTIONS)
    assert task.dev_scores() == {}
    passes: list[torch.Tensor] = []
    vectors = encoder.vectors
    encoder.vectors = lambda s, *_: passes.append(vectors(s)) or passes[-1]  # type: ignore
    losses = []
    for dropout in (0.0, 0.1, 0.1):
        encoder.model.train()
        for module in encoder.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
        torch.manual_seed(len(losses))
        outcome = task.loss(np.arange(6), np.random.default_rng(0))
        assert outcome.tokens == 2 * sum(len(s) for s in encoder.tokenise(NAMES))
        losses.append(outcome.loss.item())
        first, second = passes[-1].chunk(2)
        if dropout:
            assert not torch.isclose(first, second, atol=1e-4).all(dim=1).any()
        else:
            assert torch.allclose(first, second, atol=1e-5)
            cosines = torch.nn.functional.normalize(first) @ torch.nn.functional.normalize(first).T
            assert losses[0] == pytest.approx(cross_entropy(cosines / 0.05, range(6)), rel=1e-3)
    assert len(set(losses)) == 3
    outcome.loss.backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.model.parameters())


# Faults


def changed(form: str, **fields: Any) -> list[Record]:
    first, *rest = records_of(form)
    return [*rest, replace(first, id="bad one", **fields)]


def texts_with(form: str, **texts: str) -> dict[str, str]:
    return {**records_of(form)[0].texts, **texts}


FAULTS = [
    ("classification", {"label": "d"}, r"label 'd'\n.*'a', 'b', 'c'"),
    ("classification", {"label": None}, "label None"),
    ("classification", {"texts": {"text": " "}}, "text 'text' is ' '"),
    ("classification of pairs", {"texts": {"text": "x", "pair": ""}}, "text 'pair' is ''"),
    ("classification of pairs", {"texts": {"text": "x"}}, "no text 'pair'"),
    ("multiple-choice", {"choices": ("x", "y")}, "has 2 choices\n.*3 choices"),
    ("multiple-choice", {"choices": ("x", "", "y")}, "choice 1 is ''"),
    ("multiple-choice", {"answer": 3}, "answer 3\n.*0 to 2"),
    ("multiple-choice", {"answer": -1}, "answer -1"),
    ("multiple-choice", {"answer": None}, "answer None"),
    ("multiple-choice", {"texts": {"question": "\n"}}, r"text 'question' is '\\n'"),
    ("span-qa", {"spans": ((0, 3), (40, 999))}, r"characters 40 to 999\n.* characters"),
    ("span-qa", {"spans": ((-1, 3),)}, "characters -1 to 3"),
    ("span-qa", {"spans": ((3, 3),)}, "characters 3 to 3"),
    ("span-qa", {"texts": {"question": "", "passage": "x"}, "spans": ()}, "text 'question' is ''"),
    ("span-qa", {"texts": {"question": "x", "passage": " "}, "spans": ()}, "'passage' is ' '"),
    ("tagging", {"words": (), "tags": ()}, "words ()"),
    ("tagging", {"words": ("x", "y"), "tags": ("ADJ",)}, "2 words and 1 tags"),
    ("tagging", {"words": ("x",), "tags": ("PUNCT",)}, "word 0, 'x', has tag 'PUNCT'\n.*'ADJ'"),
    ("tagging", {"words": ("x", ""), "tags": ("ADJ", "ADJ")}, "word 1 is ''"),
    ("regression", {"score": 2.5}, "score 2.5\n.*0 to 2\n"),
    ("regression", {"score": None}, "score None"),
    ("regression", {"score": float("nan")}, "score nan"),
    ("regression", {"texts": {"text": "x", "pair": "  "}}, "text 'pair' is '  '"),
]


@pytest.mark.parametrize("split", ["train", "dev"])
@pytest.mark.parametrize(("name", "fields", "message"), FAULTS)
def test_faults_name_the_record_and_the_value(
    bert_folder: Path, name: str, fields: dict[str, Any], message: str, split: str
) -> None:
    form = FORMS[name]
    good, bad = Split(records_of(form.name)), Split(changed(form.name, **fields))
    with pytest.raises(DataError, match=f"record 'bad one'(?s:.)*{message}".replace("()", r"\(\)")):
        form.open(
            load_pairs(bert_folder), *((bad, good) if split == "train" else (good, bad)), OPTIONS
        )


def test_an_answer_without_tokens_is_named(bert_folder: Path) -> None:
    record = Record("bad one", {"question": "x", "passage": "a   b"}, spans=((2, 4),))
    with pytest.raises(DataError, match=r"'bad one'.*no token for the answer at characters 2 to 4"):
        SpanQA().open(load_pairs(bert_folder), Split([record]), NONE, OPTIONS)


def test_a_question_must_have_an_answer_unless_the_form_allows_none(bert_folder: Path) -> None:
    with pytest.raises(DataError, match="record 'none' has no answer"):
        SpanQA().open(load_pairs(bert_folder), Split(records_of("span-qa")), NONE, OPTIONS)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Classification(), r"labels of a classification \[\]"),
        (Classification(labels=("a", "b", "a")), "'a' occurs twice"),
        (Tagging(tags=("a",)), r"tags of a tagging task \['a'\]"),
        (MultipleChoice(), "without context and question"),
        (MultipleChoice(question="question", choices=1), "choice of 1"),
        (SpanQA(stride=0), "stride 0"),
        (SpanQA(longest_answer=0), "longest_answer 0"),
        (Regression(lowest=5.0), "grades from 5.0 to 5.0"),
        (Regression(head="dot"), "head 'dot'"),  # type: ignore[arg-type]
    ],
)
def test_settings_of_forms_that_cannot_be(bert_folder: Path, form: Any, message: str) -> None:
    split = Split(records_of(form.name))
    with pytest.raises(DataError, match=message):
        form.open(load_pairs(bert_folder), split, NONE, OPTIONS)


# In the training loop


@pytest.mark.parametrize("name", NAMES_OF_FORMS)
def test_tokens_of_dev_texts_are_announced(tiny_folders: dict[str, Path], name: str) -> None:
    """Dev texts are written in capitals, of which training texts have none."""
    encoder = load_pairs(tiny_folders["xlm-roberta"])

    def loud(record: Record) -> Record:
        return replace(
            record,
            texts={name: text.upper() for name, text in record.texts.items()},
            choices=tuple(choice.upper() for choice in record.choices),
            words=tuple(word.upper() for word in record.words),
        )

    task = open_form(name, encoder, [loud(r) for r in records_of(FORMS[name].name)])
    encoder.table.keep_only(task.token_ids(), trainable=True)
    assert task.dev_scores()
    assert np.isfinite(loss_of(task))
    quiet = open_form(name, load_pairs(tiny_folders["xlm-roberta"]))
    assert set(quiet.token_ids()) < set(task.token_ids())
    assert quiet.dev_scores() == {}


@pytest.mark.parametrize("name", NAMES_OF_FORMS)
def test_a_locked_text_side_gets_no_gradient(bert_folder: Path, name: str) -> None:
    encoder = load_pairs(bert_folder)
    task, free = (open_form(name, encoder, options=o) for o in (LOCKED, OPTIONS))
    assert loss_of(task) == pytest.approx(loss_of(free), rel=1e-6)
    outcome = task.loss(ROWS, np.random.default_rng(0))
    assert outcome.loss.requires_grad == bool(list(task.head.parameters()))
    if outcome.loss.requires_grad:
        outcome.loss.backward()
        assert all(p.grad is None for p in encoder.model.parameters())
        assert all(p.grad is not None for p in task.head.parameters())


def test_regression_by_cosine_has_nothing_to_train_when_locked(
    bert_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="nothing to train"):
        train_form(
            "regression", bert_folder, tmp_path / "c", budget=Budget(updates=1), text_side="locked"
        )


@pytest.mark.parametrize("name", NAMES_OF_FORMS)
def test_a_form_reads_of_the_encoder_what_its_facts_state(
    bert_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    task = open_form(name, load_pairs(bert_folder))
    inner = Encoder.vectors
    pooled: list[int] = []

    def vectors(self: Encoder, sequences: Any, *options: Any) -> torch.Tensor:
        pooled.append(len(sequences))
        return inner(self, sequences, *options)

    monkeypatch.setattr(Encoder, "vectors", vectors)
    loss_of(task)
    assert bool(pooled) == (DECLARED[FORMS[name].name].reads == "vectors")


@pytest.mark.parametrize("name", NAMES_OF_FORMS)
def test_heads_are_seeded(bert_folder: Path, name: str) -> None:
    encoder = load_pairs(bert_folder)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    heads = [
        torch.cat([torch.zeros(1), *(p.flatten() for p in task.head.parameters())])
        for seed in (1, 1, 2)
        for task in [open_form(name, encoder, options=replace(OPTIONS, seed=seed))]
    ]
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(heads[0], heads[1])
    assert torch.equal(heads[0], heads[2]) == (name == "regression")


def test_bfloat16_scores_are_float32(bert_folder: Path) -> None:
    for name in NAMES_OF_FORMS:
        task = open_form(name, load_pairs(bert_folder, precision="bfloat16"))
        exact = open_form(name, load_pairs(bert_folder))
        outcome = task.loss(ROWS, np.random.default_rng(0))
        assert outcome.loss.dtype == torch.float32
        assert outcome.loss.item() == pytest.approx(loss_of(exact), rel=0.05, abs=0.02)


OVERFIT = {
    "classification": {"dev_accuracy": 1.0, "dev_macro_f1": 1.0},
    "classification of pairs": {"dev_accuracy": 1.0, "dev_macro_f1": 1.0},
    "multiple-choice": {"dev_accuracy": 1.0},
    "span-qa": {"dev_exact_match": 1.0, "dev_has_answer_f1": 1.0, "dev_no_answer_accuracy": 1.0},
    "tagging": {"dev_tagging_accuracy": 1.0},
    "regression": {},
    "regression of pairs": {},
}


@pytest.mark.parametrize("name", NAMES_OF_FORMS)
def test_twenty_updates_overfit_a_handful_of_records(
    bert_folder: Path, tmp_path: Path, name: str
) -> None:
    _, progress, task = train_form(
        name,
        bert_folder,
        tmp_path / "checkpoint.safetensors",
        budget=Budget(updates=20, batch_size=6),
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        schedule="constant",
        dropout=0.0,
    )
    losses = [value for _, _, metric, value in progress.curve if metric == "loss"]
    assert np.mean(losses[-3:]) < 0.3 * losses[0], losses
    scores = task.dev_scores()
    for metric, value in OVERFIT[name].items():
        assert scores[metric] == value
    if name.startswith("regression"):
        assert min(scores["dev_pearson"], scores["dev_spearman"]) > 0.8
    assert progress.tokens > 0


class Interruption:
    """A report of progress that raises KeyboardInterrupt once, after an update."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.updates = 0

    def __call__(self, share: float) -> None:
        self.updates += 1
        if self.updates == self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["span-qa", "tagging"])
def test_resumed_equals_unbroken(tiny_folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    def outcome(place: str, report: Callable[[float], None]) -> tuple[dict[str, Any], Progress]:
        weights, progress, _ = train_form(
            name,
            tiny_folders["xlm-roberta"],
            tmp_path / place,
            budget=Budget(updates=5, batch_size=4),
            report=report,
            dropout=0.2,
        )
        return weights, progress

    unbroken, progress = outcome("a", lambda share: None)
    report = Interruption(2)
    with pytest.raises(KeyboardInterrupt):
        outcome("b", report)
    resumed, again = outcome("b", report)
    assert report.updates == 5
    assert again.curve == progress.curve
    assert again.tokens == progress.tokens
    assert {*resumed} == {*unbroken}
    assert all(torch.equal(resumed[n], unbroken[n]) for n in unbroken)


# Declared in a task


SPECS = [
    (FormSpec("classification", {"text": "text"}, options={"labels": ("a", "b")}), Classification),
    (FormSpec("multiple-choice", {"question": "question"}, options={"choices": 2}), MultipleChoice),
    (FormSpec("span-qa", options={"unanswerable": True, "stride": 64}), SpanQA),
    (FormSpec("tagging", options={"tags": ["N", "V"]}), Tagging),
    (
        FormSpec("regression", {"text": "text", "pair": "pair"}, options={"head": "pair"}),
        Regression,
    ),
    (FormSpec("masked-lm", {"text": "text"}, options={"whole_words": True}), MaskedLM),
    (FormSpec("text-pairs", {"anchor": "text", "positive": "text"}), TextPairs),
]


@pytest.mark.parametrize(("spec", "form"), SPECS)
def test_a_declared_form_opens_with_its_columns_and_options(spec: FormSpec, form: type) -> None:
    opened = spec.open()
    assert isinstance(opened, form)
    assert opened.name == spec.name
    for name, value in {**spec.columns, **spec.options}.items():
        assert getattr(opened, name) == value
    assert set(spec.columns.values()) <= set(opened.columns)
    assert json.loads(json.dumps(asdict(spec)))["options"] is not None
