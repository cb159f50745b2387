"""The forward pass on GPUs, and on CPUs without OpenVINO."""

import threading
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hashviewer.encoding.engine import Encoded
from hashviewer.errors import EncodingError
from hashviewer.networks import load_network

# On a CPU, large batches gain little and a query would wait for a whole one.
_BATCHES = {"cpu": 4, "cuda": 64, "mps": 32}


class TorchEngine:
    """A network in torch.

    Every batch is filled up to `batch`, so that kernels are chosen alike for a full batch, the last one and a single
    query. Where memory does not suffice the batch is halved, for good.

    Args:
        network: Called with pixels (batch, size, size, 3) uint8, gives outputs and features.
        device: Where it is.
        precision: "float32" or "bfloat16".
        batch: Pictures of one forward pass.
    """

    name = "torch"
    lanes = 1

    def __init__(self, network: torch.nn.Module, *, device: str, precision: str, batch: int) -> None:
        self.device = device
        self.precision = precision
        self.batch = batch
        self._network: torch.nn.Module | None = network
        self._turn = threading.Lock()

    @classmethod
    def open(cls, model: Path, *, device: str, precision: str) -> "TorchEngine":
        """Load the checkpoint onto a device: "cpu", "cuda", "cuda:N" or "mps".

        Raises:
            EncodingError: The device is not available, or its memory does not suffice.
        """
        check_device(device)
        network = load_network(model).eval()
        kind = torch.device(device).type
        if kind == "cuda":
            torch.backends.cudnn.deterministic = True
            torch.backends.cudnn.benchmark = False
            torch.backends.cudnn.allow_tf32 = False
            torch.backends.cuda.matmul.allow_tf32 = False
        try:
            network = network.to(device)
        except (torch.OutOfMemoryError, RuntimeError) as error:
            raise EncodingError(
                f"The device “{device}” could not take the network: {_first_line(error)}"
            ) from error
        chosen = (
            "float32" if precision == "auto" else precision
        )  # bfloat16 turns up to 0.5 % of the bits over
        return cls(network, device=device, precision=chosen, batch=_BATCHES[kind])

    def encode(self, pixels: NDArray[np.uint8]) -> Encoded:
        """See `Engine.encode`."""
        with self._turn:
            outputs: list[NDArray[np.float32]] = []
            features: list[NDArray[np.float32]] = []
            done = 0
            while done < len(pixels):
                part = pixels[done : done + self.batch]
                try:
                    some = self._forward(part)
                except torch.OutOfMemoryError as error:
                    self._halve(error)
                    continue
                except RuntimeError as error:
                    raise EncodingError(
                        f"The device “{self.device}” failed while it encoded photos: {_first_line(error)}"
                    ) from error
                outputs.append(some[0])
                features.append(some[1])
                done += len(part)
            return Encoded(np.concatenate(outputs), np.concatenate(features))

    def close(self) -> None:
        """See `Engine.close`."""
        self._network = None
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()

    def _forward(self, part: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert self._network is not None, "closed"
        filled = np.zeros((self.batch, *part.shape[1:]), np.uint8)
        filled[: len(part)] = part
        kind = torch.device(self.device).type
        with (
            torch.inference_mode(),
            torch.autocast(kind, torch.bfloat16, enabled=self.precision == "bfloat16"),
        ):
            outputs, features = self._network(torch.from_numpy(filled).to(self.device))
        count = len(part)
        return outputs[:count].float().cpu().numpy(), features[:count].float().cpu().numpy()

    def _halve(self, error: torch.OutOfMemoryError) -> None:
        if self.batch == 1:
            raise EncodingError(
                f"The memory of “{self.device}” does not suffice for even one photo. Close other programs that use "
                "it, or choose the device “cpu”."
            ) from error
        self.batch //= 2
        if self.device.startswith("cuda"):
            torch.cuda.empty_cache()


def best_device() -> str:
    """Either "cuda", "mps" or "cpu": the fastest that torch can use here."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def check_device(device: str) -> None:
    """Raises `EncodingError` where torch cannot use a device, with what there is."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    where = torch.device(device)
    if not there[where.type]:
        names = {"cuda": "No CUDA GPU", "mps": "No Apple GPU"}
        raise EncodingError(
            f"{names[where.type]} that torch can use is here, so the device “{device}” is not available. Leave the "
            "device out, or choose “cpu”."
        )
    if where.index is not None and where.type == "cuda" and where.index >= torch.cuda.device_count():
        raise EncodingError(
            f"There is no device “{device}”: this machine's GPUs are cuda:0 to cuda:{torch.cuda.device_count() - 1}."
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
