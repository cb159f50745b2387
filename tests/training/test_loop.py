import dataclasses

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional

from hashviewer.errors import CheckpointError, MethodError, TrainingError
from hashviewer.methods import Blocks, find_method, load_method, save_method
from hashviewer.progress import Cancelled
from hashviewer.training.examples import CachedExamples
from hashviewer.training.image_examples import ImageExamples, mirrored_and_shifted
from hashviewer.training.loop import train
from hashviewer.training.recipe import recipe_for

LABELS = functional.one_hot(torch.arange(60) % 3, 3).float()
FEATURES = functional.pad(3 * LABELS, (0, 5)) + torch.randn(60, 8, generator=torch.Generator().manual_seed(0))


def recipe(method="dsh", **changes):
    return dataclasses.replace(recipe_for(method, bits=8), epochs=3, batch=20, **changes)


def test_each_epoch_tells_its_terms_its_rate_and_the_held_out_figure_when_due():
    told = []
    done = train(
        recipe(holdout=0.2, measure_every=2, schedule="constant"),
        CachedExamples(FEATURES, LABELS),
        on_epoch=told.append,
    )
    assert tuple(told) == done.records
    assert [record.epoch for record in told] == [0, 1, 2]
    assert {name for name, _ in told[0].terms} == {"pairs", "regularizer"}
    assert [record.held_out is None for record in told] == [True, False, False]
    assert all(record.learning_rate == 1e-3 and record.seconds > 0 for record in told)
    assert len(done.kept) == 48


def test_the_cosine_schedule_falls_and_the_step_schedule_drops_by_ten():
    rates = [
        r.learning_rate for r in train(recipe(schedule="cosine"), CachedExamples(FEATURES, LABELS)).records
    ]
    assert rates[0] > rates[1] > rates[2] > 0
    steps = [
        r.learning_rate for r in train(recipe(schedule="step"), CachedExamples(FEATURES, LABELS)).records
    ]
    assert steps == pytest.approx([1e-3, 1e-3, 1e-4])


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_state(tmp_path):
    state = tmp_path / "run.safetensors"
    examples = CachedExamples(FEATURES.clone(), LABELS)
    kept = []

    def spoil(record):
        kept.append(state.read_bytes())
        examples.views[:] = float("inf")

    with pytest.raises(TrainingError, match="not a number in epoch 2"):
        train(recipe(), examples, state=state, on_epoch=spoil)
    assert state.read_bytes() == kept[0]


def test_a_state_of_other_settings_or_a_damaged_one_is_refused(tmp_path):
    state = tmp_path / "run.safetensors"
    examples = CachedExamples(FEATURES, LABELS)
    train(recipe(), examples, state=state)
    with pytest.raises(TrainingError, match="other settings"):
        train(recipe(seed=1), examples, state=state)
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(TrainingError, match="damaged"):
        train(recipe(), examples, state=state)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"batch": 2}, "triplet"),
        ({"epochs": 0}, "one epoch"),
        ({"bits": 0}, "one bit"),
        ({"holdout": 1.0}, "between 0 and 1"),
        ({"head_first": -1}, "0 epochs or more"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, reason):
    with pytest.raises(TrainingError, match=reason):
        train(dataclasses.replace(recipe(), **changes), CachedExamples(FEATURES, LABELS))


def test_a_class_without_training_image_and_a_lack_of_labels_are_said():
    absent = functional.pad(LABELS, (0, 1))
    with pytest.raises(TrainingError, match="1 of 4 classes have no training image"):
        train(recipe(), CachedExamples(FEATURES, absent))
    with pytest.raises(MethodError, match="there are none"):
        train(recipe(), CachedExamples(FEATURES, LABELS[:, :0]))
    with pytest.raises(TrainingError, match="do not go together"):
        CachedExamples(FEATURES, LABELS[:5])
    with pytest.raises(TrainingError, match="not numbers"):
        CachedExamples(FEATURES * float("nan"), LABELS)


def test_a_rest_too_small_for_a_triplet_joins_the_batch_before():
    told = []
    train(
        dataclasses.replace(recipe(), batch=29, epochs=1),
        CachedExamples(FEATURES, LABELS),
        progress=lambda done, total=None, message="": told.append((done, total)),
    )
    assert [done for done, _ in told] == [1, 2]


