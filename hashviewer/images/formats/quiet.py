import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_state: list[warnings.catch_warnings] = []
_inside = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Mute Python's warnings while Pillow reads a file: what is odd about the file is no concern of the user.

    Python's own `warnings.catch_warnings` breaks the filters when several threads leave it in another order than
    they came. Here the first thread in mutes and the last one out restores.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _state.append(warnings.catch_warnings())
            _state[0].__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _state.pop().__exit__(None, None, None)
