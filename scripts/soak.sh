#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# The tests that do something random, for long: runs of the real program killed, and stopped, at random moments; the whole
# system in a simulation, four hours a round; and a Python router beside a Swift one while maps change.
#
#   ROUNDS=300 SEED=1 scripts/soak.sh              the same again with the same seed; PG_VERSIONS as for scripts/test.sh
#   SECONDS_BESIDE=600                             how long maps change before the two routers
#   TEST_FILTER=SimulationTests.SimulationTests    only what matches

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PARTITION_CLI_SOAK_ROUNDS=${ROUNDS:-300}
export PARTITION_CLI_SOAK_SEED=${SEED:-$(date +%s)}
export PARTITION_CLI_SOAK_SECONDS=${SECONDS_BESIDE:-600}
echo "soak: $PARTITION_CLI_SOAK_ROUNDS rounds from seed $PARTITION_CLI_SOAK_SEED"
TEST_FILTER=${TEST_FILTER:-CommandTests.CrashTests|SimulationTests.(Pieces)?SimulationTests|RegistryTests.SideBySideTests} \
    TEST_TIMEOUT=${TEST_TIMEOUT:-14400} exec scripts/test.sh
