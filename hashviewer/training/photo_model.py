import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hashviewer
from hashviewer.datasets import PhotoFolder, read_photo_folder
from hashviewer.errors import CheckpointError
from hashviewer.images import Preprocessing
from hashviewer.networks import Card, save_checkpoint
from hashviewer.networks.checkpoint import Origin
from hashviewer.progress import Progress, silent
from hashviewer.training.holdout import HoldoutRun, evaluate_holdout
from hashviewer.training.photo_features import PhotoFeatures, photo_features
from hashviewer.training.photo_head import METHOD, learn_head


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What was trained, on what, and how it measures.

    Attributes:
        card: The card of the file that was written.
        photos: Photos learned from.
        classes: Their classes.
        unreadable: Photos left out since they cannot be read.
        runs: The measurements on classes held out; empty where there are too few classes or photos for them.
        seconds: How long it took.
    """

    card: Card
    photos: int
    classes: int
    unreadable: int
    runs: tuple[HoldoutRun, ...]
    seconds: float


def train_photo_model(
    folder: Path,
    output: Path,
    *,
    bits: int = 64,
    seed: int = 0,
    holdout: Sequence[str] = (),
    device: str = "auto",
    progress: Progress = silent,
) -> TrainReport:
    """Train a photo model and write its checkpoint.

    The head of the file is learned on all classes but those of `holdout`. The figures in its card come from further
    heads, made by the same code with half of these classes at a time held out. On one machine the same folder and
    seed give the same file.

    Args:
        folder: Photos; their first folder below it is their class.
        output: The file to write.
        bits: Length of the codes.
        seed: Of the first rotation and of the halvings.
        holdout: Names of classes to leave out altogether, so that others can measure on them.
        device: The torch device that looks at the photos.
        progress: Told the photos seen, then the measurements; may cancel.

    Raises:
        CheckpointError: There are too few photos, or a class to hold out does not exist.
    """
    start = time.perf_counter()
    photos = _without(read_photo_folder(folder), holdout)
    if len(photos) < bits:
        raise CheckpointError(
            f"{bits} bits need at least {bits} photos to learn from; {folder} has {len(photos)}."
        )
    preprocessing = Preprocessing()
    seen = photo_features(photos, preprocessing, device=_device(device), progress=progress)
    head = learn_head(seen.logits, seen.labels, bits=bits, seed=seed)
    runs = (
        evaluate_holdout(seen, bits=bits, seed=seed, progress=progress) if _can_hold_out(seen, bits) else ()
    )
    classes = len(np.unique(seen.labels[seen.labels >= 0]))
    origin = Origin(
        method=METHOD,
        preprocessing=preprocessing,
        training=f"{len(seen)} photos of {classes} classes in the folder “{folder.resolve().name}”",
        created=f"hashviewer {hashviewer.__version__}, seed {seed}",
        figures=figures(runs),
    )
    card = save_checkpoint(output, head, origin)
    seconds = time.perf_counter() - start
    return TrainReport(card, len(seen), classes, seen.unreadable, runs, seconds)


def figures(runs: Sequence[HoldoutRun]) -> tuple[tuple[str, float], ...]:
    """Means over the runs, and the spread of the relative value, as they stand in the card."""
    if not runs:
        return ()
    relative = [run.relative for run in runs]
    values = (
        ("mAP relative to cosine", np.mean(relative)),
        ("its standard deviation over runs", np.std(relative)),
        ("mAP relative to cosine, first 200 re-ranked", np.mean([run.relative_reranked for run in runs])),
        ("mAP of cosine", np.mean([run.cosine for run in runs])),
        ("runs with half the classes held out", len(runs)),
    )
    return tuple((name, round(float(value), 4)) for name, value in values)


def _without(photos: PhotoFolder, classes: Sequence[str]) -> PhotoFolder:
    for name in classes:
        if name not in photos.label_names:
            raise CheckpointError(f"There is no class “{name}” in {photos.root} to hold out.")
    if not classes:
        return photos
    names = np.array([*photos.label_names, ""])  # the last stands for -1, no class
    keep = ~np.isin(names[photos.labels], list(classes))
    paths = tuple(path for path, kept in zip(photos.paths, keep, strict=True) if kept)
    return PhotoFolder(photos.root, paths, photos.label_names, photos.labels[keep])


def _can_hold_out(photos: PhotoFeatures, bits: int) -> bool:
    """Both halves of the classes must be enough to learn from."""
    counts = np.sort(np.bincount(photos.labels[photos.labels >= 0]))
    counts = counts[counts > 0]
    return len(counts) >= 4 and int(counts[: len(counts) // 2].sum()) >= bits


def _device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"
