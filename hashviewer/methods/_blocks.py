"""The survey's building blocks, which can be added to a method: what to do about the sign, labels, codes as a set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods import _quantization
from hashviewer.methods._alternation import Alternation
from hashviewer.methods._base import Batch, Clock, Method, Terms
from hashviewer.methods._bit_weights import BitWeights
from hashviewer.methods._labels import classification, is_multi, regression
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._schedule import square_root_growth
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import Continuation, straight_through
from hashviewer.methods.registry import find_method

Sign = Literal["paper", "drop", "tanh", "sigmoid", "continuation", "alternation", "straight-through"]
Penalty = Literal["none", "square", "absolute", "log_cosh", "cube", "cosine", "cauchy", "norm"]
LabelUse = Literal["none", "regression", "classification", "labnet"]
_BOUNDED = ("tanh", "sigmoid", "continuation")  # activations between -1 and +1


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Which blocks to add to a method; the default adds none."""

    sign: Annotated[Sign, Setting("activation while training, in place of the paper's")] = "paper"
    penalty: Annotated[Penalty, Setting("form of an added quantization penalty")] = "none"
    penalty_weight: Annotated[
        float, Setting("weight of that penalty, or of the distance to an alternation's codes", low=0)
    ] = 0.1
    balance: Annotated[float, Setting("weight of bit balance", low=0)] = 0.0
    independence: Annotated[float, Setting("weight of bit independence", low=0)] = 0.0
    label_use: Annotated[LabelUse, Setting("an added use of the labels themselves")] = "none"
    label_weight: Annotated[float, Setting("weight of that use", low=0)] = 1.0
    orthogonality: Annotated[
        float, Setting("weight of orthogonality of the rows that make the bits", low=0)
    ] = 0.0
    bit_weights: Annotated[
        float, Setting("weight of a term that learns how much each bit counts in the distance", low=0)
    ] = 0.0

    @property
    def on_codes(self) -> tuple[str, ...]:
        """Names of the chosen blocks that are about codes made of signs."""
        chosen = {
            f"sign={self.sign}": self.sign != "paper",
            f"penalty={self.penalty}": self.penalty != "none",
            "balance": self.balance > 0,
            "independence": self.independence > 0,
            "orthogonality": self.orthogonality > 0,
            "bit_weights": self.bit_weights > 0,
        }
        return tuple(name for name, given in chosen.items() if given)


def check_blocks(blocks: Blocks, method: type[Method]) -> None:
    """Refuse blocks that make no sense with a method.

    Raises:
        MethodError: The text says why, and what to leave out.
    """
    info = find_method(method.key)
    on_labels = () if blocks.label_use == "none" else (f"label_use={blocks.label_use}",)
    on_codes = blocks.on_codes
    if not method.gradient and (on_codes or on_labels):
        raise MethodError(
            f"{info.title} is fitted at once, without steps that a block could change: leave out "
            f"{', '.join((*on_codes, *on_labels))}."
        )
    needs_labels = (*on_labels, *(("bit_weights",) if blocks.bit_weights else ()))
    if needs_labels and not method.labelled:
        raise MethodError(f"{info.title} learns without labels: leave out {', '.join(needs_labels)}.")
    if on_codes and info.query in ("quantizer", "segments"):
        raise MethodError(
            f"The bits of {info.title} are numbers of codewords or segments, not signs of outputs: leave out "
            f"{', '.join(on_codes)}. The uses of labels go with it."
        )
    own = (method.distances, method.worth_of_bits) != (Method.distances, Method.worth_of_bits)
    if blocks.bit_weights and own:
        raise MethodError(f"{info.title} has a distance of its own: leave out bit_weights.")
    if blocks.penalty == "norm" and blocks.sign not in _BOUNDED:
        raise MethodError(
            f"The penalty “norm” needs codes between -1 and +1, or it never ends: add sign={' or sign='.join(_BOUNDED)}."
        )


