#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Builds the release binary and the benchmarks, measures, and writes the figures into docs/benchmarks.md. For developers:
#   QUICK=1                          smaller and once, for trying it; writes a copy of the document in .build-bench
#   BENCH="stalls throughput idle router"   which parts (default: all; router, of bench-router.sh, not with QUICK or RENDER)
#   RENDER=1                         measures nothing: writes the document from the results in .build-bench
# Exits 1 where a figure is beyond what the document promises, after writing it.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

results=$repository/.build-bench
document=$repository/docs/benchmarks.md
arguments=()
read -r -a named <<<"${BENCH:-}"
parts=()
routing=""
[ -n "${BENCH:-}${QUICK:-}${RENDER:-}" ] || routing=yes
for part in "${named[@]}"; do
    if [ "$part" = router ]; then routing=yes; else parts+=("$part"); fi
done
# Nothing else is asked for.
if [ "${#named[@]}" -gt 0 ] && [ "${#parts[@]}" -eq 0 ]; then exec scripts/bench-router.sh; fi
case ${RENDER:-} in
    "" | 0)
        scripts/setup.sh --bench
        ;;
    *) arguments+=(--render-only) ;;
esac
case ${QUICK:-} in
    "" | 0) ;;
    *)
        # What a trial measures is no figure of the full run, so the two are kept apart.
        results=$results/quick
        arguments+=(--quick)
        mkdir -p "$results"
        cp "$document" "$results/benchmarks.md"
        document=$results/benchmarks.md
        ;;
esac
mkdir -p "$results"

# As `make release` builds it, so that what is measured is what is installed.
options=(-c release --static-swift-stdlib)
swift build "${options[@]}" --product partition-cli
swift build "${options[@]}" --product PartitionBenchmarks
programs=$(swift build "${options[@]}" --show-bin-path)

commit=unknown
if [ -e .git ]; then
    commit=$(git rev-parse --short=10 HEAD)
    # The document itself may be older than what is measured.
    git diff --quiet HEAD -- Sources Package.swift || commit=$commit+
fi
compiler=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9.]+' | head -n 1 | sed 's/ version//')

PARTITION_CLI_PG_BIN=$(postgres_binaries 15)
export PARTITION_CLI_PG_BIN
[ -n "$PARTITION_CLI_PG_BIN" ] || fail "PostgreSQL 15 is missing: run scripts/setup.sh --bench."

missed=0
"$programs/PartitionBenchmarks" "${parts[@]}" "${arguments[@]}" --program "$programs/partition-cli" \
    --results "$results" --document "$document" --commit "$commit" --compiler "$compiler" || missed=$?
if [ -n "$routing" ]; then scripts/bench-router.sh || missed=$?; fi
exit "$missed"
