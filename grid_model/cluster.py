"""Workers for cases and chains of windows: those of a running dask cluster, or processes of this machine.

Local workers do one task at a time, say nothing, show no dashboard and leave Ctrl-C to the process that started
them. A worker that dies is replaced, and its tasks are tried again; a task whose worker died `LIVES` times is given up.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psutil

from grid_model.errors import InputError, Problem

if TYPE_CHECKING:
    from distributed import Client

LIVES = 3
PATIENCE = 60  # seconds until a running cluster must have a worker
QUIET = {
    "distributed.scheduler.allowed-failures": LIVES - 1,
    "distributed.worker.preload": ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"],
    # Solvers take and give back the same large pieces of memory again and again: given to the system each time (dask's
    # default), that is a quarter of a window's time (docs/performance.md).
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": str(1 << 29),
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "distributed.nanny.pre-spawn-environ.MALLOC_ARENA_MAX": "1",  # every solve has a thread, which would keep pieces of its own
    "distributed.nanny.pre-spawn-environ.GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # huge pages: a simplex looks all over its memory
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.scheduler.http.routes": [],
    "distributed.admin.tick.limit": "1h",  # a solver may hold the interpreter for long
}


@contextmanager
def client_of(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of the cluster at an address, or of as many local workers; InputError where no such cluster answers."""
    import dask  # slow to import, and most runs need no cluster
    from distributed import Client, LocalCluster

    if scheduler is not None:
        with _connected(scheduler) as client:
            yield client
        return
    with (
        dask.config.set(QUIET),
        _silent(),
        _without_main(),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        closing(Client(cluster)) as client,  # as a context of its own it could only be left by the thread that entered it
    ):
        yield client


@contextmanager
def _silent() -> Iterator[None]:
    """What dask says of its own processes, such as that one takes long to end, is nothing that a user could mend."""
    loggers = [logging.getLogger(name) for name in ("distributed.nanny", "distributed.worker", "distributed.scheduler")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before):
            logger.setLevel(level)


@contextmanager
def _without_main() -> Iterator[None]:
    """Workers are new processes, which would run the user's script anew: they need nothing of it, and are not told of it."""
    main = sys.modules["__main__"]
    told = {name: getattr(main, name) for name in ("__spec__", "__file__") if hasattr(main, name)}
    main.__spec__ = None
    main.__dict__.pop("__file__", None)
    try:
        yield
    finally:
        main.__dict__.update(told)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=PATIENCE / 4)
    except (OSError, ValueError, TypeError) as error:
        said = str(error) or type(error).__name__
        raise InputError(
            Problem("--scheduler", value=scheduler, allowed=f"the address of a running scheduler ({said})")
        ) from None
    with closing(client):
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise InputError(Problem("--scheduler", value=scheduler, allowed="a scheduler that has workers")) from None
        yield client


def lost_its_workers(error: Exception | None) -> bool:
    """Whether a task ended because its worker died, time after time."""
    from distributed.scheduler import KilledWorker

    return isinstance(error, KilledWorker)


def cores() -> int:
    """How many processors this process may use."""
    return len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()


@contextmanager
def warnings_of_a_task():
    """Gathers the warnings of this thread; workers say nothing themselves."""
    said: list[str] = []

    class Gather(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == threading.get_ident() and record.getMessage().strip() not in said:
                said.append(record.getMessage().strip())

    root, handler = logging.getLogger(), Gather(logging.WARNING)
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield said
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
