#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Sets up, builds, and runs the tests: all of them on the first version of PostgreSQL, those that use a database on each
# further one. Ends with one line, "N passed, N failed". For developers:
#   PG_VERSIONS="15 18"               the versions of PostgreSQL (default: 15 16 18; with TEST_FILTER: 15)
#   TEST_FILTER=LibPQTests.Deadline   only the tests whose identifier matches this regular expression
#   BUILD_TIMEOUT=1100                seconds that the build may take
#   TEST_TIMEOUT=1150                 seconds that the tests may take on one version
# .ci/run's limit is not below their sum over three versions, with time to set up: what takes too long is said here, not cut off there.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source-path=SCRIPTDIR source=test-session.sh
source "$repository/scripts/test-session.sh"

# What others had to wait for is measured in milliseconds there: a machine that is busy with other tests would be blamed on us.
by_themselves='^ProvisioningTests\.(LocksStall|LocksRungs|Standby)Tests'
database_targets=(LibPQTests PartitionLoadingTests RegistryTests ProvisioningTests CommandTests)
# Suites of the registries' tests in which there is no PostgreSQL: one version's run is enough.
without_database='RegistryTests\.(Contract|EtcdCluster|HostileServer|RedisAccess|RedisEventQueue|RedisLayout|RegistryURL|StoreAccess|StoreLayout|StoreWatch)Tests'
filter=${TEST_FILTER:-}
if [ -n "$filter" ]; then default_versions="15"; else default_versions="15 16 18"; fi
read -r -a versions <<<"${PG_VERSIONS:-$default_versions}"
build_limit=${BUILD_TIMEOUT:-1100}
time_limit=${TEST_TIMEOUT:-1150}
client_limit=400
begin_session

heading "Set up"
require_servers "${versions[@]}"

heading "Build"
status=0
limited "$build_limit" swift build --build-tests || status=$?
[ "$status" != 124 ] || fail "the build was not done after $build_limit seconds (BUILD_TIMEOUT)."
[ "$status" = 0 ] || fail "the build failed."
if ! swift test list --skip-build --disable-xctest >"$state/listed" 2>"$state/list-errors"; then
    cat "$state/list-errors" >&2
    fail "the tests can't be listed."
fi
mapfile -t every_target < <(find Tests -mindepth 1 -maxdepth 1 -type d -name '*Tests' -printf '%f\n' | sort)

failed=false
first=true
for version in "${versions[@]}"; do
    use_postgres "$version"
    arguments=()
    expectations=()
    if [ -n "$filter" ]; then
        arguments=(--filter "$filter")
    elif $first; then
        expectations=(--listed "$state/listed" --targets "${every_target[@]}")
    else
        arguments=(--filter "^($(IFS='|' && echo "${database_targets[*]}"))\\." --skip "^$without_database")
        expectations=(--listed "$state/listed" --targets "${database_targets[@]}" --except "$without_database")
    fi
    first=false

    heading "Tests on $("$PARTITION_CLI_PG_BIN/postgres" --version)"
    began=$SECONDS
    status=0
    streams=("$state/events-$version")
    if [ -n "$filter" ]; then
        run_tests "$time_limit" "${streams[0]}" "${arguments[@]}" || status=$?
    else
        streams+=("$state/events-$version-alone")
        run_tests "$time_limit" "${streams[0]}" "${arguments[@]}" --skip "$by_themselves" || status=$?
        left=$((time_limit - (SECONDS - began)))
        if [ "$status" != 124 ] && [ "$left" -gt 0 ]; then
            alone=0
            width=1 run_tests "$left" "${streams[1]}" --filter "$by_themselves" || alone=$?
            [ "$alone" = 0 ] || status=$alone
        fi
    fi
    end_leftovers
    say "PostgreSQL $version, $((SECONDS - began)) s:"
    [ "$status" != 124 ] || say "  not done after $time_limit seconds (TEST_TIMEOUT)" >&2
    [ "$status" = 0 ] || failed=true
    "$PARTITION_CLI_PYTHON" scripts/test-results.py "${streams[@]}" "$state/totals" \
        --complaints "$state/complaints-$version" "${expectations[@]}" \
        || failed=true
done

if [ -z "$filter" ]; then
    heading "The Python client"
    use_postgres "${versions[0]}"
    began=$SECONDS
    status=0
    PARTITION_CLI_PYTHON_TOTALS=$state/totals limited "$client_limit" scripts/python.sh || status=$?
    end_leftovers
    say "The Python client, $((SECONDS - began)) s"
    [ "$status" != 124 ] || say "  not done after $client_limit seconds" >&2
    [ "$status" = 0 ] || failed=true
fi

# Once more where it is seen: a long log is read from its end.
for version in "${versions[@]}"; do
    [ ! -s "$state/complaints-$version" ] || {
        heading "What was wrong on PostgreSQL $version"
        cat "$state/complaints-$version"
    }
done
heading "Total on PostgreSQL ${versions[*]}"
awk '{ passed += $1; failed += $2 } END { print passed + 0 " passed, " failed + 0 " failed" }' "$state/totals"
! $failed || fail "not every test was executed and passed: see above."
