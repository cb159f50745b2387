"""A hashing method from a data set to its checkpoint: what `hashviewer train METHOD` does."""

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

import hashviewer
from hashviewer.datasets import LabelledFeatures, LabelledImages, open_dataset
from hashviewer.errors import CheckpointError, TrainingError
from hashviewer.evaluation.protocols import ProtocolName, Split, split
from hashviewer.images import Preprocessing
from hashviewer.methods import Shape, all_methods, check_blocks, find_method, save_method
from hashviewer.networks import Card, read_card
from hashviewer.networks.card import FEATURES
from hashviewer.networks.maps import with_maps
from hashviewer.networks.trunk_file import open_trunk
from hashviewer.networks.trunks import LITE0, SMALL, Trunk
from hashviewer.progress import Progress, silent
from hashviewer.training.crew import joined
from hashviewer.training.examples import CachedExamples, Examples
from hashviewer.training.holding_out import check_kept, split_items
from hashviewer.training.loop import EpochRecord, Trained, train
from hashviewer.training.method_data import (
    Labelled,
    Place,
    cached_examples,
    chosen,
    image_examples,
    labelled_only,
)
from hashviewer.training.precision import check_bfloat16
from hashviewer.training.recipe import Recipe, check_recipe
from hashviewer.training.threads import threads_of_torch


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodJob:
    """One training run from data to checkpoint.

    Attributes:
        recipe: How the method is trained.
        data: What on, see `open_dataset`.
        output: The checkpoint to write; beside it, with the suffix ".run", lies the state of an unfinished run.
        place: Where features are computed and kept, and the device of the training.
        backbone: Name, or a backbone's file; EfficientNet-Lite0 if empty.
        frozen: Whether the backbone stays as it is; None freezes one that has trained weights.
        size: Edge of its input in px; None takes what it was made for.
        mirrored: Whether a frozen backbone also sees every image mirrored.
        varied: Whether a backbone that is trained along sees images cut out, mirrored and lit at random, instead of
            mirrored and moved alone.
        maps: Places of the backbone's last map that an attention method sees (see `networks.maps`); 1 for pooled
            features. For data that are features, the places they hold.
        scratch: Whether the backbone begins with random weights, though there may be trained ones.
        protocol: Train on this protocol's training images only.
    """

    recipe: Recipe
    data: str
    output: Path
    place: Place
    backbone: str = ""
    frozen: bool | None = None
    size: int | None = None
    mirrored: bool = False
    varied: bool = False
    maps: int = 1
    scratch: bool = False
    protocol: ProtocolName | None = None

    @property
    def state(self) -> Path:
        """Where the state of an unfinished run lies."""
        return self.output.with_suffix(".run")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A job whose parts were found to fit together.

    Attributes:
        data: What is trained on.
        division: The protocol's, if one was asked for.
        trunk: The backbone; None for data that are features.
        frozen: Whether it stays as it is.
        preprocessing: How images become its input.
        recipe: The job's, knowing its data.
    """

    data: Labelled
    division: Split | None
    trunk: Trunk | None
    frozen: bool
    preprocessing: Preprocessing
    recipe: Recipe


@dataclass(frozen=True, slots=True, eq=False)
class MethodReport:
    """What came of it.

    Attributes:
        card: Of the checkpoint.
        images: Trained on, those held out apart.
        classes: Their number.
        records: One for each epoch.
        seconds: Of the epochs.
    """

    card: Card
    images: int
    classes: int
    records: tuple[EpochRecord, ...]
    seconds: float


def train_method(
    job: MethodJob,
    *,
    ready: Prepared | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
    progress: Progress = silent,
) -> MethodReport:
    """Train a method and write its checkpoint; a run that was stopped goes on where it was.

    Args:
        job: What to do.
        ready: Its parts, prepared before; None prepares them.
        on_epoch: Told each epoch that is done in this call.
        progress: Told images, then steps; may cancel, which keeps features and whole epochs.

    Raises:
        HashViewerError: The data, the backbone, the sizes or the recipe do not do; nothing was written.
    """
    if job.place.bfloat16:
        check_bfloat16(job.place.device)
    ready, crew = ready or prepare(job), job.place.crew
    if ready.frozen and crew.size > 1:
        raise TrainingError(
            "A head on features is trained by one process within minutes: start it without torchrun, or --finetune "
            "the backbone."
        )
    with joined(crew, job.place.device):
        examples = _examples(job, ready, progress=progress)
        with threads_of_torch(1 if ready.frozen else torch.get_num_threads()):
            done = train(
                ready.recipe, examples, state=job.state, on_epoch=on_epoch, progress=progress, crew=crew
            )
        if crew.leads:
            _write(job, ready, done)
        crew.wait()
    classes = ready.data.labels.shape[1]
    return MethodReport(read_card(job.output), len(done.kept), classes, done.records, done.seconds)


def _write(job: MethodJob, ready: Prepared, done: Trained) -> None:
    """The checkpoint; the state of the run, which is finished, goes."""
    trunk, frozen = ready.trunk, ready.frozen
    about = _about(job, ready, done) | _of_backbone(trunk, frozen=frozen)
    inside = trunk.network.state_dict() if trunk is not None and not frozen else None
    save_method(job.output, done.method, dict(ready.recipe.settings), about, trunk=inside)
    job.state.unlink(missing_ok=True)


def prepare(job: MethodJob, data: Labelled | None = None, trunk: Trunk | None = None) -> Prepared:
    """Find out whether the parts of a job fit together, before a feature is computed.

    Args:
        job: What is to be done.
        data: What the job's data are, opened; None opens them.
        trunk: Its backbone, opened; None opens it.

    Raises:
        HashViewerError: They do not; the text says what would.
    """
    check_recipe(job.recipe)
    data, division = _items(job, open_dataset(job.data) if data is None else data)
    if isinstance(data, LabelledFeatures):
        _refuse_what_features_lack(job, data)
        trunk = None
    else:
        trunk = with_maps(open_backbone(job) if trunk is None else trunk, job.maps)
    _check_sizes(job, data, trunk)
    preprocessing = _preprocessing(job, trunk)
    frozen = _frozen(job, trunk)
    if frozen and job.varied:
        raise TrainingError(
            "A frozen backbone sees no varied views, since its features are computed once: leave out --varied, or "
            "--finetune the backbone."
        )
    seen = f"{data.fingerprint} {job.backbone or LITE0} {frozen} {job.mirrored} {preprocessing.to_json()}"
    seen += f" {job.maps} places" if job.maps > 1 else ""
    seen += " from random weights" if job.scratch else ""
    seen += " in varied views" if job.varied else ""
    seen += " in bfloat16" if job.place.bfloat16 else ""
    recipe = dataclasses.replace(job.recipe, data=hashlib.sha256(seen.encode()).hexdigest())
    return Prepared(data, division, trunk, frozen, preprocessing, recipe)


def _items(job: MethodJob, data: Labelled) -> tuple[Labelled, Split | None]:
    division = None
    if job.protocol is not None:
        parts = data.parts if isinstance(data, LabelledImages) else None
        division = split(data.labels, job.protocol, seed=0, parts=parts)
        data = chosen(data, division.training)
    return (labelled_only(data) if find_method(job.recipe.method).method.labelled else data), division


def _refuse_what_features_lack(job: MethodJob, data: LabelledFeatures) -> None:
    asked = {
        f"--backbone {job.backbone}": bool(job.backbone),
        "--finetune": job.frozen is False,
        f"--size {job.size}": job.size is not None,
        "--mirrored": job.mirrored,
        "--scratch": job.scratch,
        "--varied": job.varied,
    }
    useless = [name for name, given in asked.items() if given]
    if useless:
        raise TrainingError(
            f"{data.name} holds features, not images: no network looks at them. Leave out {', '.join(useless)}."
        )


def open_backbone(job: MethodJob) -> Trunk:
    """The backbone of a job; a small net, of which no trained weights exist, gets random ones by the recipe's seed."""
    with torch.random.fork_rng():
        torch.manual_seed(job.recipe.seed)
        name = job.backbone or LITE0
        return open_trunk(name, pretrained=not job.scratch and name.lower() not in SMALL)


