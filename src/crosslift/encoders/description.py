"""How the files of a folder define its vectors.

The files are those of sentence-transformers: modules.json, sentence_bert_config.json,
config_sentence_transformers.json, and config.json of each module. CrossLift reads every key that
affects a vector, or refuses the folder with an error that names the key. It ignores no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from crosslift.encoders.encoder_settings import Poolings
from crosslift.encoders.requirements import check_requirement
from crosslift.errors import EncoderError
from crosslift.model_files.read_model import folder_inside, read_json, read_json_object

InputKind = Literal["transformer", "static"]
ModuleKind = Literal["Dense", "LayerNorm", "Normalize", "Dropout"]
"""Kinds of modules after the pooling."""

_INPUTS: dict[str, InputKind] = {"Transformer": "transformer", "StaticEmbedding": "static"}
_REMEDY = "use another model, or a copy of the folder without that key, whose vectors are others"


@dataclass(frozen=True, slots=True)
class ModuleFiles:
    """A module that follows the pooling.

    Args:
        kind: kind of the module.
        folder: folder of its files.
        config: the keys of its config.json.
    """

    kind: ModuleKind
    folder: Path
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Description:
    """How a folder defines its vectors; None for what its files do not define.

    Args:
        input: folder of the module that reads the text; the folder itself, or one inside it.
        kind: kind of that module.
        pooling: pooling of the tokens.
        include_prompt: whether the tokens of the prompt are pooled too.
        lower_case: whether texts are lower-cased first.
        max_tokens: length of the longest input.
        modules: modules after the pooling, first to last.
        dimensions: length to which vectors are truncated at the end.
    """

    input: Path
    kind: InputKind = "transformer"
    pooling: Poolings | None = None
    include_prompt: bool = True
    lower_case: bool = False
    max_tokens: int | None = None
    modules: tuple[ModuleFiles, ...] = ()
    dimensions: int | None = None

    def width(self, state_width: int) -> int:
        """Length of the vectors for hidden states of a given width."""
        width = state_width * len((self.pooling or "mean").split("+"))
        for module in self.modules:
            width = int(module.config.get("out_features", width))
        return min(width, self.dimensions or width)


@dataclass(frozen=True, slots=True)
class OwnPrompts:
    """The prompts of an encoder's own sentence-transformers files.

    Args:
        by_name: name -> prompt.
        default: text before each text if no prompt is set; empty for none.
    """

    by_name: Mapping[str, str]
    default: str


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys that a file may have.

    Args:
        read: key -> types of the values that CrossLift reads.
        harmless: keys that change no vector.
        only: key -> the accepted values; any other value would change the vectors.
    """

    read: Mapping[str, tuple[type, ...]]
    harmless: frozenset[str] = frozenset()
    only: Mapping[str, tuple[Any, ...]] | None = None

    def check(self, config: Mapping[str, Any], path: Path) -> None:
        """Raises EncoderError for any other key or value."""
        for key, value in config.items():
            if key in self.harmless:
                continue
            legal = (self.only or {}).get(key, ())
            if key in self.read:
                if type(value) not in self.read[key]:
                    names = " or ".join(kind.__name__ for kind in self.read[key])
                    raise EncoderError(f"{path}: {key} is {_shortened(value)}", names)
            elif not any(type(value) is type(each) and value == each for each in legal):
                expected = ", ".join(map(repr, legal)) if legal else "no such key"
                raise EncoderError(
                    f"{path}: CrossLift does not read {key}: {_shortened(value)}", expected, _REMEDY
                )


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


