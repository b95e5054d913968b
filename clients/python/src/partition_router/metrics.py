# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Where a router counts."""

from __future__ import annotations

import logging
from typing import Protocol


class Metrics(Protocol):
    """Where a router counts; called from whatever thread looks a key up. Names and labels as in the Swift router."""

    def increment(self, name: str, labels: dict[str, str]) -> None: ...

    def gauge(self, name: str, labels: dict[str, str], value: float) -> None: ...


class TableMetrics:
    """Those of one table. What the application's object raises ends neither a lookup nor the reading of maps."""

    def __init__(self, table: str, metrics: Metrics | None, logger: logging.Logger) -> None:
        self._labels = {"table": table}
        self._metrics = metrics
        self._logger = logger
        self._has_said = False

    def increment(self, name: str, reason: str) -> None:
        if self._metrics is not None:
            try:
                self._metrics.increment(name, self._labels | {"reason": reason})
            except Exception:
                self._say(name)

    def gauge(self, name: str, value: float) -> None:
        if self._metrics is not None:
            try:
                self._metrics.gauge(name, dict(self._labels), value)
            except Exception:
                self._say(name)

    def _say(self, name: str) -> None:
        if not self._has_said:
            self._has_said = True
            self._logger.error("the metric %s can't be counted; this is said once", name, exc_info=True)
