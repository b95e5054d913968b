#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# What can be checked without a build: format, layering, access, length, headers, forbidden words, machine paths. Every rule
# runs; the script fails if any found something. It needs a Swift toolchain for the format alone.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

complaints=0
# Reports what a rule found: a title and lines of "file:line: text"; nothing found, nothing said.
report() { # title, findings
    [ -n "$2" ] || return 0
    printf '\n%s\n' "$1" >&2
    printf '%s\n' "$2" | sed 's/^/  /' >&2
    complaints=$((complaints + 1))
}

# Files of the project, committed or not yet; never what .gitignore names.
files() { # pattern…
    if [ -d .git ] || [ -f .git ]; then
        git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
            [ ! -f "$file" ] || printf '%s\n' "$file"
        done
    else
        local pattern
        for pattern in "$@"; do
            find . -path './.*' -prune -o -type f -path "./$pattern" -print
        done | sed 's,^\./,,' | sort -u
    fi
}

mapfile -t swift_files < <(files '*.swift')
mapfile -t source_files < <(printf '%s\n' "${swift_files[@]}" | grep '^Sources/')
mapfile -t test_files < <(printf '%s\n' "${swift_files[@]}" | grep '^Tests/')
mapfile -t example_files < <(printf '%s\n' "${swift_files[@]}" | grep '^Examples/.*/Sources/')
mapfile -t scripts < <(files '*.sh' && echo .ci/run)
if [ "${#source_files[@]}" = 0 ] || [ "${#test_files[@]}" = 0 ]; then
    fail "no Swift files were found: is this the checkout?"
fi

# Lines of Swift files that match, without those that are only a comment.
code_lines() { # regular expression, file…
    local expression=$1
    shift
    grep -nHE -- "$expression" "$@" | grep -vE '^[^:]+:[0-9]+:[[:space:]]*//' || true
}

# --- Format ----------------------------------------------------------------------------------------------------------

report "swift format lint --strict (mend with: swift format -i FILE):" \
    "$(swift format lint --strict --parallel Package.swift "${source_files[@]}" "${test_files[@]}" "${example_files[@]}" 2>&1 \
        | sed "s,^$repository/,," || true)"

# --- Layering: what each target may import (ARCHITECTURE: the arrows point one way) -----------------------------------

system="Foundation FoundationEssentials Dispatch Synchronization Glibc Musl Darwin"
declare -A may_import=(
    [LibPQ]="CLibPQ Logging $system"
    [Partitioning]=""
    [PolicyFile]="Partitioning CYaml"
    [PartitionMap]="Crypto"
    [PartitionRouter]="PartitionMap Logging CoreMetrics $system"
    [PartitionLoading]="PartitionRouter LibPQ Logging $system"
    [PartitionRegistryPostgres]="PartitionMap PartitionRouter LibPQ Logging $system"
    [RegistryNetwork]="PartitionRouter NIOCore NIOPosix NIOSSL $system"
    [PartitionRegistryHTTP]="PartitionMap PartitionRouter RegistryNetwork AsyncHTTPClient Logging NIOCore NIOHTTP1 NIOPosix NIOSSL $system"
    [PartitionRegistryRedis]="PartitionMap PartitionRouter RegistryNetwork Logging NIOCore NIOPosix NIOSSL NIOConcurrencyHelpers $system"
    [Provisioning]="LibPQ Partitioning PartitionMap PartitionRouter Logging $system"
    [Telemetry]="CoreMetrics AsyncHTTPClient NIOCore NIOConcurrencyHelpers NIOHTTP1 NIOSSL Logging $system"
    [LocalPostgres]="$system"
    [BenchmarkReport]="Histogram"
    [PartitionBenchmarks]="BenchmarkReport LibPQ LocalPostgres ArgumentParser Logging $system"
    [RouterBenchmarks]="CAllocationCounter LibPQ LocalPostgres PartitionMap PartitionRouter PartitionRegistryPostgres \
PartitionRegistryRedis Logging $system"
    [partition-cli]="LibPQ LocalPostgres Partitioning PartitionMap PartitionRouter PartitionRegistryHTTP PartitionRegistryPostgres \
PartitionRegistryRedis PolicyFile Provisioning Telemetry ArgumentParser CoreMetrics Logging $system"
)
import_expression='^[[:space:]]*(@[A-Za-z_]+(\([a-zA-Z]+\))?[[:space:]]+)*((public|package|internal|fileprivate|private)[[:space:]]+)?import[[:space:]]'

