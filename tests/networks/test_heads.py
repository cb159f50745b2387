import math

import torch

from hashviewer import codes
from hashviewer.networks.heads import HashHead


def test_the_head_is_its_formula_written_as_loops():
    g = torch.Generator().manual_seed(1)
    logits, usual = torch.randn(3, 5, generator=g), torch.randn(5, generator=g)
    weight, bias = torch.randn(5, 4, generator=g), torch.randn(4, generator=g)
    outputs = HashHead(usual, weight, bias, temperature=2.0)(logits)
    for row in range(3):
        powers = [math.exp(float(logits[row, c] - usual[c]) / 2) for c in range(5)]
        for bit in range(4):
            value = float(bias[bit])
            for c in range(5):
                value += math.sqrt(powers[c] / sum(powers)) * float(weight[c, bit])
            assert math.isclose(value, float(outputs[row, bit]), abs_tol=1e-5)


def test_an_output_of_zero_is_a_bit_of_one():
    head = HashHead(torch.zeros(5), torch.zeros(5, 8), torch.zeros(8), temperature=1.0)
    assert codes.from_outputs(head(torch.randn(1, 5)).numpy()).tolist() == [[0xFF]]
