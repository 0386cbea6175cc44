"""``python -m benchmarks.small``: exported encoders beside sentence-transformers in float32.

All of them encode the same texts in turn, in one process. A row gives the median ratio of the seconds
of sentence-transformers to those of the row, by the clock and by the processor (which other programs
disturb less), the size of the files, and the lowest and the mean cosine to its vectors. Two
encoders: the packaged one, and one of the size of XLM-R Base with random weights, for speed alone.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table

from benchmarks.measuring.machine import Machine
from benchmarks.measuring.peers import embedded_folder, quiet
from benchmarks.measuring.texts import read_texts
from benchmarks.measuring.turns import LocalContender, Turn, take_turns
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.export import write_encoder
from crosslift.encoders.kinds import Backend, WeightPrecision
from crosslift.encoders.load_encoder import load_encoder
from crosslift.encoders.text_reader import load_reader

EXPORTS: tuple[tuple[Backend, WeightPrecision], ...] = (
    ("onnx", "float32"),
    ("onnx", "int8"),
    ("openvino", "int8"),
    ("openvino", "bfloat16"),
)
_BASE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12}


def main() -> None:
    """Measures the exports of one encoder or both, and prints a table for each."""
    options = _options()
    console = Console(width=120)
    quiet()
    console.print(Machine.this().title, markup=False)
    texts = read_texts(options.texts, options.count)
    for name in options.encoders:
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            place = Path(folder)
            source = embedded_folder() if name == "embedded" else str(_random_base(place / "base"))
            exports = list(_exports(source, place, options.exports))
            console.print(_measured(name, source, exports, texts, options.repeats))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small", description=__doc__)
    parser.add_argument("--texts", type=Path, help="folder of Tatoeba files; default: catalogs")
    parser.add_argument("--count", type=int, default=512, help="texts of a turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each")
    parser.add_argument("--encoders", nargs="+", default=["embedded", "base"], metavar="NAME")
    parser.add_argument("--exports", nargs="+", default=["/".join(each) for each in EXPORTS])
    parser.add_argument("--scratch", type=Path, help="folder of the exports, which are deleted")
    return parser.parse_args()


def _random_base(folder: Path) -> Path:
    """An encoder of the size of XLM-R Base with random weights and the packaged tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(embedded_folder())
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer),
        num_attention_heads=12,
        max_position_embeddings=514,
        pad_token_id=tokenizer.pad_token_id,
        **_BASE,
    )
    torch.manual_seed(0)
    transformers.XLMRobertaModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _exports(source: str, place: Path, names: list[str]) -> Iterator[tuple[str, Path]]:
    """Name and folder of each export."""
    for backend, precision in EXPORTS:
        if f"{backend}/{precision}" in names:
            encoder = load_encoder(EncoderSettings(name=source, precision="float32"))
            folder = place / f"{backend}-{precision}"
            write_encoder(encoder, folder, backend, precision)
            yield f"{backend}, {precision}", folder


def _measured(
    name: str, source: str, exports: list[tuple[str, Path]], texts: list[str], repeats: int
) -> Table:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(source, device="cpu")
    ours = load_reader(EncoderSettings(name=source, precision="float32"))
    readers = [load_reader(EncoderSettings(name=str(folder))) for _, folder in exports]
    contenders = [
        _OnProcessor(lambda: np.asarray(model.encode(texts))),
        _OnProcessor(lambda: ours.encode(texts)),
        *(_OnProcessor(lambda reader=reader: reader.encode(texts)) for reader in readers),  # type: ignore[misc]
    ]
    turns = take_turns(contenders, repeats)
    table = Table("encoder", "times as fast", "by processor", "MB", "lowest cosine", "mean")
    table.title = f"{name}; {turns.others:.0%} of the cores were busy with other work"
    rows = [("sentence-transformers, float32", Path(source)), ("CrossLift, float32", Path(source))]
    for place, (row, folder) in enumerate([*rows, *exports]):
        cosines = _cosines(contenders[0].result, contenders[place].result)
        table.add_row(
            row,
            _ratio(turns.seconds[0], turns.seconds[place]),
            _ratio(contenders[0].seconds[1:], contenders[place].seconds[1:]),
            f"{_size(folder):.0f}",
            f"{cosines.min():.5f}",
            f"{cosines.mean():.5f}",
        )
    return table


class _OnProcessor(LocalContender[np.ndarray]):
    """A contender that also keeps the processor's seconds of each turn, the warm-up first."""

    def __init__(self, work: Callable[[], np.ndarray]) -> None:
        super().__init__(work)
        self.seconds: list[float] = []

    def turn(self) -> Turn:
        """Does the work once."""
        began = time.process_time()
        turn = super().turn()
        self.seconds.append(time.process_time() - began)
        return turn


def _ratio(first: list[float], second: list[float]) -> str:
    return f"{statistics.median(a / b for a, b in zip(first, second, strict=True)):.2f}"


def _cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    first, second = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (first, second))
    return np.asarray((first * second).sum(axis=1))


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