layering=""
while IFS=: read -r file line text; do
    [ -n "$file" ] || continue
    target=${file#Sources/}
    target=${target%%/*}
    module=$(sed -E "s/$import_expression//; s/^(struct|class|enum|protocol|actor|func|var|let|typealias) //; s/[^A-Za-z0-9_].*//" <<<"$text")
    if [ -z "${may_import[$target]+known}" ]; then
        layering+="$file:$line: the target $target isn't in scripts/lint.sh's table"$'\n'
    elif [[ " ${may_import[$target]} " != *" $module "* ]]; then
        layering+="$file:$line: $target may not import $module"$'\n'
    fi
done < <(code_lines "$import_expression" "${source_files[@]}")
report "Layering (scripts/lint.sh has the table, CONTRIBUTING.md the reasons):" "${layering%$'\n'}"

mapfile -t inner_files < <(printf '%s\n' "${source_files[@]}" | grep -vE '^Sources/Partition(Loading|Map|Router|Registry[A-Za-z]*)/')
declaration='(@[A-Za-z]+ |static |final |indirect |mutating |nonmutating |nonisolated |borrowing |consuming |isolated |required |convenience |override |lazy |weak |class |prefix |postfix |infix )*(func|var|let|struct|class|enum|protocol|actor|init|typealias|extension|subscript|import|case|operator|macro)\b'
report "'public' outside the public libraries (between targets: package):" \
    "$(code_lines "(^|[^A-Za-z0-9_\"\`.])(public|open)(\\(set\\))? +$declaration" "${inner_files[@]}")"

report "XCTest (Swift Testing only):" "$(code_lines 'import XCTest|XCTestCase' "${test_files[@]}")"

# --- SQL: quoted by Statement, sent by Connection ---------------------------------------------------------------------

# Connection takes nothing but a Statement, and a Statement's interpolation no bare String: the compiler sees to that. What is left
# to see to here: that nobody adds such an interpolation, writes to a Statement's text, or passes off own text as the server's.
mapfile -t outside_libpq < <(printf '%s\n' "${source_files[@]}" | grep -vE '^Sources/LibPQ/')
report "A Statement interpolation that takes a bare String (label it, and quote it):" \
    "$(code_lines 'appendInterpolation(<[^>]*>)?\(_ [a-z]*: *(String|Substring|Any|any |some |T\b)' "${source_files[@]}")"
report "A Statement's text is written outside LibPQ:" "$(code_lines '\.sql *(\+?=[^=]|\.append)' "${outside_libpq[@]}" | grep -v 'self\.sql' || true)"
report "trustedCatalogSQL with a literal (it is for text that the server produced):" \
    "$(code_lines 'trustedCatalogSQL:[[:space:]]*#*"' "${source_files[@]}")"

# --- Length, headers, forbidden words -----------------------------------------------------------------------------------

report "Files past 500 lines (split along what they are about):" \
    "$(wc -l -- "${swift_files[@]}" | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines" }')"

headerless=""
for file in "${source_files[@]}" "${test_files[@]}" "${example_files[@]}"; do
    head -n 2 "$file" | cmp -s - <(printf '%s\n' '// SPDX-License-Identifier: Apache-2.0' \
        '// Part of partition-cli. See LICENSE and CONTRIBUTING.md.') || headerless+="$file"$'\n'
done
report "Swift files without the licence header (its two lines, first of all):" "${headerless%$'\n'}"

mapfile -t texts < <(files '*.swift' '*.h' '*.sh' '*.py' '*.md' '*.json' '*.yaml' '*.yml' Makefile .ci/run)
marks='TO''DO|FIX''ME|\bXX''X\b|\bHA''CK\b|not impl''emented|unimpl''emented'
report "Marks left behind:" "$(grep -nHE "$marks" "${texts[@]}" || true)"

report "Force tries, force casts, fatal errors:" \
    "$(code_lines '\btry!|\bas!|fatalError\(|preconditionFailure\(' "${source_files[@]}")"

# Where there is no other way, the line above is a comment that says why.
unexplained=""
while IFS=: read -r file line text; do
    [ -n "$file" ] || continue
    sed -n "$((line - 1))p" "$file" | grep -qE '^[[:space:]]*//' || unexplained+="$file:$line:$text"$'\n'
done < <(code_lines '@unchecked Sendable|nonisolated\(unsafe\)' "${source_files[@]}")
report "Unchecked sendability without a comment above that says why:" "${unexplained%$'\n'}"

report "Tests that are switched off:" \
    "$(code_lines '\.disabled\(|XCTSkip|\.enabled\(if:|withKnownIssue|Test\.cancel\(' "${test_files[@]}")"

report "Type names that say nothing (Manager, Helper, Util):" \
    "$(code_lines '\b(struct|class|enum|actor|protocol|typealias) [A-Za-z]*(Manager|Helper|Helpers|Util|Utils|Utilities)\b' "${swift_files[@]}")"

# --- Nothing of the machine it was written on -----------------------------------------------------------------------------

# Where this checkout lies, unless that is a place that programs name rightly; homes; and the hosts that apt and pip use here.
machine='(^|[^A-Za-z0-9_.-])(/ho''me/[a-z]|/Us''ers/|/ro''ot/|/opt/sw''ift)'
parent=$(dirname "$repository")
case $parent in
    / | /tmp | /var/tmp | /srv | /opt | /usr | /usr/src | /home | /root) ;;
    *) machine+="|(^|[^A-Za-z0-9_.-])${parent//./[.]}/" ;;
