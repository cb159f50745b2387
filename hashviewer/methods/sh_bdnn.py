from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from hashviewer.errors import MethodError
from hashviewer.methods._base import Advice, Batch, Clock, Method, Shape, Terms, TrainingItems
from hashviewer.methods._layer_sizes import layer_sizes
from hashviewer.methods._pairs import signed, similar
from hashviewer.methods._principal import principal_directions
from hashviewer.methods._settings import Setting
from hashviewer.methods._sign import signs
from hashviewer.methods.registry import register

_WIDTHS = {
    8: (90, 20),
    16: (90, 30),
    24: (100, 40),
    32: (120, 50),
}  # hidden layers of the paper by code length
_ROTATIONS = 50  # of iterative quantization
_MEMORY = 20  # steps that L-BFGS remembers
_SETTLED = 1e-4  # relative fall of the objective that is none


def rotated_codes(features: Tensor, bits: int) -> Tensor:
    """Codes (N, bits) of features (N, D) by iterative quantization, bits <= D: where the alternation begins."""
    directions, _ = principal_directions(features, bits)
    projected = (features - features.mean(0)) @ directions.T
    rotation, _ = torch.linalg.qr(torch.randn(bits, bits).to(features))
    for _ in range(_ROTATIONS):
        left, _, right = torch.linalg.svd(projected.T @ signs(projected @ rotation))
        rotation = left @ right
    codes: Tensor = signs(projected @ rotation)
    return codes


def difference_of_sets(values: Tensor, places: Tensor, similarity: Tensor) -> Tensor:
    """``||H H^T / K - S||_F^2`` of values (n, K) without an (n, n) matrix: S depends on the label sets alone.

    Expanded, it is ||H^T H||^2 / K^2 - 2 / K sum_ab S_ab z_a . z_b + n^2, z_a the sum over the items of a set.

    Args:
        values: H.
        places: (n,) each item's set of labels.
        similarity: -1 or +1 (g, g) between the sets.
    """
    count, bits = values.shape
    sums = values.new_zeros(len(similarity), bits).index_add(0, places, values)
    crossed = (similarity * (sums @ sums.T)).sum()
    return (values.T @ values).square().sum() / bits**2 - 2 / bits * crossed + count**2


