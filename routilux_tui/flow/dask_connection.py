"""The way to a Dask cluster: a client of it, and the cluster itself where it is this machine's."""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any

from routilux_tui.errors import ExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECTS_WITHIN = 20.0


class DaskConnection:
    """Connects when it is first needed, and again after it was let go of.

    Args:
        address: the scheduler's, as HOST:PORT; empty for a cluster of this machine's processes.
        processes: how many of these; by default one for each processor.
        on_event: is called with what workers tell, in a thread of the client's.

    Attributes:
        client: Dask's own; None while there is none.
        topic: what workers tell of the job, and by what they know it, until it is let go of.
    """

    def __init__(self, address: str, processes: int, on_event: Callable[[Any], None]) -> None:
        self._address, self._processes = address, processes
        self._on_event = on_event
        self.client: Any = None
        self.topic = ""
        self._cluster: Any = None
        self._connecting = threading.Lock()
        self._failures, self._unreachable = 0, ""

    def connect(self) -> None:
        """Have a client.

        Raises:
            ExecutionError: when the scheduler does not answer.
        """
        failures = self._failures
        with self._connecting:
            if self.client is not None:
                return
            if self._failures != failures:  # tried in vain while this one waited to try
                raise ExecutionError(self._unreachable)
            from distributed import Client

            logging.getLogger("distributed").setLevel(logging.ERROR)  # what matters is said by us
            where = f"tcp://{self._address}"
            try:
                if not self._address:
                    self._cluster, where = _local_cluster(self._processes), ""
                client = Client(
                    self._cluster or where,
                    timeout=_CONNECTS_WITHIN,
                    set_as_default=False,
                    name="routilux-tui",
                )
            except (OSError, RuntimeError, ValueError) as error:
                place = self._address or "this machine"
                self._failures += 1
                self._unreachable = f"Dask's scheduler at {place} can't be reached: {error}"
                raise ExecutionError(self._unreachable) from error
            self.topic = f"routilux-{uuid.uuid4()}"
            client.subscribe_topic(self.topic, self._on_event)
            self.client = client

    def disconnect(self) -> None:
        """Let go of the cluster; a local one ends."""
        with self._connecting:
            client, self.client = self.client, None
            cluster, self._cluster = self._cluster, None

        def close() -> None:
            for one in (client, cluster):
                if one is not None:
                    with contextlib.suppress(Exception):
                        one.close(timeout=5)

        if client is not None:
            threading.Thread(target=close, name="dask close").start()


def _local_cluster(processes: int) -> Any:
    import dask
    from distributed import LocalCluster

    # Else Dask gives up for good, and without a word, a worker that is just being started anew
    # when so long has passed since it died: by default 15 seconds. Dask reads this at each death.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "10000 days"})
    return LocalCluster(
        n_workers=processes or None,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
    )