def test_a_run_leaves_the_random_state_of_the_caller_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    train(recipe(), CachedExamples(FEATURES, LABELS))
    assert torch.equal(before, torch.get_rng_state())


def test_added_blocks_add_their_terms():
    blocks = Blocks(
        sign="continuation", penalty="cosine", balance=1.0, independence=1.0, label_use="classification"
    )
    record = train(recipe(blocks=blocks), CachedExamples(FEATURES, LABELS)).records[0]
    names = {name for name, _ in record.terms}
    assert names >= {"added_quantization", "added_balance", "added_independence", "added_labels"}


def test_a_checkpoint_in_half_precision_is_small_and_a_foreign_one_is_refused(tmp_path):
    method = train(recipe("greedyhash"), CachedExamples(FEATURES, LABELS)).method
    path = tmp_path / "model.safetensors"
    save_method(path, method, {}, {"backbone": "none"})
    loaded, about = load_method(path)
    assert about["backbone"] == "none"
    assert "classifier.weight" not in method.kept_tensors()
    assert torch.allclose(loaded.outputs(FEATURES), method.outputs(FEATURES), atol=0.05)
    path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError):
        load_method(path)


def test_learnt_codes_take_a_bit_each_in_a_checkpoint(tmp_path):
    method = train(recipe("adsh"), CachedExamples(FEATURES, LABELS)).method
    save_method(tmp_path / "model.safetensors", method, {}, {})
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert file.get_tensor("codes").shape == (60, 1)
    loaded, _ = load_method(tmp_path / "model.safetensors")
    assert torch.equal(loaded.learnt_codes(), method.learnt_codes())


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 6)

    def forward(self, images):
        return torch.relu(self.layer(images.float().mean(dim=(1, 2)) / 255))


def test_a_backbone_is_trained_along_and_resumed(tmp_path):
    colours = torch.tensor([[220, 20, 20], [20, 220, 20], [20, 20, 220]], dtype=torch.uint8)
    pixels = colours[torch.arange(60) % 3][:, None, None].repeat(1, 8, 8, 1)

    def examples():
        torch.manual_seed(0)
        return ImageExamples(Tiny(), pixels, LABELS, feature_dim=6)

    whole = examples()
    before = whole.trunk().layer.weight.detach().clone()
    done = train(recipe(), whole)
    assert not torch.equal(before, whole.trunk().layer.weight)
    state = tmp_path / "run.safetensors"

    def stop(done, total=None, message=""):
        if done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(recipe(), examples(), state=state, progress=stop)
    resumed = examples()
    again = train(recipe(), resumed, state=state)
    assert torch.equal(resumed.trunk().layer.weight, whole.trunk().layer.weight)
    assert [r.terms for r in again.records] == [r.terms for r in done.records]


def of_colours():
    """Three colours that a backbone is trained along with."""
    colours = torch.tensor([[220, 20, 20], [20, 220, 20], [20, 20, 220]], dtype=torch.uint8)
    pixels = colours[torch.arange(60) % 3][:, None, None].repeat(1, 8, 8, 1)
    torch.manual_seed(0)
    return ImageExamples(Tiny(), pixels, LABELS, feature_dim=6)


@pytest.mark.parametrize(
    "method", ["dpsh", "csq", "adsh"]
)  # with a bank, with centres, with codes of its own
def test_the_hash_layer_can_be_trained_alone_before_the_backbone_moves(method):
    at_once = train(recipe(method), of_colours()).records[0]
    still = of_colours()
    before = still.trunk().layer.weight.detach().clone()
    told, moved = [], []

    def look(done, total=None, message=""):
        told.append(message)
        moved.append(not torch.equal(before, still.trunk().layer.weight))

    after = train(recipe(method, head_first=20), still, progress=look).records
    alone = [message.startswith("hash layer alone") for message in told]
    assert alone == [True] * 65 + [False] * 9  # five views, then twenty epochs of three steps
    assert not any(moved[:65])
    assert moved[-1]
    assert len(after) == 3
    assert sum(value for _, value in after[0].terms) < sum(value for _, value in at_once.terms)


