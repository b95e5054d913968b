#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Sets up, builds, and runs the tests: all of them on the first version of PostgreSQL, those that use a database on each
# further one. Ends with one line, "N passed, N failed". For developers:
#   PG_VERSIONS="15 18"            the versions of PostgreSQL (default: 15 16 18; with TEST_FILTER: 15)
#   TEST_FILTER=LibPQTests.Deadline   only the tests whose identifier matches this regular expression
#   TEST_TIMEOUT=1500              seconds that the tests may take on one version
# In the environment the tests find PARTITION_CLI_PG_BIN (programs of the version under test), PARTITION_CLI_PYTHON (a
# Python with the Redis client), and PARTITION_CLI_TEST_STATE (a directory in which each server that a test starts leaves a
# file whose first line is its pid: what is still alive at the end is ended here, by that pid).

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

database_targets=(LibPQTests RegistryTests ProvisioningTests CommandTests)
filter=${TEST_FILTER:-}
if [ -n "$filter" ]; then default_versions="15"; else default_versions="15 16 18"; fi
read -r -a versions <<<"${PG_VERSIONS:-$default_versions}"
time_limit=${TEST_TIMEOUT:-1500}

# The tests make their own servers; what the caller's shell points at is none of their business.
for variable in "${!PG@}" DB_URL REGISTRY_URL PARTITION_CLI_CONFIG; do
    unset "$variable"
done

state=$(TMPDIR=/tmp mktemp -d -t pcli.XXXXXX)
# Servers run as another user when this runs as root, and their data lives below this directory.
chmod 755 "$state"
mkdir -m 755 "$state/servers"
mkdir -m 1777 "$state/tmp"
export PARTITION_CLI_TEST_STATE=$state/servers TMPDIR=$state/tmp
running=""

# The age of a process in seconds; prints nothing for one that is gone.
process_age() { # pid
    local ticks
    ticks=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20) || return 0
    [ -z "$ticks" ] || awk -v ticks="$ticks" -v rate="$(getconf CLK_TCK)" '{ print int($1 - ticks / rate) }' /proc/uptime
}

end_leftovers() {
    local file pid age
    for file in "$PARTITION_CLI_TEST_STATE"/*; do
        [ -f "$file" ] || continue
        pid=$(head -n 1 "$file")
        [[ $pid =~ ^[0-9]{2,}$ ]] || continue
        # The number may belong to somebody else by now: only what is younger than this run can be a test's.
        age=$(process_age "$pid")
        if [ -n "$age" ] && [ "$age" -le "$SECONDS" ]; then
            say "ending what a test left running: $(cat "/proc/$pid/comm" 2>/dev/null), pid $pid"
            kill -CONT "$pid" 2>/dev/null || true
            kill -QUIT "$pid" 2>/dev/null || true
            sleep 1
            kill -KILL "$pid" 2>/dev/null || true
        fi
    done
}

finish() {
    local status=$?
    trap - EXIT
    if [ -n "$running" ]; then
        kill -TERM "$running" 2>/dev/null || true
        wait "$running" 2>/dev/null || true
    fi
    end_leftovers
    rm -rf "$state"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command with a time limit so that an interruption of this script reaches it.
limited() { # seconds, command…
    local status=0
    timeout --kill-after=30 "$@" </dev/null &
    running=$!
    wait "$running" || status=$?
    running=""
    return "$status"
}

heading "Set up"
scripts/setup.sh
python=$(tools_directory)/venv/bin/python
export PARTITION_CLI_PYTHON=$python
for program in redis-server openssl; do
    command -v "$program" >/dev/null || fail "$program is missing: the tests that need it can't run."
done
for version in "${versions[@]}"; do
    [ -n "$(postgres_binaries "$version")" ] || fail "PostgreSQL $version is missing: its tests can't run."
done

heading "Build"
limited 2400 swift build --build-tests || fail "the build failed."
swift test list --skip-build --disable-xctest >"$state/listed" 2>"$state/list-errors" \
    || { cat "$state/list-errors" >&2; fail "the tests can't be listed."; }
mapfile -t every_target < <(find Tests -mindepth 1 -maxdepth 1 -type d -name '*Tests' -printf '%f\n' | sort)

failed=false
first=true
for version in "${versions[@]}"; do
    PARTITION_CLI_PG_BIN=$(postgres_binaries "$version")
    export PARTITION_CLI_PG_BIN
    arguments=()
    expectations=()
    if [ -n "$filter" ]; then
        arguments=(--filter "$filter")
    elif $first; then
        expectations=(--listed "$state/listed" --targets "${every_target[@]}")
    else
        arguments=(--filter "^($(IFS='|' && echo "${database_targets[*]}"))\\.")
        expectations=(--listed "$state/listed" --targets "${database_targets[@]}")
    fi
    first=false

    heading "Tests on $("$PARTITION_CLI_PG_BIN/postgres" --version)"
    began=$SECONDS
    status=0
    SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 limited "$time_limit" \
        swift test --skip-build --disable-xctest --experimental-maximum-parallelization-width 4 \
        --event-stream-output-path "$state/events-$version" --event-stream-version 0 "${arguments[@]}" || status=$?
    end_leftovers
    rm -f "${PARTITION_CLI_TEST_STATE:?}"/*
    say "PostgreSQL $version, $((SECONDS - began)) s:"
    [ "$status" != 124 ] || say "  not done after $time_limit seconds (TEST_TIMEOUT)" >&2
    [ "$status" = 0 ] || failed=true
    "$python" scripts/test-results.py "$state/events-$version" "$state/totals" "${expectations[@]}" || failed=true
done

passed=$(awk '{ n += $1 } END { print n + 0 }' "$state/totals")
not_passed=$(awk '{ n += $2 } END { print n + 0 }' "$state/totals")
heading "Total on PostgreSQL ${versions[*]}"
say "$passed passed, $not_passed failed"
! $failed || fail "not every test was executed and passed: see above."
