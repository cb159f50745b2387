"""The building blocks that can be added to a method: their formulas as loops, what they do, and where they make no sense."""

import dataclasses
import math

import pytest
import torch
from made_examples import BITS, CLASSES, four_classes, small_recipe

from hashviewer.errors import MethodError
from hashviewer.evaluation.ranking_scores import score_method
from hashviewer.methods import (
    AddedBlocks,
    Batch,
    Blocks,
    Shape,
    all_methods,
    find_method,
    load_method,
    save_method,
)
from hashviewer.methods._alternation import Alternation
from hashviewer.methods._bit_weights import BitWeights, weighted_hamming
from hashviewer.methods._quantization import norm
from hashviewer.networks import read_card, why_not_searchable
from hashviewer.progress import Cancelled
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

FEATURES, LABELS = four_classes(48, noise=0.7)
CHOICES = {
    "drop": Blocks(sign="drop"),
    "tanh": Blocks(sign="tanh"),
    "sigmoid": Blocks(sign="sigmoid"),
    "continuation": Blocks(sign="continuation"),
    "straight-through": Blocks(sign="straight-through"),
    "alternation": Blocks(sign="alternation"),
    "alternation with regression": Blocks(sign="alternation", label_use="regression"),
    **{
        form: Blocks(penalty=form, penalty_weight=0.1)
        for form in ("square", "absolute", "log_cosh", "cube", "cosine", "cauchy")
    },
    "norm": Blocks(sign="tanh", penalty="norm"),
    "balance": Blocks(balance=0.5),
    "independence": Blocks(independence=0.01),
    "orthogonality": Blocks(orthogonality=0.01),
    "regression": Blocks(label_use="regression"),
    "classification": Blocks(label_use="classification"),
    "labnet": Blocks(label_use="labnet"),
    "bit weights": Blocks(bit_weights=1.0),
}


def recipe(key="dpsh", *, epochs=40, **blocks):
    return dataclasses.replace(small_recipe(key, epochs=epochs, batch=16), blocks=Blocks(**blocks))


def blocks_of(key="dpsh", **chosen):
    torch.manual_seed(0)
    method = find_method(key).method()
    method.build(Shape(64, BITS, CLASSES if method.labelled else 0))
    return AddedBlocks(Blocks(**chosen), method), method


def shown(method, outputs, labels=None):
    labels = LABELS[: len(outputs)] if labels is None else labels
    return Batch(outputs, method.relax(outputs), labels, torch.arange(len(outputs)), FEATURES[: len(outputs)])


@pytest.mark.parametrize("name", CHOICES)
def test_a_method_with_a_block_learns_and_its_checkpoint_gives_the_same_distances(name, tmp_path):
    chosen = dataclasses.replace(recipe(), blocks=CHOICES[name])
    done = train(chosen, CachedExamples(FEATURES, LABELS))
    added = [term for term, _ in done.records[-1].terms if term.startswith("added_")]
    only_sign = dataclasses.replace(CHOICES[name], sign="paper") == Blocks()
    assert bool(added) or (only_sign and CHOICES[name].sign != "alternation")
    save_method(tmp_path / "m.safetensors", done.method, {}, {}, half=False)
    again, _ = load_method(tmp_path / "m.safetensors")
    with torch.no_grad():
        outputs = done.method.outputs(FEATURES)
        codes = torch.where(outputs >= 0, 1.0, -1.0)
        assert torch.equal(done.method.distances(outputs, codes), again.distances(outputs, codes))
        assert score_method(done.method, (outputs, LABELS), (outputs, LABELS)).tie_aware > 0.9


def test_weights_of_bits_are_learnt_from_pairs_by_the_formula():
    torch.manual_seed(0)
    weights = BitWeights(3)
    weights.logits.data = torch.tensor([0.3, -0.2, 0.9])
    codes, similarity = torch.rand(4, 3) * 2 - 1, (torch.rand(4, 4) > 0.5).float()
    total = sum(math.exp(w) for w in (0.3, -0.2, 0.9))
    each = [3 * math.exp(w) / total for w in (0.3, -0.2, 0.9)]
    lost = 0.0
    for i in range(4):
        for j in range(4):
            theta = sum(each[m] * float(codes[i, m] * codes[j, m]) for m in range(3)) / 2
            lost += (math.log1p(math.exp(theta)) - float(similarity[i, j]) * theta) / 16
    assert float(weights.pairs(codes, codes, similarity).detach()) == pytest.approx(lost, rel=1e-5)
    assert weights.weights().tolist() == pytest.approx(each, rel=1e-5)


