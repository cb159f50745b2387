"""Training in several processes that `torchrun` started, each of which does its share of the backbone's work.

Every process draws the same batches from the same seed. Each computes the features of its share of a batch and gets
those of the others; the loss of the whole batch is then computed everywhere, alike. Memory banks, codebooks, alternating
updates and players are thus the same in all processes, and every method is trained as by one process with that batch.
Gradients of the backbone are averaged by torch's DistributedDataParallel.
"""

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from hashviewer.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes of a training.

    Attributes:
        rank: Which of them this one is, counted from 0.
        size: Their number.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and tells the user."""
        return self.rank == 0

    def agree(self, modules: Iterable[nn.Module]) -> None:
        """Take the tensors of the first process, such as the statistics of batch normalisation."""
        if self.size > 1:
            for module in modules:
                for tensor in module.state_dict().values():
                    torch.distributed.broadcast(tensor, 0)

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.size > 1:
            torch.distributed.barrier()


ALONE = Crew()


def crew_here() -> Crew:
    """The crew that `torchrun` says this process belongs to; alone without it."""
    return Crew(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))


def device_in_crew(device: str, crew: Crew) -> str:
    """The device of this process: of several GPUs the one that is its turn.

    Raises:
        TrainingError: All processes would take the same GPU.
    """
    if crew.size == 1 or not device.startswith("cuda"):
        return device
    if ":" in device:
        raise TrainingError(
            f"{crew.size} processes cannot share {device}: leave --device out, and each takes a GPU of its own."
        )
    own = int(os.environ.get("LOCAL_RANK", crew.rank))
    if own >= torch.cuda.device_count():
        raise TrainingError(
            f"There are {torch.cuda.device_count()} GPUs for {crew.size} processes: start no more processes than GPUs."
        )
    return f"cuda:{own}"


@contextmanager
def joined(crew: Crew, device: str) -> Iterator[None]:
    """Connect the processes of a crew, over NCCL on GPUs and over gloo on CPUs; nothing to do where it is one."""
    if crew.size == 1:
        yield
        return
    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


class SharedForward(nn.Module):
    """A backbone whose forward pass over a batch is shared among a crew.

    Args:
        trunk: From images (B, S, S, 3) to features (B, D); on the device. On GPUs its batch normalisation takes the
            statistics of the whole batch, on CPUs those of the process's share.
        crew: Two processes or more, connected.
        partly_used: Whether some of its layers do nothing, such as those after a map.
    """

    def __init__(self, trunk: nn.Module, crew: Crew, *, partly_used: bool = False) -> None:
        super().__init__()
        self.crew = crew
        self.trunk = trunk
        if next(trunk.parameters()).device.type == "cuda":
            from timm.layers import (
                convert_sync_batchnorm,  # torch's would drop the activations of timm's layers
            )

            convert_sync_batchnorm(trunk)  # in place
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # the argument that is to replace this one is not in torch 2.9
            self.parallel = nn.parallel.DistributedDataParallel(
                self.trunk, broadcast_buffers=False, find_unused_parameters=partly_used
            )

    def forward(self, pixels: Tensor) -> Tensor:
        """Features (B, D) of all images (B, S, S, 3), which are the same in all processes."""
        share = math.ceil(len(pixels) / self.crew.size)
        places = torch.arange(share, device=pixels.device) + self.crew.rank * share
        own = pixels[places.clamp(max=len(pixels) - 1)]
        learning = torch.is_grad_enabled() and self.trunk.training
        with _randomness_of(self.crew, pixels.device):
            features = (self.parallel if learning else self.trunk)(own).float()
        gathered: Tensor = _FromAll.apply(features, self.crew)
        return gathered[: len(pixels)]


class _FromAll(torch.autograd.Function):
    """The rows of all processes, one after the other.

    Since all processes compute the same loss of the same rows, each knows the gradient of its own. It is multiplied by
    the number of processes, because DistributedDataParallel divides by it.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, crew: Crew) -> Tensor:
        ctx.place = slice(crew.rank * len(rows), (crew.rank + 1) * len(rows))  # type: ignore[attr-defined]
        ctx.times = crew.size  # type: ignore[attr-defined]
        parts = [torch.empty_like(rows) for _ in range(crew.size)]
        torch.distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0][ctx.place] * ctx.times, None  # type: ignore[attr-defined]


@contextmanager
def _randomness_of(crew: Crew, device: torch.device) -> Iterator[None]:
    """Dropout of a process's own, which leaves the random numbers that all draw alike as they are."""
    draw = torch.Generator()
    draw.set_state(torch.get_rng_state())
    seed = int(torch.randint(1 << 62, (1,), generator=draw)) + crew.rank
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
