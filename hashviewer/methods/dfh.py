from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.methods._bank import MemoryBank
from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._discrete import keep_on_zero
from hashviewer.methods._pairs import inner, similar
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import Published, register

Step = Literal["relaxed", "discrete"]
_STEPS = 200
_RATE = 0.03
_FALLS = (150, 180)


@register(
    "dfh",
    title="DFH",
    family="pairwise",
    year=2019,
    paper="Y. Li, W. Pei, Y. Zha, J. van Gemert: Push for Quantization: Deep Fisher Hashing. BMVC 2019",
    labels="classes",
    confidence="re",
    published=(Published(48, 0.844, "I", "CNN-F"), Published(48, 0.801, "I", "AlexNet, a port")),
)
class DFH(Method):
    """Deep Fisher Hashing: codes are drawn to the binary centre of their class, centres push each other apart.

    ``mean_ij (1 - s_ij) softplus(m + theta_ij) + s_ij softplus(m - theta_ij) + eta mean (B - U)^2`` of a batch against
    a bank of all outputs U, theta = u . u / 2. In each step first the batch's codes are set, ``B = sgn(U + mu Y C)``;
    then the class centres C, which lower ``||B - Y C||^2 + nu ||C C^T - K (2 I - 1)||^2``: relaxed, by 200 gradient
    steps on means of these squares and ``nta mean (V - sgn V)^2`` with C = sgn(V), or discrete, class after class;
    then the network moves. An image's labels share a weight of 1. The authors clip theta, which a stable softplus
    does not need, and their step of 0.03 is made smaller for few classes and many bits, where it diverges. m is a port's (theirs is 0 for COCO), the other constants are the authors'.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)
    real_centers: Tensor  # V (C, K)
    centers: Tensor  # (C, K); 0 for a class that the relaxed step has not yet seen

    def __init__(
        self,
        *,
        margin: Annotated[float, Setting("m, by which similar and dissimilar pairs part", low=0)] = 3.0,
        quantization: Annotated[float, Setting("eta, weight of (B - U)^2", low=0)] = 0.5,
        shift: Annotated[float, Setting("mu, how far centres shift the codes", low=0)] = 1.0,
        push: Annotated[float, Setting("nu, weight of the centres' distances", low=0)] = 1.0,
        binary: Annotated[float, Setting("nta, weight of binary centres in the relaxed step", low=0)] = 1.0,
        step: Annotated[Step, Setting("how the centres are found")] = "relaxed",
    ) -> None:
        super().__init__()
        self.margin = margin
        self.quantization = quantization
        self.shift = shift
        self.push = push
        self.binary = binary
        self.step = step

    def add_parts(self, shape: Shape) -> None:
        self.bank = MemoryBank()
        size = shape.classes, shape.bits
        self.register_buffer("real_centers", torch.zeros(size))
        discrete = self.step == "discrete"
        self.register_buffer("centers", signs(torch.rand(size) - 0.5) if discrete else torch.zeros(size))

    def begin(self, items: TrainingItems) -> None:
        self.bank.reset(items.labels, self.shape.bits)

    def forward(self, batch: Batch) -> Terms:
        self.bank.write(batch.indices, batch.relaxed)
        with torch.no_grad():
            shares = batch.labels / batch.labels.sum(1, keepdim=True).clamp_min(1)
            codes = signs(batch.relaxed + self.shift * shares @ self.centers)
            self.move_centers(codes, shares)
        theta = inner(batch.relaxed, self.bank.outputs)  # (n, N)
        similarity = similar(batch.labels, self.bank.labels)
        metric = functional.softplus(self.margin - theta * (2 * similarity - 1)).mean()
        return {"metric": metric, "quantization": self.quantization * (codes - batch.relaxed).square().mean()}

    def move_centers(self, codes: Tensor, shares: Tensor) -> None:
        """Set the centres for codes (n, K) of -1 and +1 and labels (n, C) whose rows sum to 1."""
        if self.step == "discrete":
            self.centers = self._discrete(codes, shares)
        else:
            self.real_centers = self._relaxed(codes, shares)
            self.centers = self.real_centers.sign()  # stays 0 for a class not yet seen

    def _discrete(self, codes: Tensor, shares: Tensor) -> Tensor:
        centers = self.centers.clone()
        towards = shares.T @ codes  # (C, K)
        crossing = shares.T @ shares + self.push
        crossing.fill_diagonal_(0)
        for place in range(len(centers)):
            centers[place] = keep_on_zero(towards[place] - crossing[place] @ centers, centers[place])
        return centers

    def _relaxed(self, codes: Tensor, shares: Tensor) -> Tensor:
        real = self.real_centers.clone()
        (classes, bits), count = real.shape, len(codes)
        targets = bits * (2 * torch.eye(classes, device=real.device) - 1)
        # halves of the gradients of the three means, with what does not change computed once
        gram = shares.T @ shares / (count * bits)
        towards = shares.T @ codes / (count * bits)
        rate = min(_RATE, classes / (6 * bits))  # larger steps could diverge
        for step in range(_STEPS):
            half = gram @ real - towards
            half += 2 * self.push / classes**2 * (real @ real.T - targets) @ real
            half += self.binary / (classes * bits) * (real - real.sign())
            real -= rate * 0.1 ** sum(step >= fall for fall in _FALLS) * 2 * half
        return real
