from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value.

    Attributes:
        name: What was measured, unique among all figures.
        value: The number.
        unit: Its unit; "x" for ratios.
        goal: What is aimed at, in words.
        ok: Whether the goal is reached; None where there is none.
        how: The conditions and the numbers behind it.
    """

    name: str
    value: float
    unit: str
    goal: str
    ok: bool | None
    how: str
