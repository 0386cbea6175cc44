"""Several ranks that work together, connected by torch.distributed."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import FileStore

from crosslift.errors import TrainingError
from crosslift.ranks.batch_norm import with_shared_norms
from crosslift.ranks.ranks import RESUMES, Ranks
from crosslift.ranks.share import Item, Share

_FOREVER = datetime.timedelta(days=7)
"""Ranks wait for one another without a limit: the process that starts them detects one that has
ended."""
_BUCKET = 1 << 23
"""Numbers in one sum: 32 MB of float32."""

Result = TypeVar("Result")


class LostRankError(TrainingError):
    """Another rank does not answer. Its own error says why, if it has one."""


class RanksTogether(Ranks):
    """The ranks of one step after another.

    Gradients are summed once in an update, in flat buckets, after all backward passes of all its parts.
    The hooks of DistributedDataParallel would sum them while they are computed; they do not know of
    token rows outside of the model, of losses that are computed in several passes (`cached_texts`,
    robust training), or of float32 masters. On processors there is nothing to overlap with.

    Args:
        number: number of this rank.
        count: number of all ranks.
        meeting: a file that does not exist yet, on a local disk: ranks find one another there, so
            that no port has to be free.
        stop_asked: whether the run is to stop; only the answer of the first rank counts.
    """

    def __init__(
        self, number: int, count: int, meeting: Path, stop_asked: Callable[[], bool]
    ) -> None:
        self.number = number
        self.count = count
        self._stop_asked = stop_asked
        self._shared: dict[type, Any] = {}
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        store = FileStore(str(meeting), count)
        with _losses_explained():
            dist.init_process_group(
                backend, store=store, rank=number, world_size=count, timeout=_FOREVER
            )

    def gathered(self, rows: Tensor, share: Share) -> Tensor:
        """See `Ranks.gathered`. The gradient of a row is the sum over the ranks that used it."""
        gathered: Tensor = _Gather.apply(rows, share)  # type: ignore[no-untyped-call]
        return gathered

    def add_up(self, gradients: Sequence[Tensor]) -> None:
        """See `Ranks.add_up`."""
        bucket: list[Tensor] = []
        for gradient in gradients:
            if bucket and not _fits(bucket, gradient):
                _add_up(bucket)
                bucket = []
            bucket.append(gradient)
        if bucket:
            _add_up(bucket)

    def add_up_rows(self, gradient: Tensor) -> None:
        """See `Ranks.add_up_rows`. Only the rows that some rank has a gradient of are sent."""
        touched = gradient.any(dim=1).to(torch.uint8)
        sum_of_ranks(touched)
        rows = touched.nonzero()[:, 0]
        if 2 * len(rows) > len(gradient):
            self.add_up([gradient])
            return
        some = gradient[rows]
        sum_of_ranks(some)
        gradient[rows] = some

    def summed(self, values: Sequence[float]) -> list[float]:
        """See `Ranks.summed`."""
        numbers = torch.tensor(list(values), dtype=torch.float64)
        sum_of_ranks(numbers)
        sums: list[float] = numbers.tolist()
        return sums

    def of_the_first(self, values: Tensor) -> Tensor:
        """See `Ranks.of_the_first`."""
        shared = values.detach().contiguous().clone()
        with _losses_explained():
            dist.broadcast(shared, 0)
        return shared

    def on_the_first(self, work: Callable[[], None]) -> None:
        """See `Ranks.on_the_first`."""
        if self.number == 0:
            work()

    def once(self, work: Callable[[], Result]) -> Result:
        """See `Ranks.once`."""
        results: list[Any] = [work() if self.number == 0 else None]
        with _losses_explained():
            dist.broadcast_object_list(results, 0, device=torch.device("cpu"))
        result: Result = results[0]
        return result

    def united(self, items: Sequence[Item]) -> list[Item]:
        """See `Ranks.united`."""
        parts: list[Any] = [None] * self.count
        with _losses_explained():
            dist.all_gather_object(parts, list(items))
        return list(chain.from_iterable(parts))

    def with_shared_norms(self, module: torch.nn.Module) -> torch.nn.Module:
        """See `Ranks.with_shared_norms`."""
        return with_shared_norms(module, sum_of_ranks)

    def check_same(self, work: Callable[[], list[float]]) -> None:
        """See `Ranks.check_same`."""
        mine = work()
        if self.once(lambda: mine) != mine:
            raise TrainingError(
                f"rank {self.number} of {self.count} has other weights than rank 0",
                "the same weights on all ranks: each adds the same gradients to them",
                "write `devices: 1` into the stage, and report this as a bug",
            )

    @property
    def shared(self) -> dict[type, Any]:
        """See `Ranks.shared`."""
        return self._shared

    def stop_alone_if_asked(self) -> None:
        """See `Ranks.stop_alone_if_asked`."""
        if self._stop_asked():
            raise KeyboardInterrupt

    def stop_if_asked(self) -> None:
        """See `Ranks.stop_if_asked`."""
        if self.once(self._stop_asked):
            raise KeyboardInterrupt


def sum_of_ranks(values: Tensor) -> None:
    """Puts the sum over all ranks in the place of a contiguous tensor."""
    with _losses_explained():
        dist.all_reduce(values)


def _fits(bucket: Sequence[Tensor], gradient: Tensor) -> bool:
    same = (bucket[0].dtype, bucket[0].device) == (gradient.dtype, gradient.device)
    return same and sum(each.numel() for each in bucket) + gradient.numel() <= _BUCKET


def _add_up(bucket: Sequence[Tensor]) -> None:
    if len(bucket) == 1 and bucket[0].is_contiguous():
        sum_of_ranks(bucket[0])
        return
    flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
    sum_of_ranks(flat)
    parts = flat.split([gradient.numel() for gradient in bucket])
    for gradient, part in zip(bucket, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


class _Gather(torch.autograd.Function):
    """Rows of all ranks in the order of the batch. Parts of different lengths are padded for the
    exchange."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, share: Share) -> Tensor:
        ctx.mine = torch.from_numpy(share.mine).to(rows.device)
        longest = max(map(len, share.parts))
        padded = rows.new_zeros((longest, *rows.shape[1:]))
        padded[: len(rows)] = rows
        received = [torch.empty_like(padded) for _ in share.parts]
        with _losses_explained():
            dist.all_gather(received, padded)
        whole = rows.new_empty((sum(map(len, share.parts)), *rows.shape[1:]))
        for part, places in zip(received, share.parts, strict=True):
            whole[torch.from_numpy(places).to(rows.device)] = part[: len(places)]
        return whole

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        summed = gradient.contiguous().clone()
        sum_of_ranks(summed)
        return summed[ctx.mine], None


@contextlib.contextmanager
def _losses_explained() -> Iterator[None]:
    """Turns the errors of a connection into an error that another rank has ended."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise LostRankError(
            f"another rank does not answer: {error}",
            remedy=RESUMES,
        ) from error
