"""The protocols: ours, and those of the projects whose figures are quoted.

Three different scores are called "Tatoeba", and three "BUCC". They differ in direction, pooled hidden
state, data of the threshold, and metric. Each is declared here separately, with the file that defines
it. A table may show them side by side, but must never mix them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from crosslift.targets.mteb_prompts import mteb_prompt
from crosslift.targets.protocol import HiddenStateRule, Mining, PromptRule, Protocol, TunedWeights

_LOWEST = "the lowest index; the original leaves open which of equals it takes"

_AS_MTEB = "what MTEB puts before the texts of a bitext"
_NO_PROMPT = PromptRule("none", lambda _: "")

_SELECTIONS: dict[str, TunedWeights] = {
    "last-checkpoint": "last",
    "average-checkpoint": "average",
    "oracle": "oracle",
}


def other_selections(protocol: Protocol) -> tuple[Protocol, ...]:
    """A protocol of fine-tuned encoders with other weights than those with the best English dev score.

    Model selection on English dev examples moves zero-shot scores by points. Beside it: the last
    checkpoint and the average of checkpoints (Schmidt et al. 2023, arXiv 2305.16834), which choose
    nothing, and the oracle (Keung et al. 2020, arXiv 2004.15001): for each language, the checkpoint
    that is best on its own dev examples, which no zero-shot transfer has.
    """
    return tuple(
        replace(protocol, name=name, weights=weights, reproduces=None)
        for name, weights in _SELECTIONS.items()
    )


RETRIEVAL = (Protocol("crosslift", "xx->en"), Protocol("crosslift", "en->xx"))
"""Ours, between texts: the answer of every query is ranked among all candidates."""

PAIR_RETRIEVAL = (Protocol("crosslift", "xx->yy"), Protocol("crosslift", "yy->xx"))
"""Ours, between the texts of two languages besides English. For ``de-zh``, German is the first side
with queries."""

PICTURE_RETRIEVAL = (
    Protocol("crosslift", "text->picture"),
    Protocol("crosslift", "picture->text"),
)
"""Ours, between texts and pictures. Top-1 accuracy is also known as recall at 1: the share of queries
whose first candidate is correct. It is reported once."""

_MTEB_TEXTS = Protocol(
    name="mteb",
    direction="text->picture",
    metric="ndcg_at_10",
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/retrieval/multilingual/xm3600_t2i_retrieval.py, mteb/abstasks/retrieval.py",
)
MTEB_PICTURES = (_MTEB_TEXTS, replace(_MTEB_TEXTS, direction="picture->text"))
"""Every caption is a query among all pictures, and every picture among all captions of a language, of
which all captions of the picture are relevant: nDCG at 10. Texts are read as the arm reads them,
without the instruction that MTEB prepends for instruction models."""

MTEB_TOPICS = replace(
    _MTEB_TEXTS,
    direction="text->4 pictures",
    metric="accuracy",
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/reranking/multilingual/mvl_sib_sent2img.py, mteb/abstasks/retrieval.py",
)
"""Every query chooses among four pictures, one of which has the topic of its sentence."""

PICTURE_CLASSES = (Protocol("crosslift", "picture->class"),)
"""Ours: every picture is a query; the candidates are the names of the classes in one language."""

XTREME_RETRIEVAL = Protocol(
    name="xtreme",
    direction="en->xx",
    pooling="mean",
    prompt=_NO_PROMPT,
    hidden_state=HiddenStateRule("half of the layers and two", lambda n: min(n // 2 + 2, n)),
    ties=_LOWEST,
    reproduces="google-research/xtreme: third_party/evaluate_retrieval.py, "
    "third_party/utils_retrieve.py (similarity_search), scripts/run_tatoeba.sh",
)
"""The English sentences are the queries. `specific_layer` counts from the first layer's output: 7 of 12
layers is hidden state 8, and 13 of 24 is 14. The rule fits both."""

MTEB_RETRIEVAL = Protocol(
    name="mteb",
    direction="xx->en",
    metric="weighted_f1",
    prompt=PromptRule(_AS_MTEB, partial(mteb_prompt, task="Tatoeba")),
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: mteb/abstasks/text/bitext_mining.py, "
    "mteb/_evaluators/text/bitext_mining_evaluator.py",
)
"""F1 of each candidate as a class, weighted by how often it is the answer. MTEB's tasks
`Tatoeba` and `FloresBitextMining` use the same scores and prompts."""

LASER_RETRIEVAL = Protocol(
    name="laser",
    direction="both",
    ties=_LOWEST,
    reproduces="facebookresearch/LASER: source/similarity_search.py, source/lib/indexing.py",
)
"""One minus the error rate, averaged over the two directions."""

GRADED = (Protocol("crosslift", "graded", metric="spearman"),)
"""Ours: cosines of pairs against the grades of people, within each set; the mean of the sets."""

JUDGED = (
    Protocol(
        "crosslift",
        "query->passage",
        metric="ndcg_at_10",
        ties="by the bytes of the passage's id, descending, as trec_eval orders equal scores",
    ),
)
"""Ours, of queries with judged passages: the first hundred by cosine, scored as by trec_eval."""

MTEB_TASK = (
    Protocol(
        "crosslift",
        "task",
        metric="mteb_score",
        ties="as MTEB orders them",
        reproduces="embeddings-benchmark/mteb: mteb/evaluate.py, and the class of the task",
    ),
)
"""A task of MTEB, run by `mteb` itself on the vectors of the arm. Texts are read as the arm reads them:
queries after ``prompt_src`` and documents after ``prompt_tgt``, where these are set."""

OTHER_RETRIEVAL = (XTREME_RETRIEVAL, MTEB_RETRIEVAL, LASER_RETRIEVAL)

_CUT_TOGETHER = "equal scores are taken by row number, and are in or out together"

MINING = (Protocol("crosslift", "mining", metric="mining_f1", ties=_CUT_TOGETHER, mining=Mining()),)
"""Ours: distinct texts are mined; the threshold is fitted on dev, never on what is scored."""

_AS_LASER_MINES = Mining(ratio_over="any mean", scores_above=0.0, repeated_texts="dropped")
"""XTREME's mining code is LASER's: it divides by any mean, and writes a pair only if its score is above
0. A mean of exactly 0 gives inf or NaN there; here it is an error."""

XTREME_MINING = Protocol(
    name="xtreme",
    direction="mining",
    metric="mining_f1",
    pooling="mean",
    prompt=_NO_PROMPT,
    hidden_state=HiddenStateRule("the fourth before the last", lambda n: max(n - 4, 0)),
    ties=_CUT_TOGETHER,
    mining=_AS_LASER_MINES,
    reproduces="google-research/xtreme: third_party/evaluate_retrieval.py, "
    "third_party/utils_retrieve.py (mine_bitext, bucc_eval), scripts/run_bucc2018.sh",
)
"""As intended: the original code passes a threshold that it never sets. `specific_layer` 7 of the last
12 layers is hidden state 8 of 12, and 20 of 24. Pooling is the mean, because `--pool_type` is not
passed on."""

MTEB_MINING = Protocol(
    name="mteb",
    direction="gold->en",
    metric="weighted_f1",
    prompt=PromptRule(_AS_MTEB, partial(mteb_prompt, task="BUCC")),
    ties=_LOWEST,
    reproduces="embeddings-benchmark/mteb: "
    "mteb/tasks/bitext_mining/multilingual/bucc_bitext_mining.py, mteb/abstasks/text/bitext_mining.py",
)
"""Nothing is mined: the queries are the sentences that have a translation, the candidates all English
sentences."""

LASER_MINING = Protocol(
    name="laser",
    direction="mining",
    metric="mining_f1",
    ties=_CUT_TOGETHER,
    mining=replace(_AS_LASER_MINES, threshold_source="training"),
    reproduces="facebookresearch/LASER: tasks/bucc/bucc.sh, tasks/bucc/bucc.py, source/mine_bitexts.py",
)
"""The threshold is fitted on BUCC's training split."""

OTHER_MINING = (XTREME_MINING, MTEB_MINING, LASER_MINING)
