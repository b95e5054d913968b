#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# A green test is no evidence until it has been seen to fail. Each file scripts/mutants/NAME.mutant breaks one thing in a copy
# of the sources (below .build-mutants; the checkout is never touched) and names the tests that must notice:
#
#   why: One sentence: the promise that this breaks.
#   file: Sources/Provisioning/LockLadder.swift
#   tests: ProvisioningTests.LockLadder          (a regular expression, as for swift test --filter)
#   postgres: 15                                 (optional; 15 is the default)
#   --- old
#   exact lines, which stand exactly once in the file
#   --- new
#   the lines instead
#
# First the named tests must pass unbroken. Then each mutant is `killed`, or it SURVIVED, or it is BROKEN (the old lines don't
# stand in the file exactly once, or the result doesn't compile). Exits 1 unless all are killed.
# `scripts/mutants.sh NAME…` runs only those.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source-path=SCRIPTDIR source=test-session.sh
source "$repository/scripts/test-session.sh"

work=$repository/.build-mutants
tree=$work/tree
time_limit=${TEST_TIMEOUT:-600}

mutants=()
if [ $# -gt 0 ]; then
    for name in "$@"; do
        [ -f "scripts/mutants/$name.mutant" ] || fail "there is no scripts/mutants/$name.mutant."
        mutants+=("$name")
    done
else
    for file in scripts/mutants/*.mutant; do
        [ ! -f "$file" ] || mutants+=("$(basename "$file" .mutant)")
    done
fi
[ "${#mutants[@]}" -gt 0 ] || fail "there are no mutants in scripts/mutants: nothing was shown."

field() { # mutant, field: its value, or nothing
    sed -n '/^--- old$/q; s/^'"$2"': *//p' "scripts/mutants/$1.mutant" | head -n 1
}

for name in "${mutants[@]}"; do
    for required in why file tests; do
        [ -n "$(field "$name" "$required")" ] || fail "scripts/mutants/$name.mutant has no '$required:'."
    done
done

# Makes the copy equal to the checkout, touching only what differs, so that little is built again.
restore_tree() {
    local file
    mkdir -p "$tree"
    (find Package.swift Package.resolved Sources Tests scripts -type f 2>/dev/null || true) | sort >"$state/files"
    (cd "$tree" && find . -type f | sed 's,^\./,,' | sort) >"$state/copied"
    comm -13 "$state/files" "$state/copied" | while read -r file; do rm -f "$tree/$file"; done
    while read -r file; do
        if ! cmp -s "$file" "$tree/$file"; then
            mkdir -p "$(dirname "$tree/$file")"
            cp "$file" "$tree/$file"
        fi
    done <"$state/files"
}

# Applies a mutant to the copy; fails, saying why, unless exactly one place changed.
mutate() { # mutant
    "$PARTITION_CLI_PYTHON" scripts/mutant.py apply "scripts/mutants/$1.mutant" "$tree/$(field "$1" file)"
}

build() { limited 2400 swift build --package-path "$tree" --scratch-path "$work/build" --build-tests >"$state/build" 2>&1; }

# Runs tests of the copy; the outcome is in $state/events and $state/verdict.
run_filtered() { # filter, version
    use_postgres "$2"
    rm -f "$state/events"
    run_tests "$time_limit" "$state/events" --package-path "$tree" --scratch-path "$work/build" --filter "$1" \
        >"$state/output" 2>&1 || true
    end_leftovers >/dev/null
    "$PARTITION_CLI_PYTHON" scripts/test-results.py "$state/events" "$state/totals" >"$state/verdict" 2>&1
}

version_of() { local version && version=$(field "$1" postgres) && echo "${version:-15}"; }

begin_session
mapfile -t versions < <(for name in "${mutants[@]}"; do version_of "$name"; done | sort -u)
heading "Set up"
require_servers "${versions[@]}"

heading "Unbroken"
restore_tree
if ! build; then
    tail -n 40 "$state/build" >&2
    fail "the sources don't build even unbroken."
fi
declare -A seen_to_pass=()
for name in "${mutants[@]}"; do
    key="$(version_of "$name") $(field "$name" tests)"
    [ -z "${seen_to_pass[$key]:-}" ] || continue
    if ! run_filtered "$(field "$name" tests)" "$(version_of "$name")"; then
        cat "$state/verdict" >&2
        tail -n 20 "$state/output" >&2
        fail "the tests of $name ($(field "$name" tests)) don't pass unbroken: what they say of a mutant means nothing."
    fi
    seen_to_pass[$key]=yes
done
say "the named tests pass."

heading "Mutants"
killed=0
survived=0
broken=0
verdict() { # word, mutant, sentence
    printf '%-9s %s: %s\n' "$1" "$2" "$3"
}
for name in "${mutants[@]}"; do
    restore_tree
    if ! problem=$(mutate "$name" 2>&1); then
        verdict BROKEN "$name" "$problem"
        broken=$((broken + 1))
    elif ! build; then
        verdict BROKEN "$name" "it doesn't compile: $(grep -m 1 -oE 'error: .*' "$state/build" || tail -n 1 "$state/build")"
        broken=$((broken + 1))
    elif run_filtered "$(field "$name" tests)" "$(version_of "$name")"; then
        verdict SURVIVED "$name" "$(field "$name" why)"
        survived=$((survived + 1))
    elif grep -qE '^  (failed|started and never ended): ' "$state/verdict"; then
        verdict killed "$name" "$(grep -m 1 -E '^  (failed|started and never ended): ' "$state/verdict" | sed 's/^ *//')"
        killed=$((killed + 1))
    else
        verdict BROKEN "$name" "its tests weren't executed: $(grep -m 1 '^  ' "$state/verdict" | sed 's/^ *//')"
        broken=$((broken + 1))
    fi
done
restore_tree

say
say "$killed killed, $survived survived, $broken broken"
[ "$((survived + broken))" = 0 ] || fail "every mutant must be killed."
