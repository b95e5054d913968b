#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Builds Examples/EventLoader and runs it: a PostgreSQL of its own, the service, and `partition-cli rotate` while events are loaded. Apart from
# the tests, since a first build of the service's web framework takes minutes.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

programs=$(postgres_binaries "${PG_VERSION:-15}")
[ -n "$programs" ] || fail "PostgreSQL ${PG_VERSION:-15} is missing: run make setup."

heading "Build"
swift build --product partition-cli
swift build --package-path Examples/EventLoader
program=$(swift build --show-bin-path)/partition-cli
service=$(swift build --package-path Examples/EventLoader --show-bin-path)/EventLoader

place=$(TMPDIR=/tmp mktemp -d -t pexam.XXXXXX)
chmod 755 "$place"
mkdir "$place/cluster"
[ "$(id -u)" != 0 ] || chown postgres: "$place/cluster"
service_pid=""
feeder_pid=""
clean_up() {
    status=$?
    [ -z "$feeder_pid" ] || kill "$feeder_pid" 2>/dev/null || true
    [ -z "$service_pid" ] || kill -KILL "$service_pid" 2>/dev/null || true
    as_server_user "$programs/pg_ctl" stop --silent --mode=immediate -D "$place/cluster/data" >/dev/null 2>&1 || true
    if [ "$status" != 0 ] && [ -f "$place/service" ]; then
        say "The service said:" >&2
        tail -n 40 "$place/service" >&2
    fi
    rm -rf "$place"
    exit "$status"
}
trap clean_up EXIT

heading "A table of daily partitions, and a run that makes and publishes those of the next days"
{
    as_server_user "$programs/initdb" --no-sync --auth=trust --username=postgres --no-locale --encoding=UTF8 -D "$place/cluster/data"
    as_server_user "$programs/pg_ctl" start --wait --silent -D "$place/cluster/data" -l "$place/cluster/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$place/cluster' -c fsync=off -c log_statement=all -c timezone=UTC"
} >"$place/log" 2>&1 </dev/null || { cat "$place/log" >&2 && fail "the server doesn't start."; }
sql() { as_server_user "$programs/psql" -h "$place/cluster" -U postgres -XqAt -v ON_ERROR_STOP=1 "$@" </dev/null; }
sql -d postgres -c 'CREATE DATABASE app'
# The table is the tutorial's.
sed -n '/^```sql$/,/^```$/{/^```/d;p}' Sources/PartitionRouter/PartitionRouter.docc/LoadingIntoPartitions.md >"$place/table.sql"
sql -d app -f "$place/table.sql"
export DB_URL="postgresql://postgres@/app?host=$place/cluster"
rotate() { "$program" rotate --config=none --registry-url=self --buffer-days="$1" >"$place/rotate" 2>&1 || { cat "$place/rotate" >&2 && fail "rotate failed."; }; }
rotate 3

# The instant of ten o'clock so many days from now, and the partition's name.
at() { sql -d app -c "SELECT to_char(date_trunc('day', now()) + interval '$1 days 10 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"; }
partition() { sql -d app -c "SELECT 'events_' || to_char(date_trunc('day', now()) + interval '$1 days', 'YYYYMMDD')"; }
rows() { sql -d app -c "SELECT count(*) FROM ${1:-events}"; }

heading "The service"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
PORT=$port "$service" >"$place/service" 2>&1 </dev/null &
service_pid=$!
url=http://127.0.0.1:$port
waited=0
until curl -sf "$url/health" -o "$place/health"; do
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || fail "the service has no partition map after a minute."
    kill -0 "$service_pid" || fail "the service ended."
    sleep 0.2
done
first_version=$(grep -oE '"version":[0-9]+' "$place/health")

# Sends a batch, one event for each number of days; says the status and leaves the answer in $place/answer.
post() { # days…
    local days batch=""
    for days in "$@"; do batch+="${batch:+,}{\"at\":\"$(at "$days")\",\"kind\":\"test\",\"payload\":\"tab\\tand \\\\\"}"; done
    curl -s -o "$place/answer" -w '%{http_code}' -H 'Content-Type: application/json' -d "[$batch]" "$url/events"
}
expect() { # what, wanted, found
    [ "$2" = "$3" ] || { cat "$place/answer" >&2 && fail "$1: expected $2, found $3."; }
    say "  $1: $3"
}
copies() { grep -cF "COPY \"public\".\"$1\" (" "$place/cluster/log" || true; }

