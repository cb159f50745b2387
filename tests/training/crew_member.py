"""One process of `test_crew.py`: trains small nets on made images and leaves the last epoch's terms and weights.

Run as: python crew_member.py OUTPUT METHOD…, by itself or by torchrun.
"""

import dataclasses
import sys

import torch
from safetensors.torch import save_file
from torch.nn import functional

from hashviewer.networks.maps import with_maps
from hashviewer.networks.trunks import make_trunk
from hashviewer.training.crew import crew_here, joined
from hashviewer.training.image_examples import ImageExamples
from hashviewer.training.loop import train
from hashviewer.training.recipe import recipe_for


def main(output, *keys):
    torch.set_num_threads(1)
    crew = crew_here()
    classes = torch.arange(31) % 3
    labels = functional.one_hot(classes, 3).float()
    noise = torch.randint(-60, 60, (31, 32, 32, 3), generator=torch.Generator().manual_seed(0))
    colours = torch.tensor([[200, 20, 20], [20, 200, 20], [20, 20, 200]])[classes][:, None, None]
    pixels = (colours + noise).clamp(0, 255).to(torch.uint8)
    found = {}
    with joined(crew, "cpu"):
        for key in keys:
            torch.manual_seed(0)
            trunk = with_maps(make_trunk("dsh-small", pretrained=False), 4 if key == "doh" else 1)
            examples = ImageExamples(
                trunk, pixels, labels, feature_dim=trunk.feature_dim, positions=trunk.positions, crew=crew
            )
            recipe = dataclasses.replace(recipe_for(key, bits=16), epochs=2, batch=11)
            done = train(recipe, examples, crew=crew)
            found |= {f"{key} {name}": torch.tensor([value]) for name, value in done.records[-1].terms}
            found[f"{key} weights"] = torch.cat([part.detach().flatten() for part in trunk.parameters()])
    if crew.leads:
        save_file(found, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
