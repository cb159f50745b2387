"""hashviewer bits: how the bits of a code set behave."""

from typing import TYPE_CHECKING

from hashviewer.cli.asking import (
    HERE,
    CodesOption,
    EngineOption,
    JsonOption,
    LibraryArgument,
    codes_of,
    opened,
)
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.watching import watched

if TYPE_CHECKING:
    from hashviewer.statistics import BitStatistics


def bits(
    library: LibraryArgument, codes: CodesOption = "", engine: EngineOption = HERE, json: JsonOption = False
) -> None:
    """Show balance, entropy and correlation of the bits over the library."""
    with opened(library, engine=engine) as workspace, watched() as progress:
        key = codes_of(workspace, codes)
        found = workspace.bit_statistics(key, progress=progress)
        if json:
            print_json({**document(found), "codes": key, "model": workspace.code_set(key).model})
        else:
            _say(found)


def document(found: "BitStatistics") -> dict[str, object]:
    """The statistics as JSON; correlations over the pairs of different bits, null where there are none."""
    mean, largest = correlation(found)
    counted = found.count > 0
    return {
        "bits": found.bits,
        "count": found.count,
        "balance": found.balance.tolist() if counted else [None] * found.bits,
        "entropy": found.entropy.tolist() if counted else [None] * found.bits,
        "correlation": {"mean_abs": mean, "max_abs": largest},
        "dead": list(found.dead),
        "sampled": found.sampled,
    }


def correlation(found: "BitStatistics") -> tuple[float | None, float | None]:
    """Mean and largest absolute correlation of two different bits."""
    import numpy as np

    pairs = np.abs(found.correlation[np.triu_indices(found.bits, k=1)])
    return (float(pairs.mean()), float(pairs.max())) if pairs.size else (None, None)


def _say(found: "BitStatistics") -> None:
    say_table(
        ("bit", "ones", "entropy"),
        [
            (bit, f"{100 * share:.1f} %", f"{entropy:.4f}")
            for bit, (share, entropy) in enumerate(zip(found.balance, found.entropy, strict=True))
        ],
    )
    mean, largest = correlation(found)
    if mean is not None:
        say(
            f"Correlation of two bits: {mean:.3f} on average, {largest:.3f} at most, over {found.sampled:,} photos."
        )
    dead = ", ".join(map(str, found.dead)) or "none"
    say(f"{found.bits} bits over {found.count:,} photos; bits that never change: {dead}.")
