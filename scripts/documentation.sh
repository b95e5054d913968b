#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Builds the documentation of PartitionRouter, the tutorial among it, with the toolchain's own docc; whatever that warns of is a failure: links to what
# isn't there, parameters without a word.
#
#   scripts/documentation.sh DIRECTORY    where it goes; a web server can serve it as it is

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "usage: scripts/documentation.sh DIRECTORY"
command -v docc >/dev/null || fail "docc isn't there: it is part of the Swift toolchain, beside swift."
place=$(mktemp -d -t documentation.XXXXXX)
trap 'rm -rf "$place"' EXIT

swift package dump-symbol-graph --minimum-access-level public >"$place/log" 2>&1 || {
    cat "$place/log" >&2
    fail "the symbols of the modules can't be told: does it build?"
}
graphs=$(sed -n 's/^Files written to //p' "$place/log")
mkdir -p "$place/graphs" "$(dirname "$1")"
cp "$graphs"/PartitionRouter*.symbols.json "$place/graphs/"
docc convert Sources/PartitionRouter/PartitionRouter.docc --fallback-display-name PartitionRouter \
    --fallback-bundle-identifier PartitionRouter --additional-symbol-graph-dir "$place/graphs" \
    --output-path "$1" --analyze --warnings-as-errors
say "The documentation of PartitionRouter is in $1."
