#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Builds the router's benchmarks for release, runs them with a Redis and a PostgreSQL of their own, and writes what was measured
# into docs/router-benchmarks.md and docs/router-benchmarks.json. Takes some minutes; leave the machine alone meanwhile. Exits 1 where a
# figure is beyond what is promised, after writing it.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

scripts/setup.sh
swift build -c release --product RouterBenchmarks
program=$(swift build -c release --show-bin-path)/RouterBenchmarks

place=$(TMPDIR=/tmp mktemp -d)
redis=""
finish() {
    local status=$?
    trap - EXIT
    [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
    [ -z "$redis" ] || wait "$redis" 2>/dev/null || true
    rm -rf "$place"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --dir "$place" --save "" --appendonly no >"$place/redis.log" &
redis=$!
for _ in $(seq 100); do
    ! redis-cli -h 127.0.0.1 -p "$port" ping >/dev/null 2>&1 || break
    kill -0 "$redis" 2>/dev/null || fail "Redis didn't start: $(tail -n 3 "$place/redis.log")"
    sleep 0.1
done

missed=0
"$program" --redis "redis://127.0.0.1:$port" --python-script scripts/bench-pattern.py \
    --markdown "$place/benchmarks.md" >"$place/benchmarks.json" || missed=$?
# Anything but 1 is no measurement.
[ "$missed" -le 1 ] || fail "The benchmarks ended with status $missed."
mv "$place/benchmarks.md" docs/router-benchmarks.md
mv "$place/benchmarks.json" docs/router-benchmarks.json
sed -n '/^## Promises/,/^## Lookups/p' docs/router-benchmarks.md | sed '$d'
exit "$missed"
