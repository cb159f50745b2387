from collections.abc import Mapping

import torch

from hashviewer.errors import TrainingError


def check_bfloat16(device: str) -> None:
    """Refuse to compute in 16 bits where the processor would only imitate it, slower than in 32.

    Raises:
        TrainingError: The text says what to do instead.
    """
    kind = torch.device(device).type
    supported = {
        "cpu": _cpu_has_bfloat16,
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        "mps": lambda: torch.backends.mps.is_macos_or_newer(14, 0),
    }
    if not supported[kind]():  # type: ignore[no-untyped-call]
        raise TrainingError(
            f"The {'GPU' if kind != 'cpu' else 'processor'} here does not compute in bfloat16 by itself, and imitating "
            "it is slower than 32 bits: leave out --bfloat16."
        )


def _cpu_has_bfloat16() -> bool:
    ask = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch cannot tell
    told: Mapping[str, object] = ask()
    return any(bool(told.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))
