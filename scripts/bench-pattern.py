#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What the pattern's own client costs, and the same with bisect; run by `make bench-router`.

Usage: bench-pattern.py PARTITIONS...; prints nanoseconds of processor time a lookup, as JSON. Partitions are daily from 2026-01-01; each way
is timed for about a third of a second, and for three batches of a hundred keys at least: the pattern's function takes a thousand times
longer for the last partition than for the first, so that no single key says anything. The least disturbed batch counts.
"""

import json, platform, random, sys, time
from bisect import bisect_right
from datetime import date, timedelta

def resolve_partition(entity_name, target_date, partition_map):
    for boundary in partition_map:
        p_start = date.fromisoformat(boundary["start"])
        p_end = date.fromisoformat(boundary["end"])
        if p_start <= target_date < p_end:
            return boundary["name"]
    raise ValueError(f"no partition for {target_date} on {entity_name}")

def timed(body, keys):
    best, spent, index, batches = float("inf"), 0.0, 0, 0
    while spent < 0.33 or batches < 3:
        batches += 1
        batch = [keys[(index + n) % len(keys)] for n in range(batch_size)]
        index += batch_size
        begin = time.process_time()
        for key in batch:
            body(key)
        took = time.process_time() - begin
        spent += took
        best = min(best, took / batch_size)
    return best * 1e9

results = []
for count in map(int, sys.argv[1:]):
    first = date(2026, 1, 1)
    days = [first + timedelta(n) for n in range(count + 1)]
    partition_map = [
        {"name": f"events_{n}", "start": days[n].isoformat(), "end": days[n + 1].isoformat()} for n in range(count)
    ]
    starts, ends, names = days[:-1], days[1:], [boundary["name"] for boundary in partition_map]

    def search(key):
        index = bisect_right(starts, key) - 1
        if index < 0 or key >= ends[index]:
            raise ValueError
        return names[index]

    random.seed(1)
    keys = [random.choice(starts) for _ in range(1000)]
    for key in keys[:3]:
        assert search(key) == resolve_partition("events", key, partition_map)
    batch_size = 1000
    with_bisect = timed(search, keys)
    batch_size = max(100, 100_000 // count)
    results.append({
        "partitions": count, "bisect": with_bisect,
        "patternsFunction": timed(lambda key: resolve_partition("events", key, partition_map), keys),
    })
print(json.dumps({"version": platform.python_version(), "results": results}))
