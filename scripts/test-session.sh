# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Sourced by the scripts that run tests: a directory for what the tests leave, and an end to every server they started.
# The tests find in the environment:
#   PARTITION_CLI_PG_BIN      the programs of the PostgreSQL under test (set with use_postgres)
#   PARTITION_CLI_PYTHON      a Python with the Redis client and what checks Kubernetes manifests
#   PARTITION_CLI_KUBECTL     a kubectl that renders with Kustomize
#   PARTITION_CLI_CONSUL      Consul
#   PARTITION_CLI_TEST_STATE  a directory in which each server that a test starts leaves a file with its pid in the first
#                             line: what is alive at the end is ended, by that pid. Such a server must not inherit the
#                             output of the test: swift test would wait for it
#   TMPDIR                    a place for everything else, removed at the end

begin_session() {
    local variable
    # The tests make their own servers; what the caller's shell points at is none of their business.
    for variable in "${!PG@}" DB_URL REGISTRY_URL PARTITION_CLI_CONFIG; do
        unset "$variable"
    done
    # A short path: a Unix socket's may have 107 bytes. The servers run as another user when this runs as root.
    state=$(TMPDIR=/tmp mktemp -d -t pcli.XXXXXX)
    chmod 755 "$state"
    mkdir -m 755 "$state/servers"
    mkdir "$state/tmp"
    chmod 1777 "$state/tmp"
    export PARTITION_CLI_TEST_STATE=$state/servers TMPDIR=$state/tmp
    running=""
    trap end_session EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

end_session() {
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

# Sets up, and fails where a server that the tests need is missing: a test that can't run must not look like one that passed.
require_servers() { # version of PostgreSQL…
    local program version
    scripts/setup.sh
    PARTITION_CLI_PYTHON=$(tools_directory)/venv/bin/python
    export PARTITION_CLI_PYTHON
    for program in redis-server etcd etcdctl openssl curl prometheus promtool prometheus-node-exporter prometheus-pushgateway \
        prometheus-alertmanager amtool; do
        command -v "$program" >/dev/null || fail "$program is missing: the tests that need it can't run."
    done
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] \
        || fail "pgbouncer is missing: the tests that need it can't run."
    command -v systemd-analyze >/dev/null || fail "systemd-analyze is missing: the tests that need it can't run."
    PARTITION_CLI_KUBECTL=$(usable_kubectl)
    export PARTITION_CLI_KUBECTL
    [ -n "$PARTITION_CLI_KUBECTL" ] || fail "kubectl is missing: the tests that need it can't run."
    PARTITION_CLI_CONSUL=$(usable_consul)
    export PARTITION_CLI_CONSUL
    [ -n "$PARTITION_CLI_CONSUL" ] || fail "consul is missing: the tests that need it can't run."
    for version in "$@"; do
        [ -n "$(postgres_binaries "$version")" ] || fail "PostgreSQL $version is missing: its tests can't run."
    done
}

use_postgres() { # version
    PARTITION_CLI_PG_BIN=$(postgres_binaries "$1")
    export PARTITION_CLI_PG_BIN
}

# Runs a command with a time limit, so that an interruption of the script reaches it.
limited() { # seconds, command…
    local status=0
    timeout --kill-after=30 "$@" </dev/null &
    running=$!
    wait "$running" || status=$?
    running=""
    return "$status"
}

# Four tests at a time, or as many as $width says: unbounded, hundreds of cases would share one server's connections.
run_tests() { # seconds, file for the event stream, argument of swift test…
    local seconds=$1 events=$2 width=${width:-4}
    shift 2
    SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$width limited "$seconds" \
        swift test --skip-build --disable-xctest --experimental-maximum-parallelization-width "$width" \
        --event-stream-output-path "$events" --event-stream-version 0 "$@"
}

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
        # The number may be somebody else's by now: only what is younger than this script can be a test's.
        age=$(process_age "$pid")
        if [ -n "$age" ] && [ "$age" -le "$SECONDS" ]; then
            say "ending what a test left running: $(cat "/proc/$pid/comm" 2>/dev/null), pid $pid"
            kill -CONT "$pid" 2>/dev/null || true
            kill -QUIT "$pid" 2>/dev/null || true
            sleep 1
            kill -KILL "$pid" 2>/dev/null || true
        fi
        rm -f "$file"
    done
}
