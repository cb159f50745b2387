"""Back and forward over what was asked."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
LIMIT = 200


@dataclass(frozen=True, slots=True)
class History(Generic[T]):
    """A trail of steps and where we stand on it; immutable.

    Attributes:
        steps: Oldest first.
        at: Index of the present step; -1 while there is none.
    """

    steps: tuple[T, ...] = ()
    at: int = -1

    @property
    def present(self) -> T | None:
        """The step we stand on."""
        return self.steps[self.at] if self.at >= 0 else None

    @property
    def can_go_back(self) -> bool:
        """Whether there is an earlier step."""
        return self.at > 0

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a later step."""
        return self.at < len(self.steps) - 1

    def after(self, step: T) -> "History[T]":
        """A new step was made: what lay ahead is forgotten."""
        steps = (*self.steps[: self.at + 1], step)[-LIMIT:]
        return History(steps, len(steps) - 1)

    def with_present(self, step: T) -> "History[T]":
        """The present step put in another form; a first step when there is none."""
        if self.at < 0:
            return self.after(step)
        return History((*self.steps[: self.at], step, *self.steps[self.at + 1 :]), self.at)

    def back(self) -> "History[T]":
        """One step back; the same when there is none."""
        return History(self.steps, self.at - 1) if self.can_go_back else self

    def forward(self) -> "History[T]":
        """One step forward; the same when there is none."""
        return History(self.steps, self.at + 1) if self.can_go_forward else self