def _frozen(job: MethodJob, trunk: Trunk | None) -> bool:
    if trunk is None:
        return True
    if job.frozen and not trunk.sha256:
        raise TrainingError(
            f"{trunk.name} has random weights, so there is nothing to freeze: train it along with --finetune."
        )
    return bool(trunk.sha256) if job.frozen is None else job.frozen


def _check_sizes(job: MethodJob, data: Labelled, trunk: Trunk | None) -> None:
    """Refuse what the method cannot do before a feature is computed."""
    method = type(job.recipe.make_method())
    check_blocks(job.recipe.blocks, method)
    dim = trunk.feature_dim if trunk is not None else data.features.shape[1]  # type: ignore[union-attr]
    classes = data.labels.shape[1] if method.labelled else 0
    if job.maps > 1 and not method.attends:
        attending = [info.title for info in all_methods() if info.method.attends]
        raise TrainingError(
            f"{find_method(job.recipe.method).title} looks at pooled features; maps are for {' and '.join(attending)}, "
            "which weigh their places."
        )
    if dim % job.maps:
        raise TrainingError(f"{dim} features do not spread over {job.maps} places of a map.")
    method.check(Shape(dim, job.recipe.bits, classes, job.recipe.head, job.recipe.hidden, job.maps))
    labels = torch.from_numpy(data.labels)
    kept, _ = split_items(labels, job.recipe)
    check_kept(labels[kept], labelled=method.labelled, names=data.label_names)


