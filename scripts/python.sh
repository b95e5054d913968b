#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# The Python client: builds its wheel, installs it into virtual environments that have nothing else, and there type-checks and tests
# it on real servers, with this checkout's partition-cli as the publisher. Part of `make test`; by itself it builds the program first.
#
#   scripts/python.sh [tests.test_stores.RedisTests …]     all tests, or those, as unittest names them
#   scripts/python.sh --mutants [NAME…]                    sees the tests notice what clients/python/mutants break
#   PG_VERSIONS=18                                         on another version of PostgreSQL than 15
#   PARTITION_CLI_PROGRAM=/usr/local/bin/partition-cli     another program as the publisher; nothing is built then

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source-path=SCRIPTDIR source=test-session.sh
source "$repository/scripts/test-session.sh"

totals=()
if [ -n "${PARTITION_CLI_PYTHON_TOTALS:-}" ]; then
    # Within scripts/test.sh: it has set up, built, and ends what tests leave.
    totals=(--totals "$PARTITION_CLI_PYTHON_TOTALS")
    place=$(mktemp -d -t client.XXXXXX)
    trap 'rm -rf "$place"' EXIT
else
    begin_session
    place=$state/client
    mkdir -m 755 "$place"
    heading "Set up"
    require_servers "${PG_VERSIONS:-15}"
    use_postgres "${PG_VERSIONS:-15}"
    if [ -z "${PARTITION_CLI_PROGRAM:-}" ]; then
        heading "Build"
        swift build --product partition-cli
    fi
fi
PARTITION_CLI_PROGRAM=${PARTITION_CLI_PROGRAM:-$(swift build --show-bin-path)/partition-cli}
export PARTITION_CLI_PROGRAM PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1
[ -x "$PARTITION_CLI_PROGRAM" ] || fail "$PARTITION_CLI_PROGRAM isn't there: build it."
wheels=$(tools_directory)/wheels
offline=(--quiet --disable-pip-version-check --no-input --no-index --find-links "$wheels")

# A virtual environment with nothing in it but pip.
environment() { # directory
    "$PARTITION_CLI_PYTHON" -m venv "$1"
}

heading "The wheel"
environment "$place/build"
"$place/build/bin/python" -m pip install "${offline[@]}" --no-deps flit-core
# A copy, so that nothing is left in the checkout.
cp -R clients/python "$place/source"
"$place/build/bin/python" -m pip wheel "${offline[@]}" --no-deps --no-build-isolation --wheel-dir "$place/dist" "$place/source"
wheel=$(find "$place/dist" -name 'partition_router-*-py3-none-any.whl')
[ -f "$wheel" ] || fail "the build made no wheel for any Python 3."
say "${wheel##*/}"

heading "By itself"
environment "$place/bare"
"$place/bare/bin/python" -m pip install "${offline[@]}" "$wheel"
for extra in redis:redis psycopg:postgres httpx:etcd; do
    # Without its extra a store says which one it is.
    (cd / && "$place/bare/bin/python" - "${extra#*:}://127.0.0.1" "partition-router[${extra%:*}]" <<'PROGRAM') || fail "no hint at the extra ${extra%:*}."
import sys
from partition_router import RegistryError, open_registry

try:
    open_registry(sys.argv[1], {})
except RegistryError as error:
    sys.exit(0 if sys.argv[2] in str(error) else f"{error}")
sys.exit("the store could be opened without its package")
PROGRAM
done

heading "With its extras"
environment "$place/venv"
# The recipes' and the checks' packages beside it; its own dependencies are found by its extras alone.
"$place/venv/bin/python" -m pip install "${offline[@]}" "$wheel[redis,psycopg,httpx]" mypy sqlalchemy django
"$place/venv/bin/python" -m pip check
cd clients/python
"$place/venv/bin/python" -m mypy --strict --cache-dir "$place/mypy" -p partition_router
"$place/venv/bin/python" -m mypy --strict --cache-dir "$place/mypy" -p tests -p examples

if [ "${1:-}" = --mutants ]; then
    shift
    heading "Mutants"
    cd "$repository"
    "$place/venv/bin/python" scripts/python-mutants.py "$@"
    exit
fi
heading "Tests"
"$place/venv/bin/python" -m tests "${totals[@]}" "$@"
