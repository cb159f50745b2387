"""What holds for every method in the registry."""

import ast
from pathlib import Path

import pytest
import torch
from made_examples import BITS, begun, built, four_classes, small_recipe, trained

from hashviewer import methods
from hashviewer.errors import HashViewerError
from hashviewer.evaluation.ranking_scores import database_codes
from hashviewer.methods import all_methods, find_method, load_method, save_method, settings_of
from hashviewer.progress import Cancelled
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

ALL = [info.key for info in all_methods()]
DESCENDING = [info.key for info in all_methods() if info.method.gradient]
LABELLED = [info.key for info in all_methods() if info.method.labelled]
ONE_CLASS = torch.tensor([[1.0, 0, 0, 0]]).repeat(6, 1)
SEVERAL_LABELS = torch.tensor(
    [[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 0]]
)


@pytest.mark.parametrize("key", ALL)
def test_a_method_says_what_it_is_and_what_its_constants_mean(key):
    info = find_method(key)
    assert info.key == info.method.key == key == key.lower()
    assert info.title
    assert info.paper.endswith(str(info.year))
    assert info.method.__doc__
    assert all(setting.meaning for setting in settings_of(info.method))
    assert info.confidence != "reading" or "reading" in info.method.__doc__.lower()
    assert all(0 < figure.value <= 1 for figure in info.published)


@pytest.mark.parametrize("key", DESCENDING)
def test_the_loss_is_finite_and_its_gradient_reaches_the_hash_layer(key):
    method, batch = begun(key)
    terms = method(batch)
    assert terms
    assert all(value.shape == () for value in terms.values())
    loss = sum(terms.values())
    assert torch.isfinite(loss)
    loss.backward()
    gradients = [p.grad for p in method.hash_layer.parameters() if p.grad is not None]
    assert gradients
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
    assert any(bool(gradient.any()) for gradient in gradients)


@pytest.mark.parametrize("key", DESCENDING)
@pytest.mark.parametrize("labels", [ONE_CLASS, SEVERAL_LABELS], ids=["one class", "several labels"])
def test_a_batch_of_one_class_or_with_several_labels_gives_finite_terms_and_gradients(key, labels):
    method, batch = begun(key, labels=labels)
    loss = sum(method(batch).values())
    assert torch.isfinite(loss)
    if loss.requires_grad:
        loss.backward()
    gradients = [p.grad for p in method.parameters() if p.grad is not None]
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)


@pytest.mark.parametrize("key", ALL)
def test_every_tensor_is_a_parameter_or_a_buffer_and_so_moves_with_the_method(key):
    method, _ = begun(key)
    for module in method.modules():
        assert [name for name, value in vars(module).items() if isinstance(value, torch.Tensor)] == []
    method.to("meta")
    assert {tensor.device.type for tensor in method.state_dict().values()} == {"meta"}


@pytest.mark.parametrize("key", ALL)
def test_the_same_seed_gives_the_same_run_and_a_stopped_run_goes_on_to_the_same_end(key, tmp_path):
    features, labels = four_classes(40)
    examples = CachedExamples(features, labels)
    recipe = small_recipe(key, epochs=4, batch=16)
    whole = train(recipe, examples)
    state = tmp_path / "run.safetensors"

    def stop(done, total=None, message=""):
        if done == 8:  # in the third of four epochs of three steps each
            raise Cancelled

    if whole.method.gradient:
        with pytest.raises(Cancelled):
            train(recipe, examples, state=state, progress=stop)
    resumed = train(recipe, examples, state=state)
    assert [record.terms for record in whole.records] == [record.terms for record in resumed.records]
    for name, tensor in whole.method.state_dict().items():
        assert torch.equal(tensor, resumed.method.state_dict()[name]), name


@pytest.mark.parametrize("key", ALL)
def test_a_saved_method_gives_the_same_codes_and_distances(key, tmp_path):
    features, labels = four_classes(40)
    recipe = small_recipe(key, epochs=2, batch=20)
    method = train(recipe, CachedExamples(features, labels)).method
    save_method(tmp_path / "m.safetensors", method, dict(recipe.settings), {}, half=False)
    again, about = load_method(tmp_path / "m.safetensors")
    assert about["method"] == key
    with torch.no_grad():
        outputs = method.outputs(features)
        torch.manual_seed(0)
        codes = database_codes(method, outputs)
        torch.manual_seed(0)
        assert torch.equal(codes, database_codes(again, again.outputs(features)))
        assert codes.shape == (40, BITS)
        assert set(codes.unique().tolist()) <= {-1.0, 1.0}
        distances = method.distances(outputs, codes)
        assert distances.shape == (40, 40)
        assert bool(distances.isfinite().all())
        assert torch.equal(distances, again.distances(outputs, codes))


@pytest.mark.parametrize("key", LABELLED)
def test_200_examples_of_4_classes_are_learnt(key):
    done, scores = trained(key, epochs=60)
    assert scores.tie_aware >= 0.95, done.records[-1].terms


@pytest.mark.parametrize("key", LABELLED)
def test_a_method_that_learns_from_labels_refuses_a_single_class(key):
    with pytest.raises(HashViewerError, match="two classes"):
        built(key, classes=1)


def test_no_method_imports_another():
    folder = Path(methods.__file__).parent
    for file in folder.glob("[!_]*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hashviewer.methods."):
                name = node.module.removeprefix("hashviewer.methods.")
                assert name.startswith("_") or name == "registry", f"{file.name} imports {name}"
