# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What several tests stand on."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable
from typing import ClassVar

from .servers import Postgres, started


class DatabaseCase(unittest.TestCase):
    """With a PostgreSQL for all its tests, which has the registry's schema."""

    database: ClassVar[Postgres]

    @classmethod
    def setUpClass(cls) -> None:
        server = started("postgres")
        assert isinstance(server, Postgres)
        cls.database = server

    @classmethod
    def tearDownClass(cls) -> None:
        cls.database.stop()


def in_child(body: Callable[[], bool]) -> int:
    """How a forked child ends: 0 where the body is true, 2 where it isn't, 1 where it raises."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if body() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
