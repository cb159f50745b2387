"""Small seeded examples for the tests of methods."""

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from hashviewer.evaluation.ranking_scores import RankingScores, score_method
from hashviewer.methods import Batch, Clock, Method, Shape, TrainingItems, find_method
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import Trained, train
from hashviewer.training.recipe import Recipe, recipe_for

BITS = 16
CLASSES = 4
DIM = 32
LABELS = functional.one_hot(torch.arange(12) % CLASSES, CLASSES).float()  # (12, 4)
CLOCK = Clock(epoch=0, epochs=2, step=0, steps_per_epoch=1)


def built(
    key: str, *, bits: int = BITS, classes: int = CLASSES, dim: int = DIM, seed: int = 0, **settings
) -> Method:
    """A method built for small sizes; `settings` are its constructor's."""
    torch.manual_seed(seed)
    method = find_method(key).method(**settings)
    method.build(Shape(dim, bits, classes if method.labelled else 0))
    return method


def begun(key: str, *, labels: Tensor = LABELS, seed: int = 0, **settings) -> tuple[Method, Batch]:
    """A method after its hooks before the first step, and a batch of all items in train mode."""
    method = built(key, classes=labels.shape[1], seed=seed, **settings)
    features = torch.randn(len(labels), method.shape.feature_dim)
    labels = labels[:, : method.shape.classes]
    with torch.no_grad():
        method.begin(TrainingItems(features, labels))
    method.sample(CLOCK, len(labels))
    method.begin_epoch(CLOCK)
    method.begin_step(CLOCK)
    outputs = method.hash_layer(features)
    second = method.hash_layer(features + 0.1) if method.views == 2 else None
    batch = Batch(outputs, method.relax(outputs), labels, torch.arange(len(labels)), features, second)
    return method, batch


def batch_of(method: Method, *, outputs, labels, indices=None, features=None, second=None) -> Batch:
    """A batch of given outputs and labels, as nested lists or tensors; the relaxed codes follow."""
    made = torch.as_tensor(outputs, dtype=torch.float32)
    given = torch.as_tensor(labels, dtype=torch.float32)
    places = torch.arange(len(made)) if indices is None else torch.as_tensor(indices)
    seen = torch.zeros(len(made), method.shape.feature_dim) if features is None else features
    return Batch(made, method.relax(made), given, places, seen, second)


def values(terms: dict[str, Tensor]) -> dict[str, float]:
    """The terms as plain numbers."""
    return {name: float(term.detach()) for name, term in terms.items()}


def four_classes(count: int = 200, *, noise: float = 1.5, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Noisy features (count, 64) around four centres, and labels (count, 4)."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 4
    centers = torch.randn(4, 64, generator=draw)
    features = centers[labels] + noise * torch.randn(count, 64, generator=draw)
    return features, functional.one_hot(labels, 4).float()


def small_recipe(key: str, *, epochs: int = 40, batch: int = 50, bits: int = BITS) -> Recipe:
    """What a method advises, in little."""
    return dataclasses.replace(recipe_for(key, bits=bits), epochs=epochs, batch=batch)


def trained(key: str, *, epochs: int = 40, noise: float = 1.5) -> tuple[Trained, RankingScores]:
    """A method trained on `four_classes`, and how it ranks them."""
    features, labels = four_classes(noise=noise)
    done = train(small_recipe(key, epochs=epochs), CachedExamples(features, labels))
    with torch.no_grad():
        shown = done.method.outputs(features)
    scores = score_method(done.method, (shown, labels), (shown, labels), codes=done.method.learnt_codes())
    return done, scores
