from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import straight_through
from hashviewer.methods.registry import register


@register(
    "cibhash",
    title="CIBHash",
    family="unsupervised",
    year=2021,
    paper="Z. Qiu, Q. Su, Z. Ou, J. Yu, C. Chen: Unsupervised Hashing with Contrastive Information Bottleneck. IJCAI 2021",
    labels="none",
    survey=False,
)
class CIBHash(Method):
    """Contrastive Information Bottleneck: two views of an image agree in their codes and tell it from the others.

    NT-Xent with cosines of the codes z = sgn(p - 1/2), p = sigmoid(u), whose gradient passes the sign to p; plus beta
    times the divergence of the views' bits, KL(p || p') summed over bits, the second held fixed, averaged over both
    orders. Views are those that the examples give: crops and colours of images, or several cached features. The
    hidden layer is that of the command, where the paper has 1024 units.
    """

    labelled = False
    views = 2
    advice = Advice(epochs=60, batch=64, learning_rate=1e-3)

    def __init__(
        self,
        *,
        temperature: Annotated[float, Setting("temperature of the cosines", low=1e-3)] = 0.3,
        beta: Annotated[float, Setting("weight of the divergence between views", low=0)] = 1e-3,
    ) -> None:
        super().__init__()
        self.temperature = temperature
        self.beta = beta

    def activation(self, outputs: Tensor) -> Tensor:
        return straight_through(torch.sigmoid(outputs) - 0.5)

    def forward(self, batch: Batch) -> Terms:
        assert batch.second is not None
        codes = torch.cat([batch.relaxed, self.relax(batch.second)])
        first, second = batch.outputs, batch.second
        apart = (divergence(first, second.detach()) + divergence(second, first.detach())) / 2
        return {"contrast": self.contrast(codes), "divergence": self.beta * apart}

    def contrast(self, codes: Tensor) -> Tensor:
        """NT-Xent of codes (2 n, K), the second view of item i at place i + n: each among all but itself."""
        shown = functional.normalize(codes, dim=1)
        logits = shown @ shown.T / self.temperature
        itself = torch.eye(len(codes), dtype=torch.bool, device=codes.device)
        partners = torch.arange(len(codes), device=codes.device).roll(len(codes) // 2)
        return functional.cross_entropy(logits.masked_fill(itself, -torch.inf), partners)


def divergence(outputs: Tensor, others: Tensor) -> Tensor:
    """Mean over items (n, K) of the sum over bits of KL(Bernoulli(sigmoid u) || Bernoulli(sigmoid u'))."""
    logs, other_logs = functional.logsigmoid(outputs), functional.logsigmoid(others)
    ones = outputs.sigmoid() * (logs - other_logs)
    zeros = (-outputs).sigmoid() * ((logs - outputs) - (other_logs - others))  # log(1 - p) = log p - u
    return (ones + zeros).sum(1).mean()