def test_the_weighted_distance_adds_the_weights_of_the_bits_that_differ():
    codes = torch.tensor([[1.0, 1, -1], [-1, 1, 1]])
    found = weighted_hamming(codes, torch.tensor([[1.0, 1, 1], [-1, -1, 1]]), torch.tensor([0.5, 1.0, 1.5]))
    assert found.tolist() == [[1.5, 3.0], [0.5, 1.0]]


def test_bits_that_say_nothing_lose_their_weight_and_the_file_says_the_weights(tmp_path):
    noise = torch.randn(200, 4, generator=torch.Generator().manual_seed(3))
    classes = torch.arange(200) % 2
    labels = torch.nn.functional.one_hot(classes, 2).float()
    useful = (2.0 * classes - 1)[:, None].repeat(1, 4)
    weights = BitWeights(8)
    optimizer = torch.optim.Adam(weights.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        codes = torch.cat([useful, torch.sign(noise)], dim=1)
        weights.pairs(codes, codes, labels @ labels.T).backward()
        optimizer.step()
    assert float(weights.weights()[:4].min()) > 10 * float(weights.weights()[4:].max())

    done = train(recipe(bit_weights=1.0, epochs=3), CachedExamples(FEATURES, LABELS))
    about = {"backbone": "x", "backbone_sha256": "", "preprocessing": '{"size": 32}'}
    save_method(tmp_path / "m.safetensors", done.method, {}, about)
    card = read_card(tmp_path / "m.safetensors")
    assert card.query == "weighted"
    assert card.bit_weights == pytest.approx(done.method.weights_of_bits.tolist(), abs=1e-5)
    assert sum(card.bit_weights) == pytest.approx(BITS, abs=1e-3)
    assert why_not_searchable(card) == ""


def test_the_codes_of_an_alternation_are_signs_or_one_exact_sweep_with_regression():
    torch.manual_seed(0)
    outputs, labels = torch.randn(5, 3), LABELS[:5]
    alone = Alternation()
    alone.update(outputs, labels, closeness=0.5, label_weight=0.0)
    before = alone.codes.clone()
    assert torch.equal(before, torch.where(outputs >= 0, 1.0, -1.0))
    alone.update(outputs, labels, closeness=0.5, label_weight=2.0)
    regressor = torch.linalg.solve(before.T @ before + torch.eye(3), before.T @ labels)

    def objective(codes):
        off = sum(float((codes[i, k] - outputs[i, k]) ** 2) for i in range(5) for k in range(3))
        missed = sum(
            float((labels[i, c] - sum(codes[i, k] * regressor[k, c] for k in range(3))) ** 2)
            for i in range(5)
            for c in range(4)
        )
        return 0.5 * off + 2.0 * missed

    expected = before.clone()
    for k in range(3):
        for i in range(5):
            choices = [expected.clone(), expected.clone()]
            choices[0][i, k], choices[1][i, k] = 1.0, -1.0
            expected = min(choices, key=objective)
    assert torch.equal(alone.codes, expected)
    relaxed = torch.tanh(outputs)
    loop = sum(float((relaxed[i, k] - expected[i, k]) ** 2) for i in range(5) for k in range(3)) / 15
    assert float(alone(relaxed, torch.arange(5))) == pytest.approx(loop, rel=1e-5)


def test_the_terms_are_those_of_their_formulas():
    weights = {"balance": 0.5, "independence": 0.25, "orthogonality": 0.125, "penalty_weight": 2.0}
    blocks, method = blocks_of(
        **weights, penalty="norm", sign="tanh", label_use="regression", label_weight=3.0
    )
    outputs = torch.randn(6, BITS)
    terms = {name: float(term.detach()) for name, term in blocks(shown(method, outputs), method).items()}
    codes = torch.tanh(outputs).tolist()
    n, bits = 6, range(BITS)
    means = [sum(row[k] for row in codes) / n for k in bits]
    assert terms["added_balance"] == pytest.approx(0.5 * sum(m * m for m in means) / BITS, rel=1e-4)
    off = sum((sum(row[k] * row[m] for row in codes) / n - (k == m)) ** 2 for k in bits for m in bits)
    assert terms["added_independence"] == pytest.approx(0.25 * off, rel=1e-4)
    short = [1 - math.sqrt(sum(v * v for v in row)) / math.sqrt(BITS) for row in codes]
    assert terms["added_quantization"] == pytest.approx(2 * sum(short) / n, rel=1e-4)
    rows = next(layer for layer in method.hash_layer.modules() if getattr(layer, "out_features", 0) == BITS)
    weight = rows.weight.tolist()
    turned = sum(
        (sum(a * b for a, b in zip(weight[k], weight[m], strict=True)) - (k == m)) ** 2
        for k in bits
        for m in bits
    )
    assert terms["added_orthogonality"] == pytest.approx(0.125 * turned, rel=1e-3)
    predicted = blocks.from_codes(torch.tanh(outputs)).tolist()
    lost = sum(
        (y - p) ** 2
        for r, q in zip(LABELS[:6].tolist(), predicted, strict=True)
        for y, p in zip(r, q, strict=True)
    )
    assert terms["added_labels"] == pytest.approx(3 * lost / n, rel=1e-4)


def test_the_label_network_is_the_likelihood_of_pairs_of_codes_and_of_made_codes():
    blocks, method = blocks_of(label_use="labnet")
    outputs = torch.randn(5, BITS)
    found = float(blocks(shown(method, outputs), method)["added_labels"].detach())
    made = blocks.from_labels(LABELS[:5]).tolist()
    lost = 0.0
    for left in (made, outputs.tolist()):
        for i in range(5):
            for j in range(5):
                theta = sum(a * b for a, b in zip(left[i], made[j], strict=True)) / 2
                similar = float(bool((LABELS[i] * LABELS[j]).sum()))
                lost += (math.log1p(math.exp(-abs(theta))) + max(theta, 0) - similar * theta) / 25
    assert found == pytest.approx(lost, rel=1e-4)


def test_the_sigmoid_is_that_of_signs():
    _, method = blocks_of(sign="sigmoid")
    assert float(method.relax(torch.tensor([[0.7]]))) == pytest.approx(2 / (1 + math.exp(-0.7)) - 1)


def test_the_norm_penalty_is_nought_at_signs():
    assert norm(torch.tensor([[1.0, -1.0], [0.0, 0.0]])).tolist() == pytest.approx([0.0, 1.0])


def test_a_run_with_an_alternation_and_weights_goes_on_where_it_was_stopped(tmp_path):
    chosen = recipe(sign="alternation", label_use="regression", bit_weights=0.5, epochs=4)
    examples = CachedExamples(FEATURES, LABELS)
    whole = train(chosen, examples)

    def stop(done, total=None, message=""):
        if done == 8:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(chosen, examples, state=tmp_path / "m.run", progress=stop)
    resumed = train(chosen, examples, state=tmp_path / "m.run")
    assert [record.terms for record in whole.records] == [record.terms for record in resumed.records]
    assert torch.equal(whole.method.weights_of_bits, resumed.method.weights_of_bits)


@pytest.mark.parametrize(
    ("key", "chosen", "sentence"),
    [
        ("lsh", {"balance": 1.0}, "LSH is fitted at once"),
        ("vdsh", {"label_use": "classification"}, "fitted at once"),
        (
            "dvsq",
            {"sign": "tanh", "penalty": "cube"},
            "not signs of outputs: leave out sign=tanh, penalty=cube",
        ),
        ("doh", {"bit_weights": 1.0}, "not signs of outputs"),
        ("hbmp", {"bit_weights": 1.0}, "distance of its own"),
        ("tbh", {"label_use": "labnet"}, "learns without labels"),
        ("bi-half", {"bit_weights": 1.0}, "learns without labels"),
        ("dpsh", {"penalty": "norm"}, "sign=tanh or sign=sigmoid"),
    ],
)
def test_a_block_that_makes_no_sense_is_refused_with_the_reason(key, chosen, sentence):
    with pytest.raises(MethodError, match=sentence):
        blocks_of(key, **chosen)


@pytest.mark.parametrize("key", [info.key for info in all_methods() if info.method.gradient])
def test_every_method_takes_the_blocks_that_make_sense_with_it(key):
    info = find_method(key)
    chosen = {"label_use": "labnet"} if info.method.labelled else {}
    if info.query not in ("quantizer", "segments"):
        chosen |= {"sign": "alternation", "penalty": "cube", "balance": 0.1, "independence": 0.1}
        plain, own = find_method("dpsh").method, info.method
        counts_bits = (own.distances, own.worth_of_bits) == (plain.distances, plain.worth_of_bits)
        if info.method.labelled and counts_bits:
            chosen |= {"bit_weights": 1.0}
    records = train(recipe(key, epochs=2, **chosen), CachedExamples(FEATURES, LABELS)).records
    added = {name for record in records for name, _ in record.terms if name.startswith("added_")}
    assert len(added) == len(chosen)
