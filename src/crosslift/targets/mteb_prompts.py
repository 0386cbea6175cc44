"""Which prompt MTEB puts before the texts of a bitext.

MTEB asks for a prompt by task and by task type (`BitextMining`), never as a query or a document: a
bitext has neither. A model that is registered with the prompts "query: " and "passage: " alone, such
as multilingual-e5, therefore gets none, whatever its authors advise. Instruction models get the
instruction of their loader.

Source: embeddings-benchmark/mteb: `mteb/models/abs_encoder.py` (`get_prompt_name`, `get_instruction`),
`mteb/models/sentence_transformer_wrapper.py`, `mteb/models/instruct_wrapper.py` and the loaders in
`mteb/models/model_implementations`. A test loads every registered model with these loaders and
compares.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from crosslift.encoders.encoder_folder import EMBEDDED, own_prompts
from crosslift.encoders.encoder_settings import EncoderSettings

MtebTask = Literal["Tatoeba", "BUCC"]
TASK_TYPE = "BitextMining"


class BitextPrompts(NamedTuple):
    """What MTEB puts before each text.

    Args:
        tatoeba: in its task `Tatoeba`, and here in every bitext that is not in MTEB.
        bucc: in its task `BUCC`.
    """

    tatoeba: str
    bucc: str

    def of(self, task: MtebTask) -> str:
        """The prompt of one task."""
        return self.tatoeba if task == "Tatoeba" else self.bucc


def _alike(prompt: str) -> BitextPrompts:
    return BitextPrompts(prompt, prompt)


_MODELS = {
    _alike(""): EMBEDDED,
    _alike("{instruction}"): "llamaindex/vdr-2b-multi-v1",
    BitextPrompts(
        "Instruct: Retrieve semantically similar text.\nQuery:",
        "Instruct: Retrieve parallel sentences.\nQuery:",
    ): (
        "BidirLM/BidirLM-0.6B-Embedding BidirLM/BidirLM-1.7B-Embedding BidirLM/BidirLM-1B-Embedding "
        "BidirLM/BidirLM-270M-Embedding"
    ),
    _alike("<|user|>\nRetrieve parallel sentences.\n<|embed|>\n"): (
        "GritLM/GritLM-7B GritLM/GritLM-8x7B ReasonIR/ReasonIR-8B"
    ),
    _alike("Instruct: Retrieve parallel sentences.\nQuery:"): (
        "AQ-MedAI/Diver-Retriever-0.6B AQ-MedAI/Diver-Retriever-1.7B AQ-MedAI/Diver-Retriever-4B "
        "AQ-MedAI/Diver-Retriever-4B-1020 bflhc/MoD-Embedding Hanno-Labs/dinghy-law-0.6b-v1 "
        "Hanno-Labs/dinghy-law-4b-v1 ICT-TIME-and-Querit/BOOM_4B_v1 "
        "ICT-TIME-and-Querit/ICT-TIME-and-Querit-embedding-v1 IEITYuan/Yuan-embedding-2.0-en "
        "Kingsoft-LLM/QZhou-Embedding Kingsoft-LLM/QZhou-Embedding-Zh litillabs/litil-embed-0.6b "
        "Octen/Octen-Embedding-0.6B Octen/Octen-Embedding-4B Octen/Octen-Embedding-4B-INT8 "
        "Octen/Octen-Embedding-8B Octen/Octen-Embedding-8B-INT8 papr-ai/papr-embed-code-1-0.6b "
        "papr-ai/papr-embed-code-1-4b Qwen/Qwen3-Embedding-0.6B Qwen/Qwen3-Embedding-4B "
        "Qwen/Qwen3-Embedding-8B yale-nlp/RTriever-4B"
    ),
    _alike("task: Retrieve parallel sentences.\nquery: "): (
        "sbintuitions/sarashina-embedding-v2-1b"
    ),
    BitextPrompts(
        "Instruct: Retrieve parallel sentences\nQuery:",
        "Instruct: Retrieve parallel sentences.\nQuery:",
    ): (
        "microsoft/harrier-oss-v1-0.6b microsoft/harrier-oss-v1-270m microsoft/harrier-oss-v1-27b "
        "Tarka-AIR/Tarka-Embedding-350M-V1"
    ),
    _alike("Retrieve parallel sentences."): (
        "codefuse-ai/C2LLM-0.5B codefuse-ai/C2LLM-7B NovaSearch/stella_en_1.5B_v5 "
        "NovaSearch/stella_en_400M_v5"
    ),
    BitextPrompts(
        "Instruct: Retrieve parallel sentences\nQuery: ",
        "Instruct: Retrieve parallel sentences.\nQuery: ",
    ): (
        "ai-sage/Giga-Embeddings-instruct-10B-A1.8B-0826 ai-sage/Giga-Embeddings-instruct-3B-0826 "
        "ai-sage/Giga-Embeddings-instruct-480M-0826 geevec-ai/geevec-embeddings-1.0-lite"
    ),
    _alike("search_document: "): (
        "nomic-ai/modernbert-embed-base nomic-ai/nomic-embed-text-v1 "
        "nomic-ai/nomic-embed-text-v1-ablated nomic-ai/nomic-embed-text-v1-unsupervised "
        "nomic-ai/nomic-embed-text-v1.5 nomic-ai/nomic-embed-text-v2-moe"
    ),
    _alike("Instruct: Retrieve parallel sentences.\nQuery: "): (
        "ai-sage/Giga-Embeddings-instruct Alibaba-NLP/gte-Qwen1.5-7B-instruct "
        "Alibaba-NLP/gte-Qwen2-1.5B-instruct Alibaba-NLP/gte-Qwen2-7B-instruct codefuse-ai/F2LLM-0.6B "
        "codefuse-ai/F2LLM-1.7B codefuse-ai/F2LLM-4B dmis-lab/UltraBERT-Embed-150M "
        "GeoGPT-Research-Project/GeoEmbedding infgrad/Jasper-Token-Compression-600M "
        "intfloat/e5-mistral-7b-instruct intfloat/multilingual-e5-large-instruct "
        "Linq-AI-Research/Linq-Embed-Mistral McGill-NLP/AfriE5-Large-instruct "
        "NovaSearch/jasper_en_vision_language_v1 nvidia/NV-Embed-v1 nvidia/NV-Embed-v2 "
        "petegordon/olmo3-embed-7b Salesforce/SFR-Embedding-2_R Salesforce/SFR-Embedding-Code-2B_R "
        "Salesforce/SFR-Embedding-Mistral SamilPwC-AXNode-GenAI/PwC-Embedding_expr "
        "Singaraj/sante-embed zeta-alpha-ai/Zeta-Alpha-E5-Mistral"
    ),
    _alike("Retrieve parallel sentences.\n"): "BeastyZ/e5-R-mistral-7b",
    _alike("Instruction: Retrieve parallel sentences. \nQuery: "): "tencent/Youtu-Embedding",
    _alike("Document: "): (
        "jinaai/jina-embeddings-v5-text-nano jinaai/jina-embeddings-v5-text-small"
    ),
    _alike("task: semantic similarity | query: "): "nicher92/saga-embed_v1",
    _alike("Instruct: Retrieve translations of the following text.\nQuery: "): (
        "codefuse-ai/F2LLM-v2-0.6B codefuse-ai/F2LLM-v2-1.7B codefuse-ai/F2LLM-v2-14B "
        "codefuse-ai/F2LLM-v2-160M codefuse-ai/F2LLM-v2-330M codefuse-ai/F2LLM-v2-4B "
        "codefuse-ai/F2LLM-v2-80M codefuse-ai/F2LLM-v2-8B"
    ),
    _alike("Instruct: Retrieve parallel sentences. \n Query: "): (
        "HIT-TMG/KaLM-embedding-multilingual-mini-instruct-v1 "
        "HIT-TMG/KaLM-embedding-multilingual-mini-instruct-v1.5 "
        "HIT-TMG/KaLM-embedding-multilingual-mini-instruct-v2 "
        "KaLM-Embedding/KaLM-embedding-multilingual-mini-instruct-v2.5"
    ),
    BitextPrompts(
        "Instruct: Retrieve parallel sentences \n Query: ",
        "Instruct: Retrieve parallel sentences. \n Query: ",
    ): "tencent/KaLM-Embedding-Gemma3-12B-2511",
}

REGISTERED = {name: prompts for prompts, names in _MODELS.items() for name in names.split()}
"""Name -> prompts, of the models whose prompt for bitexts in MTEB differs from that of their own files.
`embedded` is intfloat/multilingual-e5-small, which MTEB registers without a prompt for bitexts."""


def mteb_prompt(settings: EncoderSettings, task: MtebTask) -> str:
    """The prompt that MTEB puts before the texts of a bitext; empty for none.

    It does not depend on the prompt of the settings. An encoder that is trained further keeps the
    prompt of the one it started from.

    Args:
        settings: settings of the encoder.
        task: the task of MTEB that is reproduced.

    Returns:
        The prompt in `REGISTERED`. For other models, as in MTEB: the prompt of the encoder's
        sentence-transformers files that has the name of the task, or of `BitextMining`, or is the
        default.

    Raises:
        EncoderError: the encoder's files cannot be found or fetched.
    """
    if settings.name in REGISTERED:
        return REGISTERED[settings.name].of(task)
    prompts = own_prompts(settings)
    return next(
        (prompts.by_name[n] for n in (task, TASK_TYPE) if n in prompts.by_name), prompts.default
    )
