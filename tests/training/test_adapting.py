"""A backbone is trained by cross-entropy on varied views, and a run that was stopped goes on to the same end."""

import dataclasses

import pytest
import torch

from hashviewer.errors import TrainingError
from hashviewer.networks.trunks import Trunk, make_trunk
from hashviewer.progress import Cancelled
from hashviewer.training.adapting import Adaptation, Stage, _Run, adapt
from hashviewer.training.varied_views import pasted, varied

LABELS = torch.eye(2).repeat_interleave(24, dim=0)
SHORT = Adaptation(stages=(Stage(epochs=2, size=32), Stage(epochs=1, size=32)), batch=16, learning_rate=1e-3)


def pixels_at(size):
    """Dark images of the first class, bright ones of the second."""
    drawn = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 60, (48, size, size, 3), generator=drawn)
    return (noise + 150 * LABELS.argmax(1)[:, None, None, None]).to(torch.uint8)


def trunk():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_trunk("dsh-small", pretrained=False)


def weights(network):
    return torch.cat([value.flatten().float() for value in network.state_dict().values()])


def test_the_loss_falls_and_every_stage_has_its_size():
    asked, told = [], []

    def seen(size):
        asked.append(size)
        return pixels_at(size)

    long = dataclasses.replace(
        SHORT, stages=(Stage(epochs=5, size=32), Stage(epochs=1, size=40)), pasting=0.0
    )
    with pytest.raises(RuntimeError):  # this small net takes 32 px alone
        adapt(trunk(), seen, LABELS, long, on_epoch=told.append)
    assert asked == [32, 32, 32, 32, 32, 32, 40]  # once for the classifier, then for each epoch
    assert told[-1].loss < told[0].loss - 0.05


def test_the_classifier_is_fitted_before_the_backbone_moves():
    backbone = trunk()
    before = weights(backbone).clone()
    run = _Run(backbone, LABELS, SHORT)
    run.fit_classifier(pixels_at(32))
    with torch.no_grad():
        scores = run.classifier(backbone(pixels_at(32)))
    assert torch.equal(weights(backbone), before)
    assert float((scores.argmax(1) == LABELS.argmax(1)).float().mean()) > 0.95


@pytest.mark.parametrize("weights_of", ["random", "made for this test"])
def test_a_trained_backbone_keeps_its_statistics_and_learns_the_weights_of_its_normalization(weights_of):
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    norm = adapt(Trunk("made", network, weights=weights_of, size=32), pixels_at, LABELS, SHORT).network[1]
    kept = torch.equal(norm.running_mean, torch.zeros(4)) and torch.equal(norm.running_var, torch.ones(4))
    assert kept == (weights_of != "random")
    assert not torch.equal(norm.weight, torch.ones(4))


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path):
    whole = adapt(trunk(), pixels_at, LABELS, SHORT)

    def stop(done, total, _):
        if done == 5:
            raise Cancelled

    state = tmp_path / "trunk.run"
    with pytest.raises(Cancelled):
        adapt(trunk(), pixels_at, LABELS, SHORT, state=state, progress=stop)
    gone_on = adapt(trunk(), pixels_at, LABELS, SHORT, state=state)
    assert torch.equal(weights(whole), weights(gone_on))
    assert not torch.equal(weights(whole), weights(trunk()))


def test_a_state_of_another_run_is_refused(tmp_path):
    state = tmp_path / "trunk.run"
    adapt(trunk(), pixels_at, LABELS, SHORT, state=state)
    with pytest.raises(TrainingError, match="other settings"):
        adapt(trunk(), pixels_at, LABELS, dataclasses.replace(SHORT, seed=1), state=state)


def test_a_loss_that_is_no_number_ends_the_run_in_words():
    broken = trunk()
    next(iter(broken.parameters())).data.fill_(float("nan"))
    with pytest.raises(TrainingError, match="not a number in epoch 1"):
        adapt(broken, pixels_at, LABELS, SHORT)


def test_views_differ_from_the_image_and_from_one_another_and_repeat_by_seed():
    images = pixels_at(32)[:4]
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first, second = varied(images), varied(images)
        torch.manual_seed(3)
        again = varied(images)
    assert first.shape == images.shape
    assert first.dtype == torch.uint8
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, images)


def test_the_share_left_after_pasting_is_that_of_the_pixels():
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 16, 16, 3).contiguous()
    with torch.random.fork_rng():
        torch.manual_seed(5)
        mixed, other, share = pasted(images)
    for image in range(5):
        assert set(mixed[image].unique().tolist()) <= {image, int(other[image])}
        if int(other[image]) != image:
            left = (mixed[image] == image).float().mean()
            assert float(left) == pytest.approx(share)
