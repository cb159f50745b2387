"""What a hashing method is: an objective over named terms, with hooks for everything a paper does beside it.

`AUTHORING.md` in this folder shows how to write one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods._bit_weights import weighted_hamming
from hashviewer.methods._heads import FeatureScaling, hash_layer
from hashviewer.methods._sign import signs

Terms = dict[str, Tensor]
"""Scalars by name, each already weighted: the loss is their sum."""

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that a method is built for.

    Attributes:
        feature_dim: Length D of the backbone's features.
        bits: Length of the codes.
        classes: Number C of labels; 0 without labels.
        head: Whether the default hash layer is one linear map or has a hidden layer.
        hidden: Width of that hidden layer.
        positions: Places of the backbone's last map where features are not pooled, but its D / positions channels one
            after the other, each with all places; 1 for pooled features.
    """

    feature_dim: int
    bits: int
    classes: int
    head: Literal["linear", "mlp"] = "linear"
    hidden: int = 256
    positions: int = 1


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a training run is; all counted from 0.

    Attributes:
        epoch: The present pass over the training images.
        epochs: All of them.
        step: The present step since the run began.
        steps_per_epoch: Steps of a whole pass.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int


@dataclass(frozen=True, slots=True)
class Advice:
    """How a method is trained unless the user says otherwise; tuned on held-out training images only.

    Attributes:
        epochs: Passes over the training images.
        batch: Images a step.
        optimizer: Kind.
        learning_rate: Of the hash layer and the method's other parts.
        trunk_rate: Learning rate of an unfrozen backbone as a share of that.
        weight_decay: L2 penalty.
        schedule: How the learning rate falls.
        head: The hash layer's kind.
        hidden: Width of its hidden layer.
        dropout: Share of a frozen backbone's features that the hash layer does not see in a step.
    """

    epochs: int = 60
    batch: int = 128
    optimizer: Literal["adam", "adamw", "sgd", "rmsprop"] = "adam"
    learning_rate: float = 1e-3
    trunk_rate: float = 0.1
    weight_decay: float = 1e-4
    schedule: Literal["constant", "step", "cosine"] = "cosine"
    head: Literal["linear", "mlp"] = "mlp"
    hidden: int = 256
    dropout: float = 0.3