_FLAG, _COUNT, _NAME, _NONE = (bool,), (int,), (str,), type(None)
LEGACY_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Keys of older releases, in the order in which their vectors are joined."""
POOLING_NAMES = {
    "cls": "first_token",
    "max": "max",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean_sqrt_length",
    "weightedmean": "position_weighted",
    "lasttoken": "last_token",
}
"""Name of sentence-transformers -> ours."""
_TEXT_ONLY = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
_NOTHING: tuple[Any, ...] = (None, {}, [])

_TRANSFORMER = _Keys(
    read={
        "max_seq_length": (int, _NONE),
        "do_lower_case": (bool, _NONE),
        **dict.fromkeys(("tokenizer_args", "processor_kwargs"), (dict, _NONE)),
        **dict.fromkeys(("model_args", "model_kwargs"), (dict, _NONE)),
    },
    harmless=frozenset({"unpad_inputs"}),
    only={
        "transformer_task": ("feature-extraction",),
        "module_output_name": (None, "token_embeddings"),
        "modality_config": (None, _TEXT_ONLY),
        "backend": ("torch",),
        "tokenizer_name_or_path": (None,),
        **dict.fromkeys(("config_args", "config_kwargs", "processing_kwargs"), _NOTHING),
        **dict.fromkeys(("query_length", "document_length", "query_expansion"), (None,)),
    },
)
_TOKENIZER_ARGUMENTS = _Keys(
    read={"model_max_length": (int, _NONE)},
    harmless=frozenset({"padding_side", "use_fast", "padding"}),
)
_MODEL_ARGUMENTS = _Keys(
    read={},
    harmless=frozenset(
        {"add_pooling_layer", "attn_implementation", "device_map", "dtype", "torch_dtype"}
        | {"use_safetensors", "use_cache", "low_cpu_mem_usage"}
    ),
)
_POOLING = _Keys(
    read={
        **dict.fromkeys(("word_embedding_dimension", "embedding_dimension"), (int, _NONE)),
        **dict.fromkeys(LEGACY_POOLINGS, (bool, _NONE)),
        "pooling_mode": (str, list),
        "include_prompt": _FLAG,
    }
)
_OF_VECTORS: dict[str, tuple[Any, ...]] = {
    "module_input_name": ("sentence_embedding",),
    "module_output_name": (None, "sentence_embedding"),
}
_MODULES: dict[ModuleKind, _Keys] = {
    "Dense": _Keys(
        read={
            "in_features": _COUNT,
            "out_features": _COUNT,
            "bias": _FLAG,
            "activation_function": _NAME,
            "use_residual": _FLAG,
        },
        only=_OF_VECTORS,
    ),
    "LayerNorm": _Keys(read={"dimension": _COUNT}),
    "Normalize": _Keys(read={}, only=_OF_VECTORS),
    "Dropout": _Keys(read={}, harmless=frozenset({"dropout"})),
}
_MODEL = _Keys(
    read={
        "prompts": (dict, _NONE),
        "default_prompt_name": (str, _NONE),
        "truncate_dim": (int, _NONE),
        "requirements": (dict, _NONE),
    },
    harmless=frozenset({"__version__", "similarity_fn_name"}),
    only={"model_type": (None, "SentenceTransformer")},
)
_ENTRY = _Keys(
    read={"path": _NAME, "type": _NAME},
    harmless=frozenset({"idx", "name"}),
    only={"kwargs": _NOTHING},
)
_TRANSFORMER_FILES = (
    "sentence_bert_config.json",
    *(
        f"sentence_{name}_config.json"
        for name in ("roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
    ),
)
"""All but the first are of releases before 2020."""


def describe(folder: Path, *, pooled_here: bool = True) -> Description:
    """Reads how the files of a folder define its vectors.

    Args:
        folder: folder of a model, with or without the files of sentence-transformers.
        pooled_here: whether its own pooling is used; if not, the pooling and the modules after it are
            ignored.

    Raises:
        EncoderError: the folder defines vectors in an unsupported way; the message names the file and
            the key.
    """
    entries = _entries(folder)
    kind, place = _input(entries, folder)
    transformer = _transformer(place)
    description = Description(
        input=place,
        kind=kind,
        lower_case=bool(transformer.get("do_lower_case")),
        max_tokens=_max_tokens(transformer, place / "sentence_bert_config.json"),
        dimensions=_model(folder).get("truncate_dim"),
    )
    following = entries[1:] if pooled_here else []
    if following and following[0][0] == "Pooling":
        pooling, include_prompt = _pooling(following[0][1])
        description = replace(description, pooling=pooling, include_prompt=include_prompt)
        following = following[1:]
    return replace(description, modules=tuple(_module(*entry) for entry in following))


def prompts_in(folder: Path) -> OwnPrompts:
    """The prompts that a folder's config_sentence_transformers.json names.

    Raises:
        EncoderError: the file cannot be read, or its default prompt is not among its prompts.
    """
    config = _model(folder)
    prompts = config.get("prompts") or {}
    path = folder / "config_sentence_transformers.json"
    for name, prompt in prompts.items():
        if type(prompt) not in (str, _NONE):
            raise EncoderError(f"{path}: prompt {name!r} is {_shortened(prompt)}", "a text")
    by_name = {name: prompt or "" for name, prompt in prompts.items()}
    default = config.get("default_prompt_name")
    if default is not None and default not in {**by_name, "query": "", "document": ""}:
        raise EncoderError(
            f"{path}: default_prompt_name {default!r}",
            f"one of {', '.join(by_name) or 'no prompts'}",
        )
    return OwnPrompts(by_name, by_name.get(default or "", ""))


def module_folders(folder: Path) -> list[Path]:
    """The folders inside a folder that its modules.json names, each once."""
    if not (folder / "modules.json").is_file():
        return []
    places = dict.fromkeys(place for _, place in _entries(folder))
    return [place for place in places if place != folder]


def _entries(folder: Path) -> list[tuple[str, Path]]:
    """Kind and folder of each module, first to last; one transformer if modules.json does not exist."""
    path = folder / "modules.json"
    if not path.is_file():
        return [(_kind_without_modules(folder), folder)]
    entries = read_json(path)
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise EncoderError(f"{path} holds {_shortened(entries)}", "a list of modules")
    if not entries:
        raise EncoderError(f"{path} names no module", "a Transformer and a Pooling")
    return [_entry(entry, path) for entry in entries]


def _kind_without_modules(folder: Path) -> str:
    model_type = read_json_object(folder / "config.json").get("model_type")
    return "StaticEmbedding" if model_type == "model2vec" else "Transformer"


def _entry(entry: Mapping[str, Any], path: Path) -> tuple[str, Path]:
    _ENTRY.check(entry, path)
    kind = str(entry.get("type", ""))
    if not kind.startswith("sentence_transformers."):
        raise EncoderError(
            f"{path} names a module {kind!r} that has its own code, and CrossLift runs no code of a "
            "model folder",
            "modules of sentence-transformers",
        )
    return kind.rpartition(".")[2], folder_inside(path.parent, entry.get("path"), str(path))


def _input(entries: Sequence[tuple[str, Path]], folder: Path) -> tuple[InputKind, Path]:
    kind, place = entries[0]
    if kind not in _INPUTS:
        raise EncoderError(
            f"{folder} reads its texts with a module {kind}, which is not supported",
            " or ".join(_INPUTS),
        )
    return _INPUTS[kind], place


def _transformer(place: Path) -> dict[str, Any]:
    for name in _TRANSFORMER_FILES:
        config = read_json_object(place / name)
        if config:
            path = place / name
            _TRANSFORMER.check(config, path)
            for key in ("model_args", "model_kwargs"):
                _MODEL_ARGUMENTS.check(config.get(key) or {}, path)
            return config
    return {}


def _max_tokens(transformer: Mapping[str, Any], path: Path) -> int | None:
    longest = transformer.get("max_seq_length")
    for key in ("tokenizer_args", "processor_kwargs"):
        arguments = transformer.get(key) or {}
        _TOKENIZER_ARGUMENTS.check(arguments, path)
        longest = arguments.get("model_max_length") or longest
    if longest is not None and longest < 1:
        raise EncoderError(f"{path}: max_seq_length {longest}", "a positive number")
    return None if longest is None else int(longest)


def _model(folder: Path) -> dict[str, Any]:
    path = folder / "config_sentence_transformers.json"
    config = read_json_object(path)
    _MODEL.check(config, path)
    dimensions = config.get("truncate_dim")
    if dimensions is not None and dimensions < 1:
        raise EncoderError(f"{path}: truncate_dim {dimensions}", "a positive number")
    for name, required in (config.get("requirements") or {}).items():
        check_requirement(name, required, path)
    return config


def _pooling(place: Path) -> tuple[Poolings, bool]:
    path = place / "config.json"
    config = read_json_object(path)
    _POOLING.check(config, path)
    modes = config.get("pooling_mode")
    if modes is None:
        modes = [mode for key, mode in LEGACY_POOLINGS.items() if config.get(key)] or ["mean"]
    modes = [modes] if isinstance(modes, str) else modes
    for mode in modes:
        if not isinstance(mode, str) or mode not in POOLING_NAMES:
            raise EncoderError(
                f"{path}: pooling_mode {_shortened(mode)}",
                f"one of {', '.join(POOLING_NAMES)}",
                "set `pooling` of the encoder",
            )
    if not modes:
        raise EncoderError(f"{path}: pooling_mode is empty", f"one of {', '.join(POOLING_NAMES)}")
    return "+".join(POOLING_NAMES[mode] for mode in modes), config.get("include_prompt", True)


def _module(kind: str, place: Path) -> ModuleFiles:
    known = next((each for each in get_args(ModuleKind) if each == kind), None)
    if known is None:
        raise EncoderError(
            f"{place.parent} also uses a module {kind} for its vectors, which is not supported",
            f"Transformer, Pooling, {', '.join(get_args(ModuleKind))}",
            "set `pooling` of the encoder to use it without this module",
        )
    path = place / "config.json"
    config = read_json_object(path)
    _MODULES[known].check(config, path)
    return ModuleFiles(known, place, config)