expect "a batch of two days is taken" 200 "$(post 0 0 1)"
expect "today's partition has" 2 "$(rows "ONLY $(partition 0)")"
expect "tomorrow's partition has" 1 "$(rows "ONLY $(partition 1)")"
expect "the text is as it was sent" "$(printf 'tab\tand \\')" "$(sql -d app -c 'SELECT DISTINCT payload FROM events')"
expect "COPY went to today's partition itself, times" 1 "$(copies "$(partition 0)")"
expect "and to the table, times" 0 "$(copies events)"
expect "a batch with a day that has no partition" 422 "$(post 0 6)"
expect "of it is loaded" 0 "$(($(rows) - 3))"

heading "Loading goes on while rotate makes partitions"
loaded=3
feed() {
    while [ ! -e "$place/enough" ]; do
        [ "$(curl -s -o "$place/fed" -w '%{http_code}' -d "[{\"at\":\"$1\",\"kind\":\"fed\"}]" "$url/events")" != 200 ] || echo 1 >>"$place/fed-count"
    done
}
feed "$(at 0)" &
feeder_pid=$!
rotate 8
waited=0
until [ "$(post 6)" = 200 ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 150 ] || { cat "$place/answer" >&2 && fail "the service doesn't know the new partitions after a minute."; }
    sleep 0.2
done
loaded=$((loaded + 1))
touch "$place/enough"
wait "$feeder_pid"
feeder_pid=""
# Before the new map the table itself may have taken it: the next one goes to the partition in any case.
waited=0
until curl -sf "$url/health" -o "$place/health" && [ "$(grep -oE '"version":[0-9]+' "$place/health")" != "$first_version" ]; do
    waited=$((waited + 1))
    [ "$waited" -lt 300 ] || fail "the service serves the old map after a minute."
    sleep 0.2
done
expect "an event of the new partition" 200 "$(post 6)"
loaded=$((loaded + 1))
expect "names it" 1 "$(grep -cF "\"public.$(partition 6)\":1" "$place/answer" || true)"
[ "$(copies "$(partition 6)")" -ge 1 ] || fail "no COPY went to the new partition itself."
kill -0 "$service_pid" || fail "the service is not the one that was started."
[ -s "$place/fed-count" ] || fail "nothing was loaded while rotate ran."
expect "every event that was acknowledged is there" $((loaded + $(wc -l <"$place/fed-count"))) "$(rows)"

heading "A run keeps rows of the days ahead out of the default partition"
sql -d app -c 'CREATE TABLE events_rest PARTITION OF events DEFAULT' \
    -c "ALTER TABLE events_rest ADD CONSTRAINT partition_cli_ahead_0 CHECK (event_ts < '$(at 20)') NOT VALID"
expect "an event of such a day" 503 "$(post 30)"
expect "its client is told when to come back, in seconds" 5 "$(curl -s -o /dev/null -D - -d "[{\"at\":\"$(at 30)\",\"kind\":\"test\"}]" "$url/events" \
    | tr -d '\r' | sed -n 's/^[Rr]etry-[Aa]fter: //p')"
sql -d app -c 'ALTER TABLE events_rest DROP CONSTRAINT partition_cli_ahead_0'
expect "and then it is taken" 200 "$(post 30)"

heading "A partition is gone"
gone=$(partition -1)
sql -d app -c "ALTER TABLE events DETACH PARTITION $gone" -c "ALTER TABLE $gone RENAME TO retired"
before=$(rows)
expect "an event for it, of a batch" 503 "$(post -1 0)"
expect "is loaded nowhere" 0 "$(rows retired)"
expect "nor is the rest" "$before" "$(rows)"

heading "The end"
kill -TERM "$service_pid"
status=0
wait "$service_pid" || status=$?
service_pid=""
expect "the service's exit status" 0 "$status"
say "Examples/EventLoader loads events while partitions come and go."
