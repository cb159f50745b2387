"""The form of a training: every method and every constant can be chosen, and what is chosen is what is asked for."""

import dataclasses

import pytest

from hashviewer.cli.train_adviser import description
from hashviewer.methods import all_methods, find_method, parse_settings
from hashviewer.training.choices import choose
from hashviewer.training.recipe import recipe_for
from hashviewer.ui.dialogs.train_form import TrainForm, found_in_words
from hashviewer.ui.training import Advice, FoundData
from hashviewer.ui.training_choices import FAMILIES, LABELS, QUERIES, read_choices
from hashviewer.ui.training_plan import TrainingPlan


@pytest.fixture(scope="module")
def choices():
    return read_choices(description())


@pytest.fixture
def form(qtbot, choices, tmp_path):
    form = TrainForm(tmp_path)
    qtbot.addWidget(form)
    form.show_choices(choices)
    return form


def test_all_methods_are_offered_by_family(form, choices):
    assert sorted(form.methods.fitting()) == sorted(info.key for info in all_methods())
    assert {method.family for method in choices.methods} == set(FAMILIES)
    assert {method.query for method in choices.methods} <= set(QUERIES)
    assert {method.labels for method in choices.methods} == set(LABELS)
    assert all(method.summary.endswith((".", ":")) or len(method.summary) > 20 for method in choices.methods)


def test_typing_narrows_the_list_and_chooses_what_is_left(form):
    form.methods.field.setText("attention 2019")
    assert set(form.methods.fitting()) == {"dagh-attention", "doh", "gradient-attention"}
    assert form.method.key in form.methods.fitting()
    form.methods.field.setText("")
    assert len(form.methods.fitting()) == len(all_methods())


def changed_text(constant):
    """A value other than the default, within the limits."""
    if constant.kind == "bool":
        return "no" if constant.default else "yes"
    if constant.choices:
        return next(choice for choice in constant.choices if choice != constant.default)
    low = constant.low if constant.low is not None else -10
    high = constant.high if constant.high is not None else max(low, constant.default or 0) + 10
    for value in (low, high, (low + high) / 2):
        value = int(value) if constant.kind == "int" else float(value)
        if value != constant.default:
            return repr(value).removesuffix(".0")
    raise AssertionError(constant)


@pytest.mark.parametrize("key", [info.key for info in all_methods()])
def test_every_constant_of_a_method_can_be_changed_in_the_form(form, choices, key):
    form.methods.choose(key)
    form.data.setText("data.zip")
    plan = form.plan()
    assert (plan.method, plan.settings, plan.epochs, plan.head) == (key, (), 0, "")
    wanted = {}
    for name, field in form.own.fields.items():
        wanted[name] = changed_text(field.constant)
        field.put(wanted[name])
    given = dict(form.plan().settings)
    assert given == wanted
    values = parse_settings(find_method(key).method, given)
    defaults = {one.name: one.default for one in choices.method(key).constants}
    assert all(values[name] != defaults[name] for name in wanted)
    for field in form.own.fields.values():
        field.put("")
    assert form.plan().settings == ()


def test_blocks_and_training_can_be_changed_beside_constants_of_the_same_name(form):
    form.methods.choose("hashgan")  # it has a penalty of its own
    form.own.fields["penalty"].put("7")
    form.blocks.fields["penalty"].put("square")
    form.rest.fields["batch"].put("64")
    form.rest.fields["learning_rate"].put("0.01")
    recipe = choose(recipe_for("hashgan", bits=48), dict(form.plan().settings))
    assert dict(recipe.settings) == {"penalty": 7.0}
    assert (recipe.blocks.penalty, recipe.batch, recipe.learning_rate) == ("square", 64, 0.01)
    assert form.own.heading.text() == "Constants of HashGAN · 1 changed"


@pytest.mark.parametrize("key", ["dpsh", "csq", "lsh"])
def test_what_a_method_advises_stands_in_the_form(form, key):
    form.methods.choose(key)
    advice = find_method(key).method.advice
    assert form.numbers.epochs.value() == advice.epochs
    assert form.numbers.head.currentData() == advice.head
    assert form.rest.fields["batch"].control.value() == advice.batch


def test_another_method_keeps_the_epochs_that_were_asked_for(form):
    form.methods.choose("dpsh")
    form.numbers.epochs.setValue(7)
    form.methods.choose("csq")
    assert form.plan().epochs == 7


