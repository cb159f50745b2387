from typing import Annotated

import torch
from torch import Tensor

from hashviewer.methods._base import Advice, Batch, Method, Terms
from hashviewer.methods._pairs import likelihood, similar
from hashviewer.methods._quantization import log_cosh
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "dhn",
    title="DHN",
    family="pairwise",
    year=2016,
    paper="H. Zhu, M. Long, J. Wang, Y. Cao: Deep Hashing Network for Efficient Similarity Retrieval. AAAI 2016",
    confidence="mem",
    published=(Published(48, 0.621, "I", "the survey"), Published(48, 0.781, "I'", "AlexNet, a port")),
)
class DHN(Method):
    """Deep Hashing Network: the likelihood of pair similarities under tanh, and a smooth bimodal Laplace prior.

    ``mean_ij softplus(t_ij) - s_ij t_ij`` with t_ij = slope h_i . h_j and h = tanh(u), over the pairs of a batch; plus
    lambda times the mean over all n K outputs of log cosh(|h| - 1). The paper's slope of 1 is from memory; common
    ports take 1/2. The default lambda is a port's, for the averaged form.
    """

    advice = Advice(epochs=60, learning_rate=1e-3)

    def __init__(
        self,
        *,
        slope: Annotated[float, Setting("factor on the inner products; ports: 1/2", low=0)] = 1.0,
        quantization: Annotated[float, Setting("lambda, weight of the mean log cosh", low=0)] = 0.1,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.quantization = quantization

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.tanh(outputs)

    def forward(self, batch: Batch) -> Terms:
        logits = self.slope * batch.relaxed @ batch.relaxed.T
        return {
            "likelihood": likelihood(logits, similar(batch.labels)).mean(),
            "quantization": self.quantization * log_cosh(batch.relaxed).mean(),
        }
