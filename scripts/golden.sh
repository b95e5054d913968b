#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Records what people see on a terminal of 80 and of 120 columns, with and without colour, in Tests/Golden: a tmux session each,
# against a throwaway PostgreSQL of fixed content whose clock begins at the same moment (libfaketime).
#   scripts/golden.sh PROGRAM           records anew: look at `git diff Tests/Golden` before you commit it
#   scripts/golden.sh PROGRAM --check   compares, and fails where something differs

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

program=$(readlink -f -- "${1:?which program?}")
mode=${2:-}
directory=$repository/Tests/Golden
programs=${PARTITION_CLI_PG_BIN:-$(postgres_binaries 15)}
[ -n "$programs" ] || fail "PostgreSQL 15 is missing: make setup installs it."
command -v tmux >/dev/null || fail "tmux is missing: make setup installs it."
faketime=$(find /usr/lib /usr/local/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
[ -n "$faketime" ] || fail "libfaketime is missing: make setup installs it."

place=$(TMPDIR=/tmp mktemp -d -t pgold.XXXXXX)
chmod 755 "$place"
mkdir "$place/cluster" "$place/bin" "$place/recorded" "$place/folder"
ln -s "$program" "$place/bin/partition-cli"
[ "$(id -u)" != 0 ] || chown postgres: "$place/cluster"
terminal=(tmux -S "$place/tmux" -f /dev/null)

clean_up() {
    "${terminal[@]}" kill-server 2>/dev/null || true
    as_server_user "$programs/pg_ctl" stop --silent --mode=immediate -D "$place/cluster/data" >/dev/null 2>&1 || true
    rm -rf "$place"
}
trap clean_up EXIT

# --- A server whose clock begins at the same moment in every run ---------------------------------------------------------

# The moment is far ahead of today on purpose. A signal that arrives inside libfaketime sees the true time: if that were later than the
# made-up one, every timer of PostgreSQL would look expired, and now and then a run lost its session to a timeout that wasn't due.
{
    as_server_user "$programs/initdb" --no-sync --auth=trust --username=postgres --no-locale --encoding=UTF8 -D "$place/cluster/data"
    as_server_user env LD_PRELOAD="$faketime" FAKETIME='@2046-03-10 09:00:00' FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC \
        "$programs/pg_ctl" start --wait --silent -D "$place/cluster/data" -l "$place/cluster/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$place/cluster' -c max_prepared_transactions=1 -c fsync=off -c autovacuum=off -c timezone=UTC"
} >"$place/log" 2>&1 </dev/null || { cat "$place/log" >&2 && fail "the server doesn't start."; }
[ -z "${PARTITION_CLI_TEST_STATE:-}" ] \
    || head -n 1 "$place/cluster/data/postmaster.pid" >"$PARTITION_CLI_TEST_STATE/golden-$$"

sql() { as_server_user "$programs/psql" -h "$place/cluster" -U postgres -XqAt -v ON_ERROR_STOP=1 "$@" </dev/null; }
# A template, of which each round has a copy.
content() { # database, script
    sql -d postgres -c "CREATE DATABASE $1"
    as_server_user "$programs/psql" -h "$place/cluster" -U postgres -d "$1" -Xq -v ON_ERROR_STOP=1 <"$2" >/dev/null
}
content content scripts/golden.sql
content fleet_content scripts/golden-fleet.sql

# --- What is recorded -------------------------------------------------------------------------------------------------

# What differs from run to run, in one place. Nothing else may differ.
normalised() {
    sed -E \
        -e 's/PostgreSQL [0-9]+\.[0-9]+/PostgreSQL NN.N/g' \
        -e 's/version [0-9]{16}/version NNNNNNNNNNNNNNNN/g' \
        -e 's/(2046-03-10 09:)[0-9]{2}:[0-9]{2}/\1MM:SS/g' \
        -e 's/\b[0-9]+ min( [0-9]+ s)?/N s/g; s/\b[0-9]+(\.[0-9]+)? s\b/N s/g' \
        -e 's/, [0-9]+ attempts//; s/[[:space:]]+$//' \
        | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# A session that stays, so that the server does.
"${terminal[@]}" new-session -d -s standing 'exec sleep 3600'

program_clock=""

# One command on a terminal of its own, from its prompt to its exit status.
record() { # name, columns, colour or plain, command line
    local file=$place/recorded/$1-$2-$3.txt colour="" waited=0
    [ "$3" = colour ] || colour="NO_COLOR=1"
    "${terminal[@]}" new-session -d -s golden -x "$2" -y 120 \
        "env -i PATH=$place/bin:/usr/bin:/bin HOME=$place TERM=screen-256color LANG=C.UTF-8 $colour $program_clock \
         DB_URL='postgresql://postgres@/$database?host=$place/cluster' REGISTRY_URL=self \
         sh -c 'cd $place/folder; $4; echo \"(exit status \$?)\"; exec sleep 600'"
    until "${terminal[@]}" capture-pane -p -t golden | grep -q '^(exit status'; do
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || fail "'$4' was not done after 60 seconds."
        sleep 0.1
    done
    { printf '$ %s\n' "$4" && "${terminal[@]}" capture-pane -p -e -t golden; } | normalised >"$file"
    "${terminal[@]}" kill-session -t golden
}

# Many tables, of which a run has seen to all and then something happened to some.
break_fleet() {
    sql -d fleet -c 'DROP TABLE billing.payouts_2046_03_01, billing.taxes_2046_04_01' \
        -c 'DROP TABLE iot.gps_2046_05_07, iot.gps_2046_04_30, iot.gps_2046_04_23' \
        -c "INSERT INTO sessions SELECT n, '2019-06-01' FROM generate_series(1, 31) n"
}

for colour in plain colour; do
    for columns in 80 120; do
        for database in shop orders fleet; do
            sql -d postgres -c 'SET client_min_messages = warning' -c "DROP DATABASE IF EXISTS $database WITH (FORCE)"
        done
        sql -d postgres -c 'CREATE DATABASE shop TEMPLATE content' -c 'CREATE DATABASE fleet TEMPLATE fleet_content'
        rm -f "$place"/folder/*
        database=shop
        # In the way, and without an age that would differ each time.
        sql -d shop -c 'BEGIN' -c 'LOCK TABLE app."注文履歴" IN SHARE MODE' -c "PREPARE TRANSACTION 'nightly report'"
        record plan "$columns" "$colour" 'partition-cli plan'
        sql -d shop -c "ROLLBACK PREPARED 'nightly report'"
        # It would see that the server's clock is made up.
        program_clock="LD_PRELOAD=$faketime FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME=+$(($(sql -d shop -c 'SELECT extract(epoch FROM now())::bigint') - $(date +%s)))"
        record doctor "$columns" "$colour" 'partition-cli doctor'
        program_clock=""
        record verify "$columns" "$colour" 'partition-cli verify'
        # On a busy machine an attempt may need another one, and a big default partition would show it.
        sql -d shop -c 'TRUNCATE events_default' -c "INSERT INTO events SELECT n, '2019-06-01' FROM generate_series(1, 7) n"
        record init "$columns" "$colour" 'partition-cli init'
        rm "$place/folder/partitions.yaml"
        database=orders
        sql -d postgres -c 'CREATE DATABASE orders TEMPLATE shop'
        record plan-out "$columns" "$colour" 'partition-cli plan --table=events --out=plan.json'
        record apply "$columns" "$colour" 'partition-cli apply plan.json'
        record apply-stale "$columns" "$colour" 'partition-cli apply plan.json'
        database=shop
        record rotate "$columns" "$colour" 'partition-cli rotate'
        record status "$columns" "$colour" 'partition-cli status'
        record error "$columns" "$colour" 'partition-cli plan --table=public.event'
        record help "$columns" "$colour" 'partition-cli rotate --help'
        database=fleet
        record status-unseen "$columns" "$colour" 'partition-cli status'
        "$program" rotate --quiet --db-url="postgresql://postgres@/fleet?host=$place/cluster" --registry-url=self >/dev/null
        break_fleet
        record status-many "$columns" "$colour" 'partition-cli status'
    done
done

# --- Compare, or keep ---------------------------------------------------------------------------------------------------

if [ "$mode" = --check ]; then
    diff -ru "$directory" "$place/recorded" \
        || fail "what people see has changed: if it is meant so, 'make golden' records it anew; look at it first."
    say "Tests/Golden: $(find "$place/recorded" -type f | wc -l) sessions are as recorded."
else
    rm -rf "$directory"
    mkdir "$directory"
    cp "$place"/recorded/*.txt "$directory/"
    say "recorded $(find "$directory" -type f | wc -l) sessions in Tests/Golden: look at each."
fi
