"""Encoders of a few thousand random weights, records for them, and short training runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.forms.declared_forms import FORMS, PICTURE_FORMS
from crosslift.forms.form import FormOptions, OpenTask, Split
from crosslift.forms.form_facts import Partners
from crosslift.sources.record import Record
from crosslift.tasks.controls import PARTNERS
from crosslift.training.budget import Budget
from crosslift.training.checkpoint import Progress
from crosslift.training.guards.data import on_their_data
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

WIDTH = 32
POSITIONS = 80
TEXTS = (
    "a cat",
    "the dog is running over the hill",
    "x",
    "one two three four five six seven",
    "rain",
    "singing in the rain again and again and again",
)
"""Texts of different lengths, all of them in either tokenizer's alphabet."""


def byte_tokenizer() -> Any:
    """Byte-level BPE in XLM-R's order: <s> is 0, <pad> is 1, </s> is 2."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    merges = [("t", "h"), ("th", "e"), ("i", "n"), ("in", "g"), ("Ġ", "a"), ("Ġ", "the")]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*special, *alphabet, *(a + b for a, b in merges), "<mask>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def word_piece_tokenizer() -> Any:
    """WordPiece over Latin letters, padded with id 0."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,:?"
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), "the", "cat", "##ing"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
        mask_token="[MASK]",
    )


_SIZES = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "initializer_range": 0.15,
}
_DISTILBERT_SIZES = {
    "dim": WIDTH,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 64,
    "initializer_range": 0.15,
    "max_position_embeddings": POSITIONS,
}
_AFTER_PAD = {"max_position_embeddings": POSITIONS + 2, "bos_token_id": 0, "eos_token_id": 2}

KINDS: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    "bert": (word_piece_tokenizer, "BertModel", {**_SIZES, "max_position_embeddings": POSITIONS}),
    "distilbert": (word_piece_tokenizer, "DistilBertModel", _DISTILBERT_SIZES),
    "modernbert": (
        word_piece_tokenizer,
        "ModernBertModel",
        {
            **_SIZES,
            "max_position_embeddings": POSITIONS,
            "local_attention": 16,  # wider than the probe of the runner is long
            "layer_types": ["full_attention", "sliding_attention"],
        },
    ),
    "xlm-roberta": (byte_tokenizer, "XLMRobertaModel", {**_SIZES, **_AFTER_PAD}),
    "mpnet": (byte_tokenizer, "MPNetModel", {**_SIZES, **_AFTER_PAD}),
}
"""Model type -> tokenizer, class of the model, and its configuration."""


