"""A connection to the Dask scheduler that the user has named, or workers of our own on this machine.

Dask's processes talk by pickle. That is why this is loaded only where the user names a scheduler, whoever can reach
which may run programs on its workers: see docs/decisions.md.
"""

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hashviewer.encoding.cores import available_cores
from hashviewer.errors import EncodingError
from hashviewer.progress import Progress

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

LOCAL = "local:"
EXTRA = "pip install 'hashviewer[cluster]'"
_CONNECT = 10.0  # s
_WORKERS = 30.0  # s; so long a scheduler may have no worker
_TICK = 0.1  # s
_NICE = 5  # the window goes first


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers to give tasks to.

    Attributes:
        client: Dask's own.
        lanes: Forward passes at the same time for each worker; 0 takes as many as the worker has threads.
    """

    client: "Client"
    lanes: int

    def workers(self) -> dict[str, int]:
        """The workers' addresses, and how many tasks each takes at a time.

        Raises:
            EncodingError: The connection is lost.
        """
        if self.client.status != "running":
            raise lost()
        try:
            known = self.client.scheduler_info()["workers"]
        except (OSError, TimeoutError) as error:
            raise lost() from error
        return {address: int(worker["nthreads"]) for address, worker in known.items()}

    def await_workers(self, progress: Progress) -> dict[str, int]:
        """The workers, waiting for the first.

        Raises:
            EncodingError: There is none within half a minute.
        """
        until = time.monotonic() + _WORKERS
        while not (workers := self.workers()):
            progress(0, None, "Waiting for the scheduler's workers")
            if time.monotonic() > until:
                raise no_workers()
            time.sleep(_TICK)
        return workers


@contextmanager
def connected(scheduler: str) -> Iterator[Crew]:
    """Workers for the time of a `with`.

    Args:
        scheduler: An address such as "tcp://10.0.0.1:8786", or "local:N" for N processes on this machine.

    Raises:
        EncodingError: Dask is not installed, the address is none, or nobody answers there.
    """
    try:
        import distributed
    except ImportError as error:
        raise EncodingError(
            f"Encoding on several machines needs Dask, which is not installed. Install it with {EXTRA}."
        ) from error
    with ExitStack() as stack:
        if scheduler.startswith(LOCAL):
            count = _count(scheduler)
            cluster = stack.enter_context(_local(count))
            client = stack.enter_context(distributed.Client(cluster, set_as_default=False))
            yield Crew(client, lanes=max(1, available_cores() // count))
            return
        try:
            client = distributed.Client(scheduler, timeout=_CONNECT, set_as_default=False)
        except TypeError as error:  # what it says of an encrypted one without a context of ours
            raise EncodingError(
                f"The scheduler at “{scheduler}” wants an encrypted connection, for which Dask needs its keys: name them in Dask's "
                "configuration (distributed.comm.tls), as on the scheduler's machine."
            ) from error
        except (OSError, ValueError, TimeoutError) as error:
            raise EncodingError(
                f"There is no Dask scheduler at “{scheduler}” ({_reason(error)}). Give the address that “dask scheduler” "
                "prints when it starts, such as tcp://10.0.0.1:8786, or local:2 for two processes on this machine."
            ) from error
        stack.callback(_close, client)
        yield Crew(client, lanes=0)


def no_workers() -> EncodingError:
    """There is a scheduler and nobody to do the work."""
    return EncodingError(
        "The scheduler has no workers. Start some with “dask worker ADDRESS” on machines that see the photos' and the "
        "library's folders, then run the same command again: what is done is kept."
    )


def lost() -> EncodingError:
    """The scheduler does not answer any more."""
    return EncodingError(
        "The connection to the scheduler was lost. Start it again if need be, then run the same command again: what is "
        "done is kept."
    )


def dask_setup(worker: object) -> None:
    """Called by Dask in each process of `local:N` as it starts: Ctrl-C is meant for their parent, which ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICE)


def _count(scheduler: str) -> int:
    number = scheduler.removeprefix(LOCAL)
    if not number.isdecimal() or not 1 <= int(number) <= 256:
        raise EncodingError(
            f"“{scheduler}” is no number of processes: write local:2 for two processes on this machine, up to local:256."
        )
    return int(number)


@contextmanager
def _local(count: int) -> Iterator[Any]:
    """Processes on this machine, reachable from this machine only, without a dashboard."""
    from distributed import LocalCluster

    security = _encryption()
    try:
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            protocol="tls" if security else "tcp",
            security=security,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0", "dashboard": False},  # not the port 8787
            silence_logs=logging.ERROR,
            memory_limit=0,  # a large picture is no reason to end a worker
            preload=[__name__],
        )
    except (OSError, RuntimeError, TimeoutError) as error:
        raise EncodingError(
            f"The processes cannot be started ({_reason(error)}). Ask for fewer, or close other programs."
        ) from error
    with cluster:
        yield cluster


def _encryption() -> "Security | None":
    """Keys that only these processes have, so that no other user of this machine can give them work; None without."""
    from distributed.security import Security

    with suppress(ImportError):
        return Security.temporary()
    return None


def _close(client: "Client") -> None:
    with suppress(OSError, TimeoutError):
        client.close(timeout=2)


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
