import pytest
import torch
from made_examples import BITS, CLASSES, DIM, LABELS, batch_of, built, four_classes, small_recipe, values

from hashviewer.methods import Clock, TrainingItems, find_method
from hashviewer.training.examples import CachedExamples
from hashviewer.training.loop import train

LATE = Clock(epoch=6, epochs=9, step=60, steps_per_epoch=10)  # the third outer iteration of three
EARLY = Clock(epoch=0, epochs=9, step=0, steps_per_epoch=10)


def ready(clock, key="dih", **settings):
    method = built(key, **settings)
    method.begin(TrainingItems(torch.zeros(len(LABELS), DIM), LABELS))
    method.sample(clock, len(LABELS))
    return method


def test_the_first_classes_are_the_old_database():
    method = ready(EARLY)
    assert method.old.tolist() == [i for i in range(12) if i % CLASSES < 3]  # 0.7 of 4 classes
    assert set(method.drawn.tolist()) <= set(method.shown.tolist()) == set(method.old.tolist())
    method.sample(LATE, 12)
    assert method.shown.tolist() == list(range(12))


def test_every_term_is_that_of_the_formula_over_both_databases():
    method = ready(LATE, gamma=2.0, mu=3.0, sampled=6)
    method.codes = torch.sign(torch.randn(12, BITS))
    places = method.drawn[:5]
    batch = batch_of(method, outputs=torch.randn(5, BITS), labels=LABELS[places], indices=places)
    h = batch.relaxed.tolist()
    pairs = quantization = 0.0
    for row, i in enumerate(places.tolist()):
        for j in range(12):
            inner = sum(a * b for a, b in zip(h[row], method.codes[j].tolist(), strict=True))
            pairs += (inner - BITS * (1.0 if i % 4 == j % 4 else float(method.apart))) ** 2
        quantization += sum((a - b) ** 2 for a, b in zip(h[row], method.codes[i].tolist(), strict=True))
    balance = sum(sum(row[k] for row in h) ** 2 for k in range(BITS))
    found = values(method(batch))
    assert found["pairs"] == pytest.approx(pairs / 60, rel=1e-4)
    assert found["quantization"] == pytest.approx(2 * quantization / 60, rel=1e-4)
    assert found["balance"] == pytest.approx(3 * balance / 60, rel=1e-4)


@pytest.mark.parametrize(("second", "expected"), [(-20.0, 0), (20.0, 4)])
def test_the_balance_of_the_worked_example(second, expected):
    method = ready(LATE, bits=1, mu=5.0)
    terms = values(method(batch_of(method, outputs=[[20.0], [second]], labels=LABELS[:2])))
    assert terms["balance"] * 2 * 12 == pytest.approx(5 * expected)


def test_without_old_classes_and_balance_it_is_adsh():
    adsh, dih = ready(EARLY, "adsh"), ready(EARLY, old_classes=0.0, mu=0.0)
    dih.drawn, dih.apart = adsh.drawn, adsh.apart
    assert dih.shown.tolist() == list(range(12))
    torch.manual_seed(2)
    adsh.codes = dih.codes = torch.sign(torch.randn(12, BITS))
    relaxed = torch.tanh(torch.randn(12, BITS))
    assert torch.equal(dih.updated(relaxed, dih.new), adsh.updated(relaxed))
    outputs = torch.randn(12, BITS)
    theirs = values(adsh(batch_of(adsh, outputs=outputs, labels=LABELS)))
    own = values(dih(batch_of(dih, outputs=outputs, labels=LABELS)))
    assert own == pytest.approx({**theirs, "balance": 0.0})


def test_an_update_lowers_the_objective_and_leaves_the_others():
    method = ready(LATE, gamma=2.0)
    method.codes = torch.sign(torch.randn(12, BITS))
    relaxed = torch.tanh(torch.randn(len(method.drawn), BITS))

    def objective(codes):
        total = 0.0
        for row, i in enumerate(method.drawn.tolist()):
            for j in range(12):
                target = BITS * (1.0 if i % 4 == j % 4 else float(method.apart))
                total += (float(relaxed[row] @ codes[j]) - target) ** 2
            total += 2 * float((codes[i] - relaxed[row]).square().sum())
        return total

    after = method.updated(relaxed, method.new)
    assert objective(after) < objective(method.codes)
    assert torch.equal(after[method.old], method.codes[method.old])


def test_old_codes_are_the_same_to_the_bit_once_new_ones_are_learnt(monkeypatch):
    features, labels = four_classes(40)
    kind = find_method("dih").method
    end_epoch, seen = kind.end_epoch, []

    def record(self, clock, outputs):
        end_epoch(self, clock, outputs)
        seen.append(self.codes[self.old].clone())

    monkeypatch.setattr(kind, "end_epoch", record)
    method = train(small_recipe("dih", epochs=12, batch=20), CachedExamples(features, labels)).method
    assert not torch.equal(seen[2], seen[5])  # two updates for the old database alone
    assert all(torch.equal(codes, seen[5]) for codes in seen[6:])
    assert torch.equal(method.codes[method.old], seen[5])
    assert method.codes[method.new].abs().eq(1).all()
