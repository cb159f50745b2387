"""Learns the hash head of the photo models, in closed form but for the rotation.

The 1000-class distribution of the backbone, tempered, is where photos of one kind lie close together even for kinds
it was not trained on. Its usual part is taken off, the directions in which photos of one class vary are shrunk, and
iterative quantization finds the bits. A head that is trained by gradients on few classes fits those and loses on
others (models/README.md has the figures).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hashviewer.training.itq import itq
from hashviewer.training.within_class import within_class_whitening

if TYPE_CHECKING:
    from hashviewer.networks.heads import HashHead

TEMPERATURE = 2.0
STRENGTH = 3.0  # of what is added to the spread within classes
METHOD = "ITQ on centred, within-class whitened ImageNet probabilities"


def learn_head(
    logits: NDArray[np.float32], labels: NDArray[np.int32], *, bits: int, seed: int = 0
) -> "HashHead":
    """Learn a head from the logits (N, C) of photos and their labels (N,), -1 for none.

    The same input and seed give the same head.

    Raises:
        CheckpointError: There are fewer photos than bits.
    """
    import torch

    from hashviewer.networks.heads import HashHead

    usual = logits.mean(axis=0, dtype=np.float64)
    embeddings = tempered(logits, usual)
    mean = embeddings.mean(axis=0)
    whitening = within_class_whitening(embeddings, labels, strength=STRENGTH)
    weight = whitening @ itq((embeddings - mean) @ whitening, bits, seed=seed)
    weight /= ((embeddings - mean) @ weight).std()  # outputs of unit spread fit float16 well
    tensors = (torch.from_numpy(part.astype(np.float32)) for part in (usual, weight, -mean @ weight))
    return HashHead(*tensors, temperature=TEMPERATURE)


def tempered(logits: NDArray[np.float32], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows that `hashviewer.networks.heads.semantic` gives, in float64: (N, C)."""
    scaled = (logits - usual) / TEMPERATURE
    scaled -= scaled.max(axis=1, keepdims=True)
    exponentials = np.exp(scaled)
    return np.asarray(np.sqrt(exponentials / exponentials.sum(axis=1, keepdims=True)))


def head_outputs(head: "HashHead", logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs (N, bits) of a head for logits (N, C)."""
    import torch

    with torch.inference_mode():
        return np.asarray(head(torch.from_numpy(logits)).numpy(), dtype=np.float32)