@register(
    "sh-bdnn",
    title="SH-BDNN",
    family="pairwise",
    year=2016,
    paper="T.-T. Do, A.-D. Doan, N.-M. Cheung: Learning to Hash with Binary Deep Neural Network. ECCV 2016",
)
class SHBDNN(Method):
    """Supervised Hashing with Binary Deep Neural Network: outputs that are codes, fit, are independent and balanced.

    ``l5/2m ||H H^T / K - S||^2 + l1/2 sum ||W||^2 + l2/2m ||H - B||^2 + l3/2 ||H^T H / m - I||^2 + l4/2m ||H^T 1||^2``
    over m items, H (m, K) the linear outputs of a network with two sigmoid layers, S of -1 and +1. An epoch is an
    alternation: the weights by L-BFGS on all items with B fixed, then B = sgn(H). A linear head has no such layers.

    Reading: B begins with iterative quantization and each W with the principal directions of its input, divided by
    the greatest deviation along them so that no sigmoid saturates. The features are not reduced to 800 dimensions
    first. l4 and l5 go with the paper's 30,000 items, since their terms alone grow with m: for m items they are
    times 30,000 / m, so that the terms keep their proportions. The paper's l1 = 1e-5 and 400 iterations go with so many
    items, too: on 4,000 they fit the noise (held-out images of CIFAR-10 gave .545, and .614 with 1e-2 and 100, which
    are taken here). Instead of by the mean average precision of held-out images the alternation ends where the
    objective falls by less than a ten-thousandth. L-BFGS needs features that stay as they are; with a backbone in
    training, ``solver=batches`` lowers the same objective over batches by the run's own optimizer.
    """

    advice = Advice(epochs=5, batch=256, learning_rate=1e-3, weight_decay=0.0)
    codes: Tensor  # (N, K) B
    settled: Tensor  # () whether the alternation has ended
    reached: Tensor  # () objective after the last L-BFGS
    features: Tensor  # (N, D) of all items
    places: Tensor  # (N,) each item's set of labels
    similarity: Tensor  # (g, g) of the sets

    def __init__(
        self,
        *,
        decay: Annotated[float, Setting("l1, weight of small weights", low=0)] = 1e-2,
        quantization: Annotated[float, Setting("l2, weight of ||H - B||^2", low=0)] = 5e-2,
        independence: Annotated[float, Setting("l3, weight of ||H^T H / m - I||^2", low=0)] = 1e-2,
        balance: Annotated[float, Setting("l4, weight of ||H^T 1||^2", low=0)] = 5e-7,
        pairs: Annotated[float, Setting("l5, weight of ||H H^T / K - S||^2", low=0)] = 1e-2,
        items: Annotated[
            int | None, Setting("items that l4 and l5 are meant for; none: as many as there are", low=1)
        ] = 30_000,
        iterations: Annotated[int, Setting("L-BFGS iterations between two updates of B", low=1)] = 100,
        solver: Annotated[
            Literal["lbfgs", "batches"],
            Setting("of the weights: L-BFGS on the features of all items, or the run's optimizer on batches"),
        ] = "lbfgs",
    ) -> None:
        super().__init__()
        self.decay = decay
        self.quantization = quantization
        self.independence = independence
        self.balance = balance
        self.pairs = pairs
        self.items = items
        self.iterations = iterations
        self.solver = solver

    @classmethod
    def check(cls, shape: Shape) -> None:
        super().check(shape)
        if shape.bits > shape.feature_dim:
            raise MethodError(
                f"SH-BDNN begins with principal directions and so makes at most as many bits as features: "
                f"{shape.feature_dim}, not {shape.bits}."
            )

    def head(self, shape: Shape) -> nn.Module:
        hidden = () if shape.head == "linear" else layer_sizes(shape.bits, _WIDTHS)
        layers: list[nn.Module] = []
        for before, after in pairwise([shape.feature_dim, *hidden, shape.bits]):
            layers += [nn.Linear(before, after), nn.Sigmoid()]
        return nn.Sequential(*layers[:-1])

    def add_parts(self, shape: Shape) -> None:
        self.register_buffer("codes", torch.zeros(0, shape.bits))
        self.register_buffer("settled", torch.zeros((), dtype=torch.bool))
        self.register_buffer("reached", torch.tensor(torch.inf))
        # `begin` gives them again, so that no state needs to hold them
        self.register_buffer("features", torch.zeros(0, shape.feature_dim), persistent=False)
        self.register_buffer("places", torch.zeros(0, dtype=torch.int64), persistent=False)
        self.register_buffer("similarity", torch.zeros(0, 0), persistent=False)

    def begin(self, items: TrainingItems) -> None:
        self.features = items.features
        sets, self.places = torch.unique(items.labels, dim=0, return_inverse=True)
        self.similarity = signed(similar(sets))
        self.codes = rotated_codes(items.features, self.shape.bits)
        values = items.features
        assert isinstance(self.hash_layer, nn.Sequential)
        for layer in self.hash_layer:
            if isinstance(layer, nn.Linear):
                directions, deviations = principal_directions(values, layer.out_features)
                layer.weight.copy_(directions / deviations[0].clamp_min(1e-6))
                layer.bias.zero_()
            values = layer(values)

    def begin_epoch(self, clock: Clock) -> None:
        if self.solver == "lbfgs" and not self.settled:
            before, after = float(self.reached), self.minimise()
            self.reached.fill_(after)
            self.settled.fill_(before - after <= _SETTLED * abs(after))

    def minimise(self) -> float:
        """Lower the objective over all items by L-BFGS, B fixed; what it comes to."""
        optimizer = torch.optim.LBFGS(
            self.hash_layer.parameters(),
            max_iter=self.iterations,
            history_size=_MEMORY,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = self._loss()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(closure)  # type: ignore[no-untyped-call]
        optimizer.zero_grad()
        with torch.no_grad():
            return float(self._loss())

    def forward(self, batch: Batch) -> Terms:
        return self.objective(batch.relaxed, self.codes[batch.indices], self.places[batch.indices])

    def objective(self, values: Tensor, codes: Tensor, places: Tensor) -> Terms:
        """The terms for m items: values H (m, K), codes B (m, K), label sets (m,)."""
        count, bits = values.shape
        grown = 1.0 if self.items is None else self.items / count
        identity = torch.eye(bits, device=values.device)
        weights = [layer.weight for layer in self.hash_layer.modules() if isinstance(layer, nn.Linear)]
        return {
            "pairs": grown * self.pairs / (2 * count) * difference_of_sets(values, places, self.similarity),
            "weights": self.decay / 2 * torch.stack([weight.square().sum() for weight in weights]).sum(),
            "quantization": self.quantization / (2 * count) * (values - codes).square().sum(),
            "independence": self.independence / 2 * (values.T @ values / count - identity).square().sum(),
            "balance": grown * self.balance / (2 * count) * values.sum(0).square().sum(),
        }

    def terms_of(self, player: str, batch: Batch) -> Terms:
        terms: Terms = self(batch)
        if self.solver == "batches":
            return terms
        if batch.features.requires_grad:
            raise MethodError(
                "SH-BDNN's L-BFGS needs a frozen backbone; to train it too, set solver=batches."
            )
        return {name: term.detach() for name, term in terms.items()}  # told, but moved by L-BFGS alone

    def end_epoch(self, clock: Clock, outputs: Callable[[], Tensor]) -> None:
        if not self.settled:
            self.codes = signs(self.relax(outputs()))

    def _loss(self) -> Tensor:
        values = self.relax(self.hash_layer(self.features))
        return torch.stack(list(self.objective(values, self.codes, self.places).values())).sum()
