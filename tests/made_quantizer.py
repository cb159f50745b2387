"""A quantizer with random words as a checkpoint, and a library of codes and features that it has made: no training."""

from pathlib import Path

import numpy as np
import torch
from made_library import new_photo, picture

from hashviewer import codes as packed
from hashviewer.images import Preprocessing
from hashviewer.library import CodeSetInfo, Library, LibraryWriter
from hashviewer.methods import Method, Shape, find_method, save_method, signs
from hashviewer.networks import Card, read_card

DIM = 12
KEY = "words"
CLASSES = 3

# each quantizer of the registry in each of its forms, with a length of codes
FORMS: dict[str, tuple[str, int, dict]] = {
    "dpq": ("dpq", 16, {"slice_length": 5, "word_length": 4}),
    "dpq of length 1": ("dpq", 24, {"slice_length": 5, "word_length": 4, "normalize": True}),
    "dqn": ("dqn", 24, {"dimensions": 10}),  # blocks of 3, 4 and 3 columns
    "dqn as released": ("dqn", 16, {"dimensions": 10, "product": False}),
    "dsq": ("dsq", 16, {"dimensions": 9}),
    "dsq by squared distance": ("dsq", 24, {"dimensions": 9, "compare": "euclidean"}),
    "dtq": ("dtq", 16, {"dimensions": 9}),
    "dvsq": ("dvsq", 32, {"dimensions": 9}),
    "spdaq": ("spdaq", 16, {"dimensions": 9}),
    "subic of 64": ("subic", 24, {}),
    "subic of 256": ("subic", 32, {}),
    "subic of 16": ("subic", 40, {"words": 16}),
}


def made_method(form: str, *, head: str = "mlp", seed: int = 0) -> Method:
    """A method with random numbers wherever training would put some."""
    key, bits, settings = FORMS[form]
    torch.manual_seed(seed)
    method = find_method(key).method(**settings)
    method.build(Shape(DIM, bits, CLASSES, head, 14))
    with torch.no_grad():
        method.scaling.mean = torch.randn(DIM)
        method.scaling.scale = torch.tensor(1.7)
        for name, tensor in [*method.named_parameters(), *method.named_buffers()]:
            if name in ("books", "offsets", "centres") or name.endswith("bias"):
                tensor.data = 0.5 * torch.randn(tensor.shape)
    return method.eval().requires_grad_(requires_grad=False)


def saved(path: Path, method: Method, settings: dict, *, half: bool = False, **about: str) -> Card:
    """The checkpoint of a method, as training writes it."""
    told = {
        "backbone": "dsh-small",
        "backbone_sha256": "",
        "preprocessing": Preprocessing(size=32).to_json(),
        "feature_dim": str(DIM),
    }
    save_method(path, method, settings, {**told, **about}, half=half)
    return read_card(path)


def features_of(count: int, *, seed: int = 0) -> np.ndarray:
    """(count, DIM) as a library keeps them, in 16 bits."""
    drawn = np.random.default_rng(seed).normal(size=(count, DIM))
    return drawn.astype(np.float16).astype(np.float32)


def codes_of(method: Method, features: np.ndarray) -> np.ndarray:
    """(N, bits) of -1 and +1."""
    with torch.no_grad():
        return signs(method.encode(method.outputs(torch.from_numpy(features)))).numpy()


def distances_of(method: Method, features: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(Q, N) by the method itself."""
    with torch.no_grad():
        outputs = method.outputs(torch.from_numpy(features))
        return method.distances(outputs, torch.from_numpy(codes).float()).numpy()


def info_of(card: Card, *, key: str = KEY, **changes) -> CodeSetInfo:
    """The code set that indexing with a checkpoint makes."""
    fields = {
        "key": key,
        "model": card.name,
        "method": card.method,
        "bits": card.bits,
        "feature_dim": DIM,
        "encoded": 0,
        "model_sha256": card.sha256,
        "preprocessing": card.preprocessing.to_json(),
        "engine": "torch",
        "precision": "float32",
        "model_path": str(card.path),
        "query": card.query,
    }
    return CodeSetInfo(**{**fields, **changes})


def add_codes(writer: LibraryWriter, info: CodeSetInfo, codes: np.ndarray, features: np.ndarray) -> None:
    """The codes (N, bits) of -1 and +1 for the first rows."""
    outputs = codes.astype(np.float32)
    kept = features[:, : info.feature_dim]
    writer.add_codes(info, 0, packed.pack(codes > 0), outputs, kept, np.ones(len(codes), np.bool_))


def make_library(path: Path, info: CodeSetInfo, codes: np.ndarray, features: np.ndarray) -> Path:
    """A library of drawn photos with these codes (N, bits) of -1 and +1."""
    root = path.with_name(path.name + " photos")
    names = [f"{('sea', 'wood')[row % 2]}/{row:03d}.jpg" for row in range(len(codes))]
    photos = []
    for row, name in enumerate(names):
        data = picture((5 * row % 250, 60, 250 - 5 * row % 250))
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
        photos.append(new_photo(name, name.partition("/")[0], data))
    with Library.create(path, root=root) as library, LibraryWriter(library) as writer:
        if photos:
            writer.add_photos(photos)
            add_codes(writer, info, codes, features)
    return path