esac
hosts=$({
    cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true
    pip config list 2>/dev/null || true
    printenv PIP_INDEX_URL PIP_EXTRA_INDEX_URL || true
} | grep -v '^#' | grep -oE 'https?://[^/ '"'"'"]+' | sed 's,.*//,,; s,.*@,,; s,[.],[.],g' | sort -u | paste -sd'|' || true)
[ -z "$hosts" ] || machine+="|$hosts"
report "Paths or package hosts of a machine:" "$(grep -nHE "$machine" "${texts[@]}" || true)"

# --- Documents name what exists ---------------------------------------------------------------------------------------------

mapfile -t documents < <(files '*.md')
dangling=""
while IFS=: read -r file name; do
    name=${name//\`/}
    [ -e "$name" ] || [ -e "Tests/$name" ] || dangling+="$file: $name"$'\n'
done < <(grep -oHE "\`((Sources|Tests|scripts|docs|[A-Za-z]+Tests)/[A-Za-z0-9/+._-]+\.[a-z]+)\`" "${documents[@]}" | grep -v 'NAME' | sort -u)
while IFS=: read -r file name; do
    name=${name#*](}
    name=${name%)}
    [ -e "$(dirname "$file")/$name" ] || dangling+="$file: $name"$'\n'
done < <(grep -oHE '\]\([A-Za-z][A-Za-z0-9/._-]*\.[A-Za-z]+\)' "${documents[@]}" | sort -u)
report "Documents that name files which don't exist:" "${dangling%$'\n'}"

# What a tutorial shows must have been compiled.
report "Code in a documentation catalog that no example has (scripts/check-tutorial.py):" \
    "$(output=$(python3 scripts/check-tutorial.py 2>&1) || printf '%s\n' "$output")"

# --- Shell ------------------------------------------------------------------------------------------------------------------

for script in "${scripts[@]}"; do
    report "$script doesn't parse:" "$(bash -n "$script" 2>&1 || true)"
done
# A developer's machine may have it; nothing installs it.
if command -v shellcheck >/dev/null; then
    report "shellcheck:" "$(shellcheck -x -f gcc "${scripts[@]}" 2>&1 || true)"
fi

# --- Mutants ----------------------------------------------------------------------------------------------------------------

report "Mutants that can't be applied (scripts/mutant.py check):" \
    "$(output=$(python3 scripts/mutant.py check 2>&1) || printf '%s\n' "$output")"

# --- The judge of test runs -------------------------------------------------------------------------------------------------

# Without a Python there is no test run to be judged; `make setup` demands one.
report "scripts/test-results.py lets through what it must refuse:" \
    "$(output=$(python3 scripts/test-results-test.py 2>&1) || printf '%s\n' "$output")"

[ "$complaints" = 0 ] || fail "$complaints rule(s) found something: see above."
say "lint: ${#swift_files[@]} Swift files and ${#scripts[@]} scripts are clean."