def _preprocessing(job: MethodJob, trunk: Trunk | None) -> Preprocessing:
    """The centre square of an image at the backbone's size."""
    if trunk is None:
        return Preprocessing()
    size = job.size or trunk.size
    try:
        with torch.no_grad():
            trunk.eval()(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    except RuntimeError as error:
        raise CheckpointError(
            f"The backbone {trunk.name} cannot take images of {size} px; it is made for {trunk.size} px."
        ) from error
    mean, deviation = float(trunk.mean.mean()), float(trunk.deviation.mean())
    return Preprocessing(size=size, crop_fraction=1.0, mean=mean, scale=deviation)


def _examples(job: MethodJob, ready: Prepared, *, progress: Progress) -> Examples:
    data, trunk, preprocessing = ready.data, ready.trunk, ready.preprocessing
    if isinstance(data, LabelledFeatures) or trunk is None:
        assert isinstance(data, LabelledFeatures), "images have a backbone"
        features = CachedExamples(
            torch.from_numpy(data.features), torch.from_numpy(data.labels), positions=job.maps
        )
        return features.to(job.place.device)
    if ready.frozen:
        return cached_examples(
            data, trunk, preprocessing, job.place, mirrored=job.mirrored, progress=progress
        )
    return image_examples(data, trunk, preprocessing, job.place, strongly=job.varied, progress=progress)


def _about(job: MethodJob, ready: Prepared, done: Trained) -> dict[str, str]:
    """The texts of the card beside those that the method gives itself."""
    data, division = ready.data, ready.division
    said = division.describe() if division is not None else "no queries kept apart"
    held = next((r.held_out for r in reversed(done.records) if r.held_out is not None), None)
    figures = "{}" if held is None else f'{{"mAP of images held out": {held:.4f}}}'
    return {
        "preprocessing": ready.preprocessing.to_json(),
        "training": f"{len(done.kept):,} items of {data.labels.shape[1]} classes of {data.name}; {said}",
        "figures": figures,
        "recipe": job.recipe.to_json(),
        "created": f"hashviewer {hashviewer.__version__}, seed {job.recipe.seed}",
    }


def _of_backbone(trunk: Trunk | None, *, frozen: bool) -> dict[str, str]:
    """How the card names the backbone: by its file if it was trained before, else by the network's name."""
    if trunk is None:
        return {"backbone": FEATURES, "backbone_sha256": ""}
    by_file = frozen and trunk.weights.endswith(".safetensors")
    return {"backbone": trunk.weights if by_file else trunk.name, "backbone_sha256": trunk.sha256}
