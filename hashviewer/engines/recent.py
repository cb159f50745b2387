"""What was read lately, so that it is not asked for again."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key")
Thing = TypeVar("Thing")


class Recent(Generic[Key, Thing]):
    """The things used last, up to a number; safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._things: OrderedDict[Key, Thing] = OrderedDict()

    def get(self, key: Key) -> Thing | None:
        """The thing, which counts as used; None if it is not here."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, things: Mapping[Key, Thing]) -> None:
        """Keep some things; those used least lately go."""
        with self._lock:
            for key, thing in things.items():
                self._things[key] = thing
                self._things.move_to_end(key)
            while len(self._things) > self._most:
                self._things.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
