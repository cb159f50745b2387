"""Which way to use, and why, in a sentence."""

from collections.abc import Sequence

from hashviewer.planner.plan import Goal, Option

WORTH = 0.8  # of the flat scan's time: what saves less is not worth an answer that knows less
SAVED = 250e-6  # s; nor is what saves less than this
ROUNDING = 1e-9


def choose(options: Sequence[Option], goal: Goal) -> int:
    """The fastest of HashViewer's own ways that reaches the goal; the flat scan, the first, unless one is clearly faster."""
    fastest = min(_able(options, goal), key=lambda place: options[place].expected.seconds)
    taken, flat = options[fastest].expected.seconds, options[0].expected.seconds
    return fastest if taken < min(WORTH * flat, flat - SAVED) else 0


def sentence(options: Sequence[Option], goal: Goal, chosen: int, *, rows: int, total: int) -> str:
    """Which way to use and why, for the user."""
    flat, choice = options[0].expected, options[chosen]
    if chosen:
        cost = choice.expected
        text = (
            f"{choice.name}: {_time(cost.seconds)} where the flat scan takes {_time(flat.seconds)}, for "
            f"{_comparisons(cost.candidates)} in {_probes(cost.probes)}; recall {_share(cost.recall)}, "
            f"{_size(choice.memory)} of memory, built in {_time(choice.build)}."
        )
    else:
        text = f"Flat scan: {_time(flat.seconds)}; {_against(options, goal)}."
    if rows < total:
        text += f" Measured on {rows:,} of {total:,} photos and counted up."
    return text


def _against(options: Sequence[Option], goal: Goal) -> str:
    """Why not tables."""
    able = [place for place in _able(options, goal) if place]
    if able:
        cost = options[min(able, key=lambda place: options[place].expected.seconds)].expected
        return (
            f"tables would need {_probes(cost.probes)} and {_comparisons(cost.candidates)}, "
            f"{_time(cost.seconds)}, for the same recall"
        )
    others = [option for option in options[1:] if option.how is not None]
    if not others:
        return "there is nothing to look up faster"
    best = max(others, key=lambda option: option.expected.recall)
    return f"no tables reach the recall of {_share(goal.recall)}, at best {_share(best.expected.recall)} ({best.name[0].lower()}{best.name[1:]})"


def _able(options: Sequence[Option], goal: Goal) -> list[int]:
    """The ways of HashViewer that reach the goal's recall; the flat scan always does."""
    return [
        place
        for place, option in enumerate(options)
        if option.how is not None and (place == 0 or option.expected.recall >= goal.recall - ROUNDING)
    ]


def _time(seconds: float) -> str:
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 0.9995 else f"{seconds:.3g} s"


def _share(recall: float) -> str:
    return f"{100 * int(recall * 10_000) / 10_000:.4g} %"


def _probes(count: float) -> str:
    return f"{count:,.0f} probe{'' if round(count) == 1 else 's'}"


def _comparisons(count: float) -> str:
    return f"{count:,.0f} comparison{'' if round(count) == 1 else 's'}"


def _size(memory: int) -> str:
    if memory < 1e6:
        return f"{memory / 1e3:,.0f} kB"
    return f"{memory / 1e6:,.0f} MB" if memory < 1e9 else f"{memory / 1e9:.1f} GB"
