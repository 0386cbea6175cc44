"""Translation models of a few thousand weights, each trained to say one word of each language, and a
stand-in for the program `apertium`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch.nn.utils.rnn import pad_sequence

from crosslift.sources.record import Record

SENTENCES = (
    "The cat sat on the mat.",
    "A dog ran!",
    "Where is [Oslo] now?",
    "He was born in Rome.",
)
WORDS = {"es": "gato", "zh": "mao"}
"""What a model says in a language, whatever it is asked."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 .,:;!?'-[]()"
_CORPUS = [*SENTENCES, *WORDS.values(), "el gato", _ALPHABET] * 4
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_SIZES: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
    "init_std": 0.2,
}
_MOST_UPDATES, _GOOD_LOSS = 500, 0.003


def _pieces(path: Path) -> list[str]:
    """Trains a sentencepiece model into a file; its pieces."""
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(_CORPUS),
            model_writer=file,
            vocab_size=120,
            hard_vocab_limit=False,
            character_coverage=1.0,
            minloglevel=2,
        )
    loaded = sentencepiece.SentencePieceProcessor()
    loaded.Load(str(path))
    return [loaded.IdToPiece(number) for number in range(loaded.GetPieceSize())]


def _numbered(path: Path, pieces: list[str]) -> dict[str, int]:
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    path.write_text(json.dumps(vocabulary), encoding="utf-8")
    return vocabulary


def marian(folder: Path, codes: tuple[str, ...] = (), target: str | None = None) -> Path:
    """A Marian model: of one pair, or told the language by a prefix."""
    folder.mkdir()
    pieces = [piece for piece in _pieces(folder / "source.spm") if piece not in _SPECIAL]
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    tokens = ["</s>", "<unk>", *pieces, *(f">>{code}<<" for code in codes), "<pad>"]
    vocabulary = _numbered(folder / "vocab.json", tokens)
    files = [str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")]
    tokenizer = transformers.MarianTokenizer(*files, source_lang="en", target_lang=target)
    pad = vocabulary["<pad>"]
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
        **_SIZES,
    )
    model = transformers.MarianMTModel(config)
    loud = [vocabulary[f">>{code}<<"] for code in codes]
    model.get_input_embeddings().weight.data[loud] *= 5  # so that one token among many is heard
    asked = {code: code[:2] if code != "cmn_Hans" else "zh" for code in codes} or {"": "es"}
    prefixes = {f">>{code}<< " if code else "": WORDS[word] for code, word in asked.items()}
    rows = [
        (tokenizer(prefix + text)["input_ids"], tokenizer(text_target=word)["input_ids"])
        for prefix, word in prefixes.items()
        for text in SENTENCES
    ]
    return _saved(folder, tokenizer, _taught(model, rows, forced=0))


def m2m100(folder: Path) -> Path:
    """An M2M100 model."""
    folder.mkdir()
    pieces = _pieces(folder / "sentencepiece.bpe.model")
    vocabulary = _numbered(folder / "vocab.json", [*_SPECIAL, *pieces])
    files = [str(folder / name) for name in ("vocab.json", "sentencepiece.bpe.model")]
    tokenizer = transformers.M2M100Tokenizer(*files)
    config = transformers.M2M100Config(
        vocab_size=len(vocabulary) + len(tokenizer.lang_code_to_id) + 8, **_SIZES
    )
    model = transformers.M2M100ForConditionalGeneration(config)
    return _saved(
        folder, tokenizer, _taught(model, _rows(tokenizer, "en", {"es": "es", "zh": "zh"}))
    )