def test_the_hash_layer_alone_learns_from_moved_views_too():
    images, asked = of_colours(), []
    plain = images.features

    def features(indices, *, augmented):
        asked.append((len(indices), augmented))
        return plain(indices, augmented=augmented)

    images.features = features

    def until_it_begins(done, total=None, message=""):
        if message == "hash layer alone, epoch 1 of 2":
            raise Cancelled

    with pytest.raises(Cancelled):
        train(recipe("dpsh", head_first=2), images, progress=until_it_begins)
    assert [whether for count, whether in asked if count == len(LABELS)][-5:] == [False] + [True] * 4


def test_a_run_that_begins_with_the_hash_layer_goes_on_to_the_same_weights(tmp_path):
    whole, resumed = of_colours(), of_colours()
    asked = recipe("dpsh", head_first=2)
    train(asked, whole)
    state = tmp_path / "run.safetensors"

    def stop_at(message):
        def stop(done, total=None, said=""):
            if said == message:
                raise Cancelled

        return stop

    for message in ("hash layer alone, epoch 2 of 2", "epoch 2 of 3"):
        with pytest.raises(Cancelled):
            train(asked, of_colours(), state=state, progress=stop_at(message))
    train(asked, resumed, state=state)
    assert torch.equal(resumed.trunk().layer.weight, whole.trunk().layer.weight)
    with pytest.raises(TrainingError, match="other settings"):
        train(recipe("dpsh"), of_colours(), state=state)


def test_augmented_images_are_mirrored_and_shifted_copies():
    torch.manual_seed(0)
    image = torch.arange(16, dtype=torch.uint8)[None, None, :, None].repeat(40, 16, 1, 3)
    moved = mirrored_and_shifted(image)
    assert moved.shape == image.shape
    rising = (moved[:, 0, 8, 0].int() > moved[:, 0, 7, 0].int()).float().mean()
    assert 0.2 < rising < 0.8
    assert int((moved[:, 0, 8, 0].int() - 7.5).abs().max()) <= 2


def test_features_with_several_views_are_drawn_and_one_view_can_be_thinned():
    views = torch.stack([FEATURES, -FEATURES])
    torch.manual_seed(0)
    drawn, _ = CachedExamples(views, LABELS).features(torch.arange(60), augmented=True)
    same = (drawn == FEATURES).all(1)
    assert 10 < int(same.sum()) < 50
    assert torch.equal(drawn[~same], -FEATURES[~same])
    plain, _ = CachedExamples(views, LABELS).features(torch.arange(60), augmented=False)
    assert torch.equal(plain, FEATURES)
    thinned, _ = CachedExamples(FEATURES, LABELS, jitter=0.5).features(torch.arange(60), augmented=True)
    assert 0.3 < float((thinned == 0).float().mean()) < 0.7


def test_the_hash_layer_sees_a_part_of_the_features_and_the_method_all_of_them(monkeypatch):
    seen, compared = [], []
    method = find_method("dsh").method
    build, terms_of = method.build, method.terms_of

    def watched_build(self, shape):
        build(self, shape)
        self.hash_layer.register_forward_pre_hook(
            lambda layer, given: seen.append(given[0].clone()) if layer.training else None
        )

    def watched_terms(self, player, batch):
        compared.append(batch.features.clone())
        return terms_of(self, player, batch)

    monkeypatch.setattr(method, "build", watched_build)
    monkeypatch.setattr(method, "terms_of", watched_terms)
    train(recipe(dropout=0.5), CachedExamples(FEATURES, LABELS))
    for part, whole in zip(seen, compared, strict=True):
        left = part != 0
        assert 0.2 < float(left.float().mean()) < 0.8
        torch.testing.assert_close(part[left], 2 * whole[left])
        assert bool((whole != 0).all())


def test_a_share_of_all_features_cannot_be_left_out():
    with pytest.raises(TrainingError, match="share not seen"):
        train(recipe(dropout=1.0), CachedExamples(FEATURES, LABELS))


def test_a_step_in_which_nobody_moves_is_an_error_of_the_method(monkeypatch):
    monkeypatch.setattr(find_method("dsh").method, "turns", lambda self, clock: ())
    with pytest.raises(TrainingError, match=r"DSH\.turns names nobody .* players: main"):
        train(recipe(), CachedExamples(FEATURES, LABELS))
