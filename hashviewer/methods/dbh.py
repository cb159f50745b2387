from typing import Annotated

import torch
from torch import Tensor, nn

from hashviewer.methods._base import Advice, Batch, Method, Shape, Terms, TrainingItems
from hashviewer.methods._heads import final_map
from hashviewer.methods._labels import classification, is_multi
from hashviewer.methods._settings import Setting
from hashviewer.methods.registry import Published, register


@register(
    "dbh",
    title="DBH",
    family="classification",
    year=2015,
    paper="K. Lin, H.-F. Yang, J.-H. Hsiao, C.-S. Chen: Deep Learning of Binary Hash Codes for Fast Image "
    "Retrieval. CVPR Workshops 2015",
    labels="classes",
    published=(
        Published(12, 0.8930, "III", "mAP of the first 1000, AlexNet"),
        Published(32, 0.8972, "III", "mAP of the first 1000, AlexNet"),
        Published(48, 0.8973, "III", "mAP of the first 1000, AlexNet"),
    ),
)
class DBH(Method):
    """Deep Learning of Binary Hash Codes: a classifier that sees the image only through K sigmoid units.

    Cross-entropy alone, of a linear classifier on a = sigmoid(u); a bit is 1 where a >= 0.5. The steps of the
    classifier's weights are ten times those of the hash layer, of its bias twenty times as long as
    the optimizer is the paper's, plain SGD; Adam, advised here since it gave .77 on held-out images where SGD gave .72,
    scales gradients by their size, so that nothing changes.

    A query is answered in two stages: `distances` finds a pool, the items up to a Hamming distance of 2, and
    `fine_distances` orders it by the Euclidean distance of the layer below the sigmoid units; the rest follows by
    Hamming distance.

    Reading: the pool's radius, which the paper leaves open; on held-out images of CIFAR-10 the second stage gave .582 for
    .580 with a radius of 2 and lowered the precision with a larger one (.558 with 8). The paper's fc7, trained along, is the
    head's hidden layer here, and the backbone's features where the head is linear. Images with several labels use
    binary cross-entropy per class.
    """

    advice = Advice(epochs=60, batch=32, learning_rate=1e-3, weight_decay=5e-4)
    stages = 2

    def __init__(
        self,
        *,
        latent_spread: Annotated[
            float, Setting("deviation of the hash layer's first weights", low=0)
        ] = 0.005,
        latent_bias: Annotated[float, Setting("the hash layer's first bias")] = 1.0,
        classifier_pace: Annotated[
            float, Setting("steps of the classifier in those of the hash layer; its bias: twice that", low=0)
        ] = 10.0,
        pool: Annotated[
            float, Setting("Hamming distance up to which features order the answer; -1: none", low=-1)
        ] = 2.0,
    ) -> None:
        super().__init__()
        self.latent_spread = latent_spread
        self.latent_bias = latent_bias
        self.classifier_pace = classifier_pace
        self.pool = pool
        self.multi = False

    def add_parts(self, shape: Shape) -> None:
        last = final_map(self.hash_layer)
        nn.init.normal_(last.weight, std=self.latent_spread)
        nn.init.constant_(last.bias, self.latent_bias)
        self.classifier = nn.Linear(shape.bits, shape.classes)
        nn.init.normal_(self.classifier.weight, std=0.01)
        nn.init.zeros_(self.classifier.bias)
        self.classifier.weight.register_hook(lambda gradient: self.classifier_pace * gradient)  # type: ignore[no-untyped-call]
        self.classifier.bias.register_hook(lambda gradient: 2 * self.classifier_pace * gradient)  # type: ignore[no-untyped-call]

    def begin(self, items: TrainingItems) -> None:
        self.multi = is_multi(items.labels)

    def activation(self, outputs: Tensor) -> Tensor:
        return torch.sigmoid(outputs)

    def forward(self, batch: Batch) -> Terms:
        logits = self.classifier(batch.relaxed)
        return {"classification": classification(logits, batch.labels, multi=self.multi)}

    def fine_features(self, features: Tensor) -> Tensor:
        scaled: Tensor = self.scaling(features)
        if isinstance(self.hash_layer, nn.Sequential):
            scaled = self.hash_layer[:-1](scaled)
        return scaled

    def fine_distances(self, distances: Tensor, queries: Tensor, database: Tensor) -> Tensor:
        """The pool of each query by its features, in 0…1; beyond it one more than the Hamming distance."""
        apart = torch.cdist(queries, database)
        return torch.where(distances <= self.pool, apart / (1 + apart.amax()), 1 + distances)
