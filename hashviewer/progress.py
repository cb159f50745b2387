"""How slow functions report and how they are stopped.

A slow function takes one keyword, ``progress``, and calls it in its loop. The call raises `Cancelled` when a
stop was asked for: the function lets it pass after making sure that what is done stays.
"""

from typing import Protocol


class Cancelled(Exception):  # noqa: N818 - a request from the user, not an error
    """The user asked to stop."""


class Progress(Protocol):
    """Receives how far a slow function is."""

    def __call__(self, done: int, total: int | None = None, message: str = "") -> None:
        """Note the state; raises `Cancelled` to stop the caller.

        Args:
            done: Steps finished, counted from 0.
            total: All steps, or None while that is not known.
            message: A few words for the user, such as "214 photos/s, 2 min left".
        """


def silent(done: int, total: int | None = None, message: str = "") -> None:
    """The progress that nobody watches and that never cancels."""