def test_a_plan_is_shown_as_it_was_asked_for(form, choices):
    plan = TrainingPlan(
        method="csq", data="d.zip", output="o.safetensors", bits=32, backbone="cifar-full", trunk="finetune",
        head="linear", epochs=7, seed=3, device="cpu", protocol="I'", holdout=0.25, measure_every=2, size=64,
        mirrored=True, settings=(("quantization", "0.1"), ("block.balance", "0.5"), ("training.batch", "64")),
    )  # fmt: skip
    form.methods.choose("dpsh")
    form.own.fields["eta"].put("3")
    form.show_plan(plan)
    assert form.plan() == plan
    other = TrainingPlan(method="dpsh", data="d.zip", output="o.safetensors")
    form.show_plan(other)
    assert form.plan() == other


def test_only_attention_methods_see_the_places_of_a_map(form):
    form.methods.choose("dagh-attention")
    form.numbers.maps.setCurrentIndex(1)
    assert form.plan().maps == 4
    form.methods.choose("dpsh")
    assert not form.numbers.maps.isEnabled()
    assert form.plan().maps == 1


def test_a_model_file_is_proposed_that_does_not_exist_until_one_is_named(form, tmp_path):
    (tmp_path / "dpsh-32.safetensors").touch()
    form.methods.choose("dpsh")
    assert form.output.text() == str(tmp_path / "dpsh-48.safetensors")
    form.numbers.bits.setValue(32)
    assert form.output.text() == str(tmp_path / "dpsh-32-2.safetensors")
    form.output.setText("mine.safetensors")
    form.output.textEdited.emit("mine.safetensors")
    form.numbers.bits.setValue(16)
    assert form.output.text() == "mine.safetensors"


IMAGES = FoundData("photos", 60_000, 10, several=False, unlabelled=12, feature_dim=0)
FEATURES = FoundData("arrays", 500, 1, several=True, unlabelled=0, feature_dim=512)


def test_what_was_found_is_said_in_words():
    assert found_in_words(IMAGES) == "60,000 images of 10 classes, one label each; 12 without a label."
    assert found_in_words(FEATURES) == "500 items of 512 features of 1 class, several labels each."


def advice(plan, data, where="output", problem=""):
    return Advice(plan, data, where, problem, 0, goes_on=False)


def test_features_need_no_backbone_and_the_command_asks_for_none(form):
    form.methods.choose("dpsh")
    form.data.setText("a.npz")
    form.backbone.setCurrentText("cifar-full · small, untrained")
    form.numbers.mirrored.setChecked(True)
    assert (form.plan().backbone, form.plan().mirrored) == ("cifar-full", True)
    form.show_advice(advice(form.plan(), FEATURES))
    assert not form.backbone.isEnabled()
    assert (form.plan().backbone, form.plan().mirrored) == ("", False)
    form.data.setText("photos.zip")
    assert form.backbone.isEnabled()
    assert form.plan().backbone == "cifar-full"


def test_a_problem_stands_where_it_is(form):
    form.methods.choose("dpsh")
    form.show_advice(advice(form.plan(), None, "data", "There is nothing at d.zip."))
    assert form.found.text() == "There is nothing at d.zip."
    form.show_advice(advice(form.plan(), IMAGES, "backbone", "The weights are not here."))
    assert form.found.text().startswith("60,000 images")
    assert form.backbone_said.text() == "The weights are not here."
    form.show_advice(advice(form.plan(), IMAGES, "output", "The folder does not exist."))
    assert (form.backbone_said.text(), form.output_said.text()) == ("", "The folder does not exist.")


def test_a_backbone_whose_weights_are_missing_says_so_in_the_list(qtbot, choices, tmp_path):
    backbones = tuple(
        dataclasses.replace(one, missing="not here") if one.name == "resnet18" else one
        for one in choices.backbones
    )
    form = TrainForm(tmp_path)
    qtbot.addWidget(form)
    form.show_choices(dataclasses.replace(choices, backbones=backbones))
    form.methods.choose("dpsh")
    texts = [form.backbone.itemText(place) for place in range(form.backbone.count())]
    assert "resnet18 · weights are missing" in texts
    assert "dsh-small · small, untrained" in texts
    form.backbone.setCurrentText("resnet18 · weights are missing")
    assert form.plan().backbone == "resnet18"
    form.backbone.setEditText("timm:resnet10t")
    assert form.plan().backbone == "timm:resnet10t"