class AddedBlocks(nn.Module):
    """The chosen blocks as a module beside the method; replaces the method's activation where asked to."""

    def __init__(self, blocks: Blocks, method: Method) -> None:
        super().__init__()
        check_blocks(blocks, type(method))
        self.blocks = blocks
        self.continuation = Continuation()
        classes, width, bits = method.shape.classes, method.width, method.shape.bits
        self.codes_width = width // bits * bits or width
        if blocks.label_use in {"regression", "classification"} and not self.regresses_exactly:
            self.from_codes = nn.Linear(width, classes)
        elif blocks.label_use == "labnet":
            self.from_labels = nn.Sequential(
                nn.Linear(classes, 128), nn.ReLU(), nn.Linear(128, width), nn.Tanh()
            )
        self.alternation = Alternation() if blocks.sign == "alternation" else None
        self.bit_weights = BitWeights(bits) if blocks.bit_weights else None
        self._rows = _rows_of_bits(method) if blocks.orthogonality else ()
        activations: dict[str, Callable[[Tensor], Tensor]] = {
            "drop": _unchanged,
            "tanh": torch.tanh,
            "sigmoid": _signed_sigmoid,
            "straight-through": straight_through,
            "continuation": self._sharpened,
        }
        method.activate = activations.get(blocks.sign)

    @property
    def regresses_exactly(self) -> bool:
        """Whether regression on the labels is a step of an alternation rather than a term."""
        return self.blocks.sign == "alternation" and self.blocks.label_use == "regression"

    @property
    def sees_all(self) -> bool:
        """Whether `begin` and `end_epoch` need the outputs of all training items."""
        return self.alternation is not None

    def begin(self, labels: Tensor, outputs: Tensor) -> None:
        """Before the first epoch: labels (N, C) and outputs (N, W) of all training items."""
        if self.alternation is not None:
            self._alternate(labels, outputs)

    def begin_step(self, clock: Clock) -> None:
        """Sharpen the continuation."""
        self.continuation.set(square_root_growth(clock, rate=0.005, every=200))

    def end_epoch(self, method: Method, labels: Tensor, outputs: Callable[[], Tensor]) -> None:
        """After the steps of an epoch: exact steps of an alternation; the method ranks by the bits' weights."""
        if self.alternation is not None:
            self._alternate(labels, outputs())
        if self.bit_weights is not None:
            method.weights_of_bits = self.bit_weights.weights()

    def forward(self, batch: Batch, method: Method) -> Terms:
        """The added terms; they act on the relaxed codes, the penalty on the outputs where those are signs already."""
        blocks, codes = self.blocks, batch.relaxed[:, : self.codes_width]
        terms: Terms = {}
        if blocks.penalty != "none":
            values = batch.outputs[:, : self.codes_width] if blocks.sign == "straight-through" else codes
            terms["added_quantization"] = blocks.penalty_weight * _quantization.penalty(
                values, blocks.penalty
            )
        if self.alternation is not None:
            terms["added_alternation"] = blocks.penalty_weight * self.alternation(codes, batch.indices)
        if blocks.balance:
            terms["added_balance"] = blocks.balance * _quantization.balance(codes)
        if blocks.independence:
            terms["added_independence"] = blocks.independence * _quantization.independence(codes)
        if blocks.orthogonality:
            terms["added_orthogonality"] = blocks.orthogonality * sum(
                (_quantization.orthogonality(layer.weight) for layer in self._rows),
                start=torch.zeros((), device=codes.device),
            )
        if self.bit_weights is not None:
            terms["added_bit_weights"] = blocks.bit_weights * self.bit_weights.pairs(
                torch.tanh(method.encode_queries(batch.outputs)),
                torch.tanh(method.encode(batch.outputs)),
                similar(batch.labels),
            )
        if blocks.label_use != "none" and not self.regresses_exactly:
            terms["added_labels"] = blocks.label_weight * self._label_term(batch.relaxed, batch.labels)
        return terms

    def _label_term(self, codes: Tensor, labels: Tensor) -> Tensor:
        if self.blocks.label_use == "regression":
            return regression(self.from_codes(codes), labels)
        if self.blocks.label_use == "classification":
            return classification(self.from_codes(codes), labels, multi=is_multi(labels))
        targets = self.from_labels(labels)
        similarity = similar(labels)
        own = likelihood(inner(targets, targets), similarity).mean()
        return own + likelihood(inner(codes, targets), similarity).mean()

    def _alternate(self, labels: Tensor, outputs: Tensor) -> None:
        assert self.alternation is not None
        weight = self.blocks.label_weight if self.regresses_exactly else 0.0
        self.alternation.update(
            outputs[:, : self.codes_width],
            labels,
            closeness=self.blocks.penalty_weight,
            label_weight=weight,
        )

    def _sharpened(self, outputs: Tensor) -> Tensor:
        sharpened: Tensor = self.continuation(outputs)
        return sharpened


def _rows_of_bits(method: Method) -> tuple[nn.Linear, ...]:
    """The linear maps of the hash layer with one row for each bit.

    Raises:
        MethodError: There is none.
    """
    found = tuple(
        layer
        for layer in method.hash_layer.modules()
        if isinstance(layer, nn.Linear) and layer.out_features == method.shape.bits
    )
    if not found:
        raise MethodError(
            f"The hash layer of {find_method(method.key).title} has no map with one row for each bit: leave out "
            "orthogonality."
        )
    return found


def _unchanged(outputs: Tensor) -> Tensor:
    return outputs


def _signed_sigmoid(outputs: Tensor) -> Tensor:
    """2 sigma(u) - 1: the sigmoid, for codes of -1 and +1."""
    return 2 * torch.sigmoid(outputs) - 1
