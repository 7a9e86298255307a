"""Workers for cases: those of a running dask cluster, or processes of this machine by its cores and memory.

Local workers solve one case at a time, say nothing, show no dashboard and leave Ctrl-C to the process that started
them. A worker that dies is replaced, and its cases are tried again; a case whose worker died `LIVES` times is given up.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dask
import psutil
from distributed import Client, LocalCluster

from grid_model.errors import InputError, Problem
from grid_model.scenario import Scenario

LIVES = 3
PATIENCE = 60  # seconds until a running cluster must have a worker
IDLE_MB, STEP_AND_ZONE_MB = (
    400.0,
    0.13,
)  # of a process; more for each hour and zone: the committed week of 31 takes 863 MB
QUIET = {
    "distributed.scheduler.allowed-failures": LIVES - 1,
    "distributed.worker.preload": ["import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"],
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
    if scheduler is not None:
        with _connected(scheduler) as client:
            yield client
        return
    with (
        dask.config.set(QUIET),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    try:
        client = Client(scheduler, timeout=PATIENCE / 4)
    except (OSError, ValueError, TypeError) as error:
        said = str(error) or type(error).__name__
        raise InputError(
            Problem("--scheduler", value=scheduler, allowed=f"the address of a running scheduler ({said})")
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise InputError(Problem("--scheduler", value=scheduler, allowed="a scheduler that has workers")) from None
        yield client


def local_workers(scenario: Scenario, cases: int) -> int:
    """How many cases this machine can solve side by side: no more than cores, cases, or what memory allows."""
    each = IDLE_MB + STEP_AND_ZONE_MB * scenario.horizon.steps * _zones(scenario)
    fit = int(psutil.virtual_memory().available / 2**20 / each)
    cores = len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else psutil.cpu_count()
    return max(1, min(cores, cases, fit))


def _zones(scenario: Scenario) -> int:
    table = scenario.inputs / "zones.csv"
    return len(scenario.zones) or (max(1, len(table.read_bytes().splitlines()) - 1) if table.is_file() else 1)
