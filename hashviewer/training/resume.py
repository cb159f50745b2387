"""The state of a run as one safetensors file: weights, optimizers, random state; records in the metadata. No pickle."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hashviewer.errors import TrainingError
from hashviewer.methods import Method

FORMAT = "hashviewer-run-1"


@dataclass(frozen=True, slots=True, eq=False)
class RunState:
    """A run after a whole epoch.

    Attributes:
        fingerprint: Of the recipe.
        records: One JSON object for each epoch.
        modules: Whose weights are saved, by name.
        optimizers: By player.
        random: State of torch's generator on the CPU.
    """

    fingerprint: str
    records: Sequence[dict[str, Any]]
    modules: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    random: Tensor

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor under a name of its own."""
        found = {"random": self.random}
        for name, module in self.modules.items():
            found |= {f"module.{name}.{key}": tensor for key, tensor in module.state_dict().items()}
        for player, optimizer in self.optimizers.items():
            for place, key, value in _entries(optimizer):
                found[f"optimizer.{player}.{place}.{key}"] = value
        return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in found.items()}


@dataclass(frozen=True, slots=True, eq=False)
class SavedState:
    """A run as read from its file."""

    records: Sequence[dict[str, Any]]
    tensors: Mapping[str, Tensor]

    @property
    def random(self) -> Tensor:
        """State of torch's generator."""
        return self.tensors["random"]

    def put_into(self, state: RunState) -> None:
        """Give a freshly begun run of the same recipe these weights.

        Raises:
            TrainingError: The file is of another run.
        """
        for name, module in state.modules.items():
            own = self._under(f"module.{name}.")
            if isinstance(module, Method):
                module.load_tensors(own)
            else:
                module.load_state_dict(own)
        for player, optimizer in state.optimizers.items():
            described = optimizer.state_dict()
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            entries: dict[int, dict[str, Tensor]] = {}
            for key, tensor in self._under(f"optimizer.{player}.").items():
                place, _, leaf = key.partition(".")
                entries.setdefault(int(place), {})[leaf] = _laid_out_as(weights[int(place)], tensor)
            described["state"] = entries
            optimizer.load_state_dict(described)

    def _under(self, prefix: str) -> dict[str, Tensor]:
        return {n.removeprefix(prefix): t for n, t in self.tensors.items() if n.startswith(prefix)}


def save_state(path: Path, state: RunState) -> None:
    """Write a state; a kill at any moment leaves the old file or the new one.

    Raises:
        TrainingError: The file cannot be written.
    """
    from safetensors.torch import save

    metadata = {"format": FORMAT, "recipe": state.fingerprint, "records": json.dumps(list(state.records))}
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(save(state.tensors(), metadata=metadata))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise TrainingError(
            f"The state of the run cannot be written to {path}: {error.strerror or error}."
        ) from error


def load_state(path: Path, fingerprint: str) -> SavedState:
    """Read a state.

    Args:
        path: Of the file.
        fingerprint: Of the recipe that goes on with it.

    Raises:
        TrainingError: The file is damaged or belongs to another recipe.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        records = json.loads(metadata.get("records", ""))
    except (OSError, SafetensorError, ValueError) as error:
        raise TrainingError(f"The state {path.name} is damaged: {error}. Delete it to begin anew.") from error
    if metadata.get("format") != FORMAT or metadata.get("recipe") != fingerprint:
        raise TrainingError(
            f"The state {path.name} is of a run with other settings. Delete it to begin anew, or use its settings."
        )
    return SavedState(records, tensors)


def saved_records(path: Path) -> tuple[str, Sequence[dict[str, Any]]]:
    """Fingerprint of the recipe and records of a state, its tensors left alone.

    Raises:
        TrainingError: The file is damaged or of another format.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
        records: Sequence[dict[str, Any]] = json.loads(metadata.get("records", ""))
    except (OSError, SafetensorError, ValueError) as error:
        raise TrainingError(f"The state {path.name} is damaged: {error}. Delete it to begin anew.") from error
    if metadata.get("format") != FORMAT:
        raise TrainingError(f"The state {path.name} is of another version. Delete it to begin anew.")
    return metadata.get("recipe", ""), records


def _laid_out_as(weight: Tensor, tensor: Tensor) -> Tensor:
    """A tensor in a weight's memory format, as an optimizer makes its own, so that the next step rounds as it would have."""
    if tensor.shape != weight.shape:
        return tensor
    return torch.empty_like(weight, dtype=tensor.dtype, device=tensor.device).copy_(tensor)


def _entries(optimizer: torch.optim.Optimizer) -> Iterator[tuple[int, str, Tensor]]:
    for place, entry in optimizer.state_dict()["state"].items():
        for key, value in entry.items():
            if isinstance(value, Tensor):
                yield place, key, value
