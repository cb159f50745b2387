"""Which items a run trains on and which it is measured on; both are checked before anything is computed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from hashviewer.errors import TrainingError
from hashviewer.training.recipe import LEAST_BATCH, Recipe

_TOLD = 8  # names of classes in a message


def split_items(labels: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Places (n,) to train on and places held out, of items with labels (N, C); drawn by the seed."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(recipe.seed)).to(
        labels.device
    )
    held = round(recipe.holdout * len(labels))
    return order[held:].sort().values, order[:held].sort().values


def check_kept(labels: Tensor, *, labelled: bool, names: Sequence[str] = ()) -> None:
    """Refuse training items that do not suffice.

    Args:
        labels: (n, C) of the items to train on.
        labelled: Whether the method learns from them.
        names: Of the classes; their numbers if left out.

    Raises:
        TrainingError: There are too few items, or none of some class.
    """
    if len(labels) < LEAST_BATCH:
        raise TrainingError(f"Training needs at least {LEAST_BATCH} images; there are {len(labels)}.")
    absent = (labels.sum(0) == 0).nonzero().flatten().tolist() if labelled else []
    if absent:
        told = ", ".join(names[place] if names else f"number {place}" for place in absent[:_TOLD])
        more = ", …" if len(absent) > _TOLD else ""
        raise TrainingError(
            f"{len(absent)} of {labels.shape[1]} classes have no training image ({told}{more}). Leave them out, "
            "or hold fewer images out."
        )