@dataclass(frozen=True, slots=True)
class Pace:
    """How one of several players moves.

    Attributes:
        share: Its learning rate as a share of the run's.
        betas: How slowly Adam forgets first and second moments, where Adam is the optimizer.
    """

    share: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingItems:
    """All training images.

    Attributes:
        features: (N, D) of the backbone as it is when training begins, scaled like those of a batch.
        labels: (N, C) float32, 1 where an image has a label.
    """

    features: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step shows to a method.

    Attributes:
        outputs: (n, W) of the hash layer, with gradient; W is the number of bits unless the method's head differs.
        relaxed: (n, W) outputs after `Method.activation`, or after the activation that the user chose instead.
        labels: (n, C) float32 multi-hot.
        indices: (n,) places of the images among the training items.
        features: (n, D) scaled input of the hash layer; with gradient when the backbone is trained.
        second: (n, W) outputs for another view of the same images; only where `Method.views` is 2.
        images: (n, S, S, 3) uint8 pixels as the backbone gets them; None when features are cached.
        embed: From made pixels (n, S, S, 3) float 0…255 to scaled features, with gradient; None likewise.
    """

    outputs: Tensor
    relaxed: Tensor
    labels: Tensor
    indices: Tensor
    features: Tensor
    second: Tensor | None = None
    images: Tensor | None = None
    embed: Callable[[Tensor], Tensor] | None = None


class Method(nn.Module):
    """A hashing method. The constructor takes the paper's constants only, as keywords (see `_settings`).

    Attributes:
        key: Set by `register`.
        advice: How to train it.
        kept: Beginnings of the names of the tensors that encoding and ranking need; a checkpoint holds no others.
        views: 2 for a method that compares two views of each image.
        attends: True for a method that weighs the places of a map, where features are maps (`Shape.positions`).
        labelled: False for a method that must not see labels; they are zeros of no column then.
        stages: 2 for a method whose query orders what the codes found by `fine_distances`.
        gradient: False for a method that is fitted at once by `fit` (see `Shallow`).
        shape: What it is built for.
        width: Length W of the hash layer's outputs.
        activate: The activation that replaces the paper's, where the user chose one.
        weights_of_bits: What each bit counts in the distance, where an added block has learnt that; else empty.
    """

    key: ClassVar[str] = ""
    advice: ClassVar[Advice] = Advice()
    kept: ClassVar[tuple[str, ...]] = ("scaling.", "hash_layer.")
    views: ClassVar[int] = 1
    attends: ClassVar[bool] = False
    labelled: ClassVar[bool] = True
    stages: ClassVar[int] = 1
    gradient: ClassVar[bool] = True

    shape: Shape
    width: int
    scaling: FeatureScaling
    hash_layer: nn.Module
    activate: Callable[[Tensor], Tensor] | None
    weights_of_bits: Tensor  # (K,) or (0,)

    def __init__(self) -> None:
        super().__init__()
        self.activate = None
        self.register_buffer("weights_of_bits", torch.zeros(0))

    # Building

    @classmethod
    def check(cls, shape: Shape) -> None:
        """Refuse sizes that the method cannot do, saying which it can.

        Raises:
            MethodError: The sizes do not fit.
        """
        if cls.labelled and shape.classes < 2:
            raise MethodError(
                f"{cls.__name__} learns from labels and needs at least two classes; there "
                f"{'is 1' if shape.classes == 1 else 'are none'}."
            )

    def build(self, shape: Shape) -> None:
        """Make the parts for these sizes; called once, after seeding."""
        self.check(shape)
        self.shape = shape
        self.scaling = FeatureScaling(shape.feature_dim)
        self.hash_layer = self.head(shape)
        with torch.no_grad():
            self.width = self.hash_layer.eval()(torch.zeros(1, shape.feature_dim)).shape[1]
        self.add_parts(shape)
        self.train()

    def head(self, shape: Shape) -> nn.Module:
        """The hash layer: features (n, D) to outputs (n, W). The default gives W = bits, without activation."""
        return hash_layer(shape.feature_dim, shape.bits, kind=shape.head, hidden=shape.hidden)

    def add_parts(self, shape: Shape) -> None:
        """Register what else the method has: classifiers, label networks, centres, codebooks, buffers."""

    # Training

    def activation(self, outputs: Tensor) -> Tensor:
        """The paper's activation of the outputs (n, W) while training."""
        return outputs

    def forward(self, batch: Batch) -> Terms:
        """The named terms of the objective for one batch."""
        raise NotImplementedError

    def begin(self, items: TrainingItems) -> None:
        """Before the first epoch: memory banks, target codes of a first stage, anchors, codebooks."""

    def sample(self, clock: Clock, count: int) -> Tensor | None:
        """The training items (n,) int64 that this epoch visits, of `count`; None for all of them."""
        return None

    def begin_epoch(self, clock: Clock) -> None:
        """Before the steps of an epoch: schedules, stages."""

    def begin_step(self, clock: Clock) -> None:
        """Before each step: continuation."""

    def after_step(self, batch: Batch) -> None:
        """After each step of the optimizer; without gradient."""

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        """After the steps of an epoch, without gradient: alternating updates.

        Args:
            clock: Of the epoch's last step.
            outputs: Gives the present outputs (N, W) of all training items when it is called.
        """

    def players(self) -> dict[str, list[nn.Parameter]]:
        """The parameters by who moves them: an optimizer for each. The backbone belongs to "main"."""
        return {MAIN: [parameter for parameter in self.parameters() if parameter.requires_grad]}

    def pace(self, player: str) -> Pace:
        """How a player moves; all alike unless a paper has them move otherwise."""
        return Pace()

    def turns(self, clock: Clock) -> Sequence[str]:
        """Who moves in this step, in order; a player may move several times."""
        return (MAIN,)

    def terms_of(self, player: str, batch: Batch) -> Terms:
        """The objective of one player; `forward` for all unless a method has several objectives."""
        terms: Terms = self(batch)
        return terms

    # Codes

    def outputs(self, features: Tensor) -> Tensor:
        """The hash layer's outputs (n, W) of unscaled features (n, D)."""
        outputs: Tensor = self.hash_layer(self.scaling(features))
        return outputs

    def relax(self, outputs: Tensor) -> Tensor:
        """The activation in force: the user's choice or the paper's."""
        return self.activation(outputs) if self.activate is None else self.activate(outputs)

    def encode(self, outputs: Tensor) -> Tensor:
        """From outputs (n, W) to values (n, bits) of which a bit is 1 where they are >= 0, for the database."""
        return outputs

    def encode_queries(self, outputs: Tensor) -> Tensor:
        """The same for queries, where they are coded otherwise."""
        return self.encode(outputs)

    def worth_of_bits(self) -> Tensor:
        """(bits,) what each bit that differs adds to the distance, where that is all there is to it; empty if each adds 1."""
        return self.weights_of_bits

    @property
    def segment(self) -> int:
        """Bits of a segment, where the distance counts the segments that differ; else 0."""
        return 0

    def distances(self, queries: Tensor, codes: Tensor) -> Tensor:
        """Distances (Q, N) of the queries' outputs (Q, W) to database codes (N, bits) of -1 and +1."""
        asked = signs(self.encode_queries(queries))
        worth = self.worth_of_bits()
        if len(worth):
            return weighted_hamming(asked, codes, worth)
        return (self.shape.bits - asked @ codes.T) / 2

    def fine_features(self, features: Tensor) -> Tensor | None:
        """What a second stage of a query compares, (n, F) of unscaled features (n, D); None without such a stage."""
        return None

    def fine_distances(self, distances: Tensor, queries: Tensor, database: Tensor) -> Tensor:
        """Distances (Q, N) after the second stage, of the first stage's and the fine features (Q, F) and (N, F)."""
        return distances

    def learnt_codes(self) -> Tensor | None:
        """Codes (N, bits) of -1 and +1 of the training items, where a method learns them directly."""
        return None

    # Checkpoints

    def kept_tensors(self) -> dict[str, Tensor]:
        """The tensors that encoding and ranking need."""
        kept = {name: tensor for name, tensor in self.state_dict().items() if name.startswith(self.kept)}
        return kept | ({"weights_of_bits": self.weights_of_bits} if len(self.weights_of_bits) else {})

    def lay_out(self) -> None:
        """Lay the numbers of every buffer out in plain order; sums in another order round otherwise.

        Done after each epoch, it makes a resumed run equal to one that was never stopped.
        """
        for module in self.modules():
            for name, buffer in module.named_buffers(recurse=False):
                if not buffer.is_contiguous():
                    setattr(module, name, buffer.contiguous())

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Put saved tensors in place; a buffer takes the saved one's shape.

        Raises:
            MethodError: A tensor is unknown, absent, or a parameter of another shape.
        """
        missing = self.kept_tensors().keys() - tensors.keys()
        unknown = tensors.keys() - self.state_dict().keys()
        if missing or unknown:
            raise MethodError(
                f"These are not the tensors of {self.key} for {self.shape.bits} bits: "
                f"missing {sorted(missing)}, unknown {sorted(unknown)}."
            )
        parameters = dict(self.named_parameters())
        for name, tensor in tensors.items():
            owner, _, leaf = name.rpartition(".")
            module = self.get_submodule(owner)
            if name not in parameters:
                old = getattr(module, leaf)
                setattr(module, leaf, tensor.to(device=old.device, dtype=old.dtype, copy=True))
            elif parameters[name].shape == tensor.shape:
                parameters[name].data.copy_(tensor)
            else:
                raise MethodError(
                    f"“{name}” has the shape {tuple(tensor.shape)}, not {tuple(parameters[name].shape)}."
                )


class Shallow(Method):
    """A method without gradient steps: `fit` sets the tensors of the hash layer, or buffers, at once."""

    gradient: ClassVar[bool] = False
    advice: ClassVar[Advice] = Advice(epochs=1, head="linear")

    def fit(self, items: TrainingItems) -> None:
        """Learn from all training items."""
        raise NotImplementedError

    def forward(self, batch: Batch) -> Terms:
        """No terms: there is nothing to descend."""
        return {"none": torch.zeros((), device=batch.outputs.device)}