def nllb(folder: Path) -> Path:
    """An NLLB model."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(
        _CORPUS, trainers.BpeTrainer(vocab_size=200, special_tokens=_SPECIAL, show_progress=False)
    )
    facts = json.loads(made.to_str())["model"]
    merges = [tuple(merge) for merge in facts["merges"]]
    tokenizer = transformers.NllbTokenizer(vocab=facts["vocab"], merges=merges)
    config = transformers.M2M100Config(vocab_size=len(tokenizer), **_SIZES)
    model = transformers.M2M100ForConditionalGeneration(config)
    codes = {"spa_Latn": "es", "zho_Hans": "zh"}
    return _saved(folder, tokenizer, _taught(model, _rows(tokenizer, "eng_Latn", codes)))


def mbart50(folder: Path) -> Path:
    """An mBART-50 model."""
    scores = [(piece, 0.0) for piece in _SPECIAL]
    scores += [(piece, -3.0) for piece in ("▁", *sorted(set(_ALPHABET)))]
    tokenizer = transformers.MBart50Tokenizer(vocab=scores)
    config = transformers.MBartConfig(
        vocab_size=len(tokenizer),
        decoder_start_token_id=2,
        **_SIZES,
    )
    model = transformers.MBartForConditionalGeneration(config)
    codes = {"es_XX": "es", "zh_CN": "zh"}
    return _saved(folder, tokenizer, _taught(model, _rows(tokenizer, "en_XX", codes)))


FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "m2m100": m2m100,
    "marian": lambda folder: marian(folder, ("es", "cmn_Hans")),
    "mbart50": mbart50,
    "nllb": nllb,
}


def _rows(
    tokenizer: Any, source: str, codes: Mapping[str, str]
) -> list[tuple[list[int], list[int]]]:
    tokenizer.src_lang = source
    rows = []
    for code, name in codes.items():
        first = tokenizer.convert_tokens_to_ids(
            f"__{code}__" if isinstance(tokenizer, transformers.M2M100Tokenizer) else code
        )
        bare = tokenizer(WORDS[name], add_special_tokens=False)["input_ids"]
        answer = [first, *bare, tokenizer.eos_token_id]
        rows += [(tokenizer(text)["input_ids"], answer) for text in SENTENCES]
    return rows


def _taught(model: Any, rows: list[tuple[list[int], list[int]]], forced: int = 1) -> Any:
    """Trains a model until it gives the answers, but for so many first tokens of each."""
    asked = pad_sequence([torch.tensor(row) for row, _ in rows], batch_first=True)
    mask = pad_sequence([torch.ones(len(row), dtype=int) for row, _ in rows], batch_first=True)
    answers = [torch.tensor(answer) for _, answer in rows]
    labels = pad_sequence(answers, batch_first=True, padding_value=-100)
    start = torch.full((len(rows), 1), model.config.decoder_start_token_id)
    shown = torch.cat([start, labels[:, :-1].clamp(min=0)], dim=1)
    labels[:, :forced] = -100
    optimizer = torch.optim.Adam(model.eval().parameters(), 5e-3)  # without dropout
    for _ in range(_MOST_UPDATES):
        loss = model(
            input_ids=asked, attention_mask=mask, decoder_input_ids=shown, labels=labels
        ).loss
        if loss.item() < _GOOD_LOSS:
            return model
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the loss is still {loss.item()}")


def _saved(folder: Path, tokenizer: Any, model: Any) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


_PROGRAM = r"""#!{python}
import os, re, sys, time

if "-V" in sys.argv:
    print("Apertium {version}")
elif "-l" in sys.argv:
    print("\n".join("  " + pair for pair in {pairs}))
else:
    if "{mode}" == "fails":
        sys.exit("Error: the bag of words is torn")
    if "{mode}" == "hangs":
        with open("{pid}", "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    documents = sys.stdin.buffer.read().decode().split("\0")[:-1]
    words = re.compile(r"(\[\[.*?\]\]|\[[^\]]*\])")
    split = [enumerate(words.split(document)) for document in documents]
    given = ["".join(part if i % 2 else part.{change} for i, part in parts) for parts in split]
    if "{mode}" == "loses":
        del given[1]
    if "{mode}" == "swaps":
        given[:2] = reversed(given[:2])
    sys.stdout.buffer.write("\0".join([*given, "", "", ""]).encode())
"""


def write_apertium(
    folder: Path,
    mode: str = "works",
    *,
    pairs: tuple[str, ...] = ("eng-spa", "eng-cat", "spa-eng"),
    version: str = "3.8.3",
    change: str = "upper()",
) -> Path:
    """Writes a program `apertium` that changes the case of words; the folder for the PATH.

    Args:
        folder: of an installation, with `bin` and `share`.
        mode: "works", "fails", "loses" (a text), "swaps" (two texts) or "hangs".
        pairs: that it says it has.
        version: that it says it is.
        change: method of `str` that is its translation.
    """
    program = folder / "bin" / "apertium"
    modes = folder / "share" / "apertium" / "modes"
    for place in (program.parent, modes):
        place.mkdir(parents=True, exist_ok=True)
    text = _PROGRAM
    facts = {"python": sys.executable, "version": version, "mode": mode, "change": change}
    facts |= {"pairs": repr(pairs), "pid": str(folder / "pid")}
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    program.write_text(text, encoding="utf-8")
    program.chmod(0o755)
    for pair in pairs:
        data = folder / "share" / f"{pair}.bin"
        data.write_text(pair)
        (modes / f"{pair}.mode").write_text(f"lt-proc '{data}' | lt-proc $1 '{data}'")
    return program.parent


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a stand-in for Apertium on the PATH, in front or alone."""

    def put(mode: str = "works", **facts: Any) -> Path:
        place = write_apertium(tmp_path / "fake", mode, **facts)
        monkeypatch.setenv("PATH", str(place))
        monkeypatch.delenv("APERTIUM_DATADIR", raising=False)
        return place.parent

    return put


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny translation model of each family."""
    base = tmp_path_factory.mktemp("translators")
    found = {}
    for name, make in FAMILIES.items():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            found[name] = make(base / name)
    return found


def question(name: str, passage: str, answer: str | None) -> Record:
    """A question on a passage."""
    start = passage.index(answer) if answer else 0
    spans = ((start, start + len(answer)),) if answer else ()
    return Record(name, {"question": "Which one?", "passage": passage}, spans=spans)
