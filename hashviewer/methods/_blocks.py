"""The survey's building blocks, which can be added to every method: what to do about the sign, labels, codes as a set."""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.methods import _quantization
from hashviewer.methods._base import Batch, Clock, Method, Terms
from hashviewer.methods._labels import classification, is_multi, regression
from hashviewer.methods._pairs import inner, likelihood, similar
from hashviewer.methods._schedule import square_root_growth
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import Continuation, straight_through

Sign = Literal["paper", "drop", "tanh", "continuation", "straight-through"]
Penalty = Literal["none", "square", "absolute", "log_cosh", "cube", "cosine", "cauchy"]
LabelUse = Literal["none", "regression", "classification", "labnet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Which blocks to add to a method; the default adds none."""

    sign: Annotated[Sign, Setting("activation while training, in place of the paper's")] = "paper"
    penalty: Annotated[Penalty, Setting("form of an added quantization penalty")] = "none"
    penalty_weight: Annotated[float, Setting("weight of that penalty", low=0)] = 0.1
    balance: Annotated[float, Setting("weight of bit balance", low=0)] = 0.0
    independence: Annotated[float, Setting("weight of bit independence", low=0)] = 0.0
    label_use: Annotated[LabelUse, Setting("an added use of the labels themselves")] = "none"
    label_weight: Annotated[float, Setting("weight of that use", low=0)] = 1.0


class AddedBlocks(nn.Module):
    """The chosen blocks as a module beside the method; replaces the method's activation where asked to."""

    def __init__(self, blocks: Blocks, method: Method) -> None:
        super().__init__()
        self.blocks = blocks
        self.continuation = Continuation()
        classes, width = method.shape.classes, method.width
        if blocks.label_use in {"regression", "classification"}:
            self.from_codes = nn.Linear(width, classes)
        elif blocks.label_use == "labnet":
            self.from_labels = nn.Sequential(
                nn.Linear(classes, 128), nn.ReLU(), nn.Linear(128, width), nn.Tanh()
            )
        if blocks.sign == "drop":
            method.activate = _unchanged
        elif blocks.sign == "tanh":
            method.activate = torch.tanh
        elif blocks.sign == "straight-through":
            method.activate = straight_through
        elif blocks.sign == "continuation":
            method.activate = self._sharpened

    def begin_step(self, clock: Clock) -> None:
        """Sharpen the continuation."""
        self.continuation.set(square_root_growth(clock, rate=0.005, every=200))

    def forward(self, batch: Batch) -> Terms:
        """The added terms; they act on the relaxed codes, the penalty on the outputs where those are signs already."""
        blocks, codes = self.blocks, batch.relaxed
        terms: Terms = {}
        if blocks.penalty != "none":
            values = batch.outputs if blocks.sign == "straight-through" else codes
            terms["added_quantization"] = blocks.penalty_weight * _quantization.penalty(
                values, blocks.penalty
            )
        if blocks.balance:
            terms["added_balance"] = blocks.balance * _quantization.balance(codes)
        if blocks.independence:
            terms["added_independence"] = blocks.independence * _quantization.independence(codes)
        if blocks.label_use != "none":
            terms["added_labels"] = blocks.label_weight * self._label_term(codes, batch.labels)
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

    def _sharpened(self, outputs: Tensor) -> Tensor:
        sharpened: Tensor = self.continuation(outputs)
        return sharpened


def _unchanged(outputs: Tensor) -> Tensor:
    return outputs
