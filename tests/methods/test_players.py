"""Methods with several objectives: an optimizer for each player, who moves in turn."""

import dataclasses
import itertools

import pytest
import torch
from made_examples import four_classes, small_recipe
from torch import nn

from hashviewer.methods import Method, MethodInfo, registry
from hashviewer.progress import Cancelled
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples
from hashviewer.training.loop import train

SEEN = []


class Duel(Method):
    """A judge wants outputs large on a line of its own, the hash layer wants them small there."""

    def add_parts(self, shape):
        self.judge = nn.Linear(shape.bits, 1)

    def players(self):
        return {"main": list(self.hash_layer.parameters()), "judge": list(self.judge.parameters())}

    def turns(self, clock):
        return ("judge",) if clock.epoch == 0 else ("judge", "judge", "main")

    def forward(self, batch):
        return {"fooled": self.judge(batch.relaxed).square().mean()}

    def terms_of(self, player, batch):
        SEEN.append(
            (
                player,
                batch.outputs.detach().clone(),
                [p.detach().clone() for p in self.hash_layer.parameters()],
                [p.detach().clone() for p in self.judge.parameters()],
            )
        )
        return (
            self(batch) if player == "main" else {"told_apart": 1 - self.judge(batch.relaxed).tanh().mean()}
        )


@pytest.fixture(autouse=True)
def duel(monkeypatch):
    """The toy method under a key, and an empty record of what its players saw."""
    registry.all_methods()
    info = MethodInfo("duel", "", "trick", 2026, "", "hamming", "classes", "src", False, (), Duel)
    monkeypatch.setitem(registry._REGISTERED, "duel", info)
    monkeypatch.setattr(Duel, "key", "duel")
    SEEN.clear()


def recipe(**changes):
    return dataclasses.replace(small_recipe("duel", epochs=2, batch=20), head="linear", **changes)


def test_only_the_player_whose_turn_it_is_moves_although_the_others_get_a_gradient():
    train(recipe(), CachedExamples(*four_classes(40)))
    assert [player for player, *_ in SEEN] == ["judge"] * 2 + ["judge", "judge", "main"] * 2
    for (player, _, layer, judge), (_, _, layer_after, judge_after) in itertools.pairwise(SEEN):
        assert all(map(torch.equal, layer, layer_after)) == (player == "judge")
        assert all(map(torch.equal, judge, judge_after)) == (player == "main")


def test_each_player_has_moments_of_its_own():
    """The first step of Adam has the length of the learning rate, whatever gradients came before."""
    train(recipe(weight_decay=0.0, schedule="constant"), CachedExamples(*four_classes(40)))
    before, after = SEEN[4][2][0], SEEN[5][2][0]
    steps = (after - before).abs()
    assert float(steps.median()) == pytest.approx(1e-3, rel=1e-2)


def test_a_later_turn_sees_outputs_made_anew():
    train(recipe(), CachedExamples(*four_classes(40), jitter=0.5))
    assert not torch.equal(SEEN[2][1], SEEN[3][1])


def test_the_terms_of_all_players_are_told():
    done = train(recipe(), CachedExamples(*four_classes(40)))
    names = [{name for name, _ in record.terms} for record in done.records]
    assert names == [{"told_apart"}, {"told_apart", "fooled"}]


def test_a_term_is_told_as_its_mean_over_the_turns_of_its_player():
    done = train(recipe(learning_rate=0.0, dropout=0.0), CachedExamples(*four_classes(40)))
    first, second = (dict(record.terms)["told_apart"] for record in done.records)
    assert second == pytest.approx(first, abs=0.05)  # twice a step in the second epoch
    assert first > 0.5


def test_a_stopped_run_goes_on_to_the_same_end_with_the_moments_of_each_player(tmp_path):
    examples = CachedExamples(*four_classes(40))
    longer = dataclasses.replace(recipe(), epochs=4)
    whole = train(longer, examples)
    for last in (2, 4, 6):  # after an epoch of one player; later both have moments

        def stop(done, total=None, message="", last=last):
            if done == last + 1:
                raise Cancelled

        state = tmp_path / f"{last}.safetensors"
        with pytest.raises(Cancelled):
            train(longer, examples, state=state, progress=stop)
        resumed = train(longer, examples, state=state)
        assert [r.terms for r in resumed.records] == [r.terms for r in whole.records]
        for name, tensor in whole.method.state_dict().items():
            assert torch.equal(tensor, resumed.method.state_dict()[name]), name


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 6)

    def forward(self, images):
        return torch.relu(self.layer(images.float().mean(dim=(1, 2)) / 255))


def test_a_backbone_moves_with_the_main_player_only():
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (40, 8, 8, 3), dtype=torch.uint8)
    labels = four_classes(40)[1]
    moved = []
    for epochs in (1, 2):
        trunk = Tiny()
        before = trunk.layer.weight.detach().clone()
        train(
            dataclasses.replace(recipe(weight_decay=0.0), epochs=epochs),
            ImageExamples(trunk, pixels, labels, feature_dim=6),
        )
        moved.append(not torch.equal(before, trunk.layer.weight))
    assert moved == [False, True]
