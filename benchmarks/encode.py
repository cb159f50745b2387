"""How near `index` comes to what the cores can do at all.

The limit on 12-megapixel photos is decoding alone (scaled, with the thumbnail) and the forward pass alone, one after the
other with all cores each. Everything is measured in turn, several times, so that what else the machine does strikes all
alike; the medians count.
"""

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.figure import Figure
from hashviewer.encoding import index, open_engine
from hashviewer.encoding.cores import available_cores
from hashviewer.encoding.engine import Engine
from hashviewer.images import Preprocessing, decode
from hashviewer.networks import find_model, load_network, read_card

ROUNDS = 3
LARGE, SMALL = (4000, 3000), (300, 240)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many photos of a kind there are, and how many the slow usual loop takes."""

    photos: int
    different: int
    usual: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Photos per second: medians of all rounds, of quotients taken within a round."""

    index: float
    decoding: float
    forward: float
    usual: float
    of_limit: float
    of_forward: float
    of_usual: float


def run() -> list[Figure]:
    """Measure on 12-megapixel and on small photos."""
    model = find_model("photos-64")
    with contextlib.closing(open_engine(model, device="cpu", precision="auto")) as engine:
        large = _rates(LARGE, Sizes(photos=400, different=8, usual=6), model=model, engine=engine)
        small = _rates(SMALL, Sizes(photos=1000, different=100, usual=0), model=model, engine=engine)
        engine_words = f"{engine.name}, {engine.precision}, {available_cores()} cores"
    how = (
        f"{large.index:.0f} photos/s; decoding alone {large.decoding:.0f}, forward pass alone {large.forward:.0f}, "
        f"usual loop {large.usual:.1f}; {engine_words}; medians of {ROUNDS} rounds"
    )
    how_small = (
        f"{small.index:.0f} photos/s; forward pass alone {small.forward:.0f}, decoding alone {small.decoding:.0f}; "
        f"{engine_words}; medians of {ROUNDS} rounds"
    )
    return [
        _figure("encode: index at 12 megapixels, of the limit of these cores", large.of_limit, 0.92, how),
        _figure("encode: index at 12 megapixels, times the usual loop", large.of_usual, 6.0, how),
        _figure("encode: index at 300x240, of the forward pass alone", small.of_forward, 0.65, how_small),
    ]


def _figure(name: str, value: float, least: float, how: str) -> Figure:
    return Figure(name=name, value=value, unit="x", goal=f"at least {least}", ok=value >= least, how=how)


def _rates(edges: tuple[int, int], sizes: Sizes, *, model: Path, engine: Engine) -> Rates:
    preprocessing = read_card(model).preprocessing
    with _folder(edges, sizes) as folder:
        paths = sorted(folder.glob("*.jpg"))
        pixels = np.stack([decode(path, preprocessing).pixels for path in paths[:8]])
        usual = _usual_loop(model, preprocessing) if sizes.usual else None
        rounds = [
            (
                _index_rate(folder, model),
                _decoding_rate(paths, preprocessing),
                _forward_rate(pixels, engine, len(paths)),
                usual(paths[: sizes.usual]) if usual else float("nan"),
            )
            for _ in range(ROUNDS)
        ]
    indexing, decoding, forward, usually = zip(*rounds, strict=True)
    return Rates(
        index=median(indexing),
        decoding=median(decoding),
        forward=median(forward),
        usual=median(usually),
        of_limit=median(i * (1 / d + 1 / f) for i, d, f, _ in rounds),
        of_forward=median(i / f for i, _, f, _ in rounds),
        of_usual=median(i / u for i, _, _, u in rounds),
    )


def _index_rate(folder: Path, model: Path) -> float:
    """Photos per second from the first that is opened until the last is safe on disk."""
    with tempfile.TemporaryDirectory() as library:
        report = index(folder, Path(library) / "library", model=model, device="cpu")
    return report.photos_per_second


def _decoding_rate(paths: Sequence[Path], preprocessing: Preprocessing) -> float:
    with ThreadPoolExecutor(available_cores()) as pool:
        return _rate(lambda: list(pool.map(lambda path: decode(path, preprocessing), paths)), len(paths))


def _forward_rate(pixels: NDArray[np.uint8], engine: Engine, count: int) -> float:
    def encode(number: int) -> None:
        engine.encode(pixels[number % len(pixels)][None])

    with ThreadPoolExecutor(engine.lanes) as pool:
        return _rate(lambda: list(pool.map(encode, range(count))), count)


def _usual_loop(model: Path, preprocessing: Preprocessing) -> Callable[[Sequence[Path]], float]:
    """Pillow decodes the whole picture and makes the thumbnail, torch runs eagerly in float32, one after the other."""
    import torch

    network = load_network(model)
    size, short = preprocessing.size, preprocessing.short_edge

    def load(path: Path) -> NDArray[np.uint8]:
        with Image.open(path) as image:
            picture = image.convert("RGB")
        small = picture.copy()
        small.thumbnail((256, 256))
        small.save(io.BytesIO(), "JPEG")
        scale = short / min(picture.size)
        picture = picture.resize(
            (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC
        )
        left, top = (picture.width - size) // 2, (picture.height - size) // 2
        return np.asarray(picture.crop((left, top, left + size, top + size)))

    def work(paths: Sequence[Path]) -> None:
        with torch.inference_mode():
            network(torch.from_numpy(np.stack([load(path) for path in paths])))

    return lambda paths: _rate(lambda: work(paths), len(paths))


def _rate(work: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


@contextlib.contextmanager
def _folder(edges: tuple[int, int], sizes: Sizes) -> Iterator[Path]:
    """A folder of JPEGs with the grain and the detail of photos; further links to the same files fill it up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(sizes.photos):
            path = folder / f"photo-{number:05d}.jpg"
            if number < sizes.different:
                path.write_bytes(_photo(edges, seed=number))
            else:
                os.link(folder / f"photo-{number % sizes.different:05d}.jpg", path)
        yield folder


def _photo(edges: tuple[int, int], *, seed: int) -> bytes:
    generator = np.random.default_rng(seed)
    width, height = edges
    values = np.full((height, width, 3), 20.0, np.float32)
    for step, strength in ((400, 110), (90, 50), (20, 25), (5, 12)):
        cells = generator.random((height // step + 3, width // step + 3, 3), np.float32) * 255
        layer = Image.fromarray(cells.astype(np.uint8)).resize(edges, Image.Resampling.BICUBIC)
        values += np.asarray(layer, np.float32) * (strength / 255)
    values += generator.normal(0, 3, (height, width, 1)).astype(np.float32)
    target = io.BytesIO()
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(target, "JPEG", quality=90)
    return target.getvalue()
