# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The Python half of ``Tests/RegistryTests/SideBySideTests.swift``: says where keys belong in each version that it is served.

Usage: side_by_side.py URL TABLE LAST_VERSION KEYS; the keys are a JSON array of arrays. Prints a line a version: the version, and
the answers in the keys' order, separated by tabs. Ends once LAST_VERSION is served.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys

from partition_router import Key, Router, open_registry


async def main(url: str, table: str, last: int, keys: list[tuple[Key, ...]]) -> None:
    router = Router(table, open_registry(url, {}))
    running = asyncio.create_task(router.run())
    async for _ in router.versions():
        routed = router.group(enumerate(keys), lambda row: row[1])
        answers = {number: str(miss.reason.value) for (number, _), miss in routed.misses}
        versions = {miss.version for _, miss in routed.misses}
        for partition, rows in routed.groups:
            versions.add(partition.version)
            answers.update({number: f"={partition.schema}.{partition.name}" for number, _ in rows})
        (version,) = versions
        print(version, *(answers[number] for number in range(len(keys))), sep="\t")
        if version is not None and version >= last:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    # Misses are what this is about; a log line of each would drown the rest.
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), [tuple(key) for key in json.loads(sys.argv[4])]))