def make_tiny_encoder(
    folder: Path,
    kind: str = "bert",
    *,
    seed: int = 0,
    use: dict[str, Any] | None = None,
) -> Path:
    """Writes a transformers folder with random weights.

    Args:
        folder: new.
        kind: one of `KINDS`.
        seed: of the weights.
        use: pooling, prompt and max_tokens of sentence-transformers files; None: without them.
    """
    tokenizer_of, name, sizes = KINDS[kind]
    tokenizer = tokenizer_of()
    model_class = getattr(transformers, name)
    config = model_class.config_class(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, **sizes
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = model_class(config)
        for parameter in model.parameters():  # biases and norms too: zeros would hide mistakes
            parameter.data += 0.02 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if use is not None:
        _write_use(folder, **use)
    return folder


def make_tiny_decoder(folder: Path) -> Path:
    """Writes a Llama of three layers with random weights, whose tokenizer has a mark before the text,
    none after it, and no pad token."""
    tokenizer = byte_tokenizer()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=80,
        initializer_range=0.15,
        bos_token_id=0,
        eos_token_id=2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.LlamaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    kept = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    for name in ("pad_token", "cls_token", "sep_token", "mask_token"):
        kept.pop(name, None)
    (folder / "tokenizer_config.json").write_text(json.dumps(kept), encoding="utf-8")
    return folder


def _write_use(folder: Path, pooling: str, prompt: str, max_tokens: int) -> None:
    kinds = ("Transformer", "Pooling")
    modules = [
        {
            "idx": i,
            "name": str(i),
            "path": "" if i == 0 else f"{i}_{kind}",
            "type": f"sentence_transformers.models.{kind}",
        }
        for i, kind in enumerate(kinds)
    ]
    files = {
        "modules.json": modules,
        "1_Pooling/config.json": {
            "word_embedding_dimension": WIDTH,
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_max_tokens": pooling == "max",
            "pooling_mode_lasttoken": pooling == "lasttoken",
        },
        "config_sentence_transformers.json": {
            "prompts": {"ask": prompt},
            "default_prompt_name": "ask",
        },
        "sentence_bert_config.json": {"max_seq_length": max_tokens, "do_lower_case": False},
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def load_tiny(folder: Path, **settings: Any) -> Encoder:
    """A tiny encoder in float32, unless the settings say otherwise."""
    return load_encoder(
        EncoderSettings(**{"name": str(folder), "precision": "float32", **settings})
    )


NAMES = ("red apple", "blue car", "old tree", "green fish", "small house", "big drum")
OTHER_NAMES = ("fruit", "motor", "oak", "trout", "hut", "bass")


TRAINED_FORMS = {"text-pairs": "bert", "masked-lm": "xlm-roberta"}
TRAINED_FORMS |= dict.fromkeys(PICTURE_FORMS, "bert")
"""Form that `train_tiny` can train -> the kind of tiny encoder that it is trained on."""


def tiny_split(form: str) -> Split:
    """Six records of a form; the pictures are random patches of 24 x 24 pixels."""
    if form == "text-pairs":
        pairs = zip(NAMES, OTHER_NAMES, strict=True)
        return Split([Record(n, {"anchor": n, "positive": p}) for n, p in pairs])
    records = [
        Record(name, {"text": f"{name} and {other}"}, language=("de", "fi")[i % 2])
        for i, (name, other) in enumerate(zip(NAMES, OTHER_NAMES, strict=True))
    ]
    if form == "masked-lm":
        return Split(records)
    generator = np.random.default_rng(3)
    patches = generator.integers(0, 256, (len(records), 3, 3, 3), np.uint8)
    if form == "caption-to-feature":
        features = generator.standard_normal((len(records), 12), np.float32)
        return Split(records, features=features)
    return Split(records, patches.repeat(8, axis=1).repeat(8, axis=2))


def tiny_form(form: str, **settings: Any) -> Any:
    """A form; those with pictures take the tiny pictures' size."""
    facts = FORMS[form]
    if facts.pictures is None:
        return facts.form_class()(**settings)
    tower: dict[str, Any] = {"tower": "convolutional", "picture_size": 24}
    if form == "caption-to-feature":  # frozen: features are in the place of its pictures
        tower = {"tower": "convolutional", "tower_weights": "random"}
    return facts.form_class()(**(tower | settings))


def open_tiny_task(
    form: str,
    encoder: Encoder,
    *,
    locked: bool = False,
    partners: Partners = "own",
    seed: int = 0,
    cached_texts: int | None = None,
    **settings: Any,
) -> OpenTask:
    """The six records opened on an encoder; text pairs and pictures have dev records too."""
    made: Any = tiny_form(form, **settings)
    split = tiny_split(form)
    options = FormOptions(locked, partners, seed, cached_texts)
    opened: OpenTask = made.open(encoder, split, split, options)
    return opened


def alone(task: OpenTask, name: str = "task", seed: int = 0) -> list[MixedTask]:
    """A task as the only one of its stage."""
    return [MixedTask(name, MixedTaskSettings(task=name), task, seed)]


def train_tiny(
    form: str,
    folder: Path,
    checkpoint: Path,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    precision: str = "float32",
    report: Callable[[float], None] = lambda share: None,
    **settings: Any,
) -> tuple[dict[str, torch.Tensor], Progress, OpenTask, Encoder]:
    """Trains a fresh tiny encoder, by default for six updates of four records.

    Gives every trained weight of the encoder by name (its token rows are `token_table`) and of the
    head (`head.`), what was spent, the task and the encoder.
    """
    encoder = load_tiny(folder, precision=precision)
    stage = StageSettings(**{"task": form, "learning_rate": 1e-3, "dev_evaluations": 2, **settings})
    locked = stage.text_side == "locked"
    task = open_tiny_task(
        form,
        encoder,
        locked=locked,
        partners=PARTNERS.get(stage.tasks[0].control, "own"),
        seed=seed,
        cached_texts=stage.cached_texts,
    )
    chosen = budget or Budget(updates=6, batch_size=4)
    members = alone(task, form, seed)
    guards = on_their_data(stage.guards)
    asked = Stage(stage, chosen, seed, checkpoint, report)
    changed, progress = train(asked, members, encoder, guards)
    return everything_trained(changed, task, encoder), progress, task, encoder


def everything_trained(
    changed: dict[str, torch.Tensor], task: OpenTask, encoder: Encoder
) -> dict[str, torch.Tensor]:
    """What `train` gave, with the token rows and the head, which it trains in place."""
    head = {f"head.{name}": value for name, value in task.head.state_dict().items()}
    rows = {"token_table": encoder.table.weight} if encoder.table.weight.requires_grad else {}
    return {name: v.detach().clone() for name, v in {**changed, **head, **rows}.items()}
