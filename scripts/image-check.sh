#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# What deploy/Dockerfile's last stage comes to, without a container engine: a root file system of Debian 12's smallest kind with the packages that the stage
# installs and dist/partition-cli where the stage puts it. In it, read-only and as the stage's user, runs what the CronJob of
# scripts/image-check-cronjob.yaml starts, against a throwaway PostgreSQL. Needs root, debootstrap, and some minutes.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

dockerfile=deploy/Dockerfile
manifest=scripts/image-check-cronjob.yaml
[ "$(id -u)" = 0 ] || fail "it has to be root, to make a root file system and enter it."
[ -x dist/partition-cli ] || fail "dist/partition-cli is missing: run make release."
command -v debootstrap >/dev/null || {
    say "Installing debootstrap."
    env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap </dev/null >/dev/null \
        || fail "debootstrap is missing, and apt-get couldn't install it."
}
python=$(tools_directory)/venv/bin/python
programs=$(postgres_binaries 15)
[ -x "$python" ] && [ -n "$programs" ] || fail "run make setup first."

# The last stage's facts, from the Dockerfile itself.
stage=$(tac "$dockerfile" | sed '/^FROM /q' | tac)
suite=$(sed -nE 's/^FROM debian:([a-z]+).*/\1/p' <<<"$stage")
packages=$(sed -nE 's/.*apt-get install (.*[^\\ ]) *\\?$/\1/p' <<<"$stage" | tr ' ' '\n' | grep -v '^-' | paste -sd,)
target=$(sed -nE 's/^COPY --from=build [^ ]+ (.*)$/\1/p' <<<"$stage")
user=$(sed -nE 's/^USER ([0-9]+):([0-9]+)$/\1 \2/p' <<<"$stage")
[ -n "$suite" ] && [ -n "$packages" ] && [ -n "$target" ] && [ -n "$user" ] || fail "$dockerfile has another form than this script reads."
read -r uid gid <<<"$user"
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
    | awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
[ -n "$mirror" ] || fail "apt knows no mirror of $suite."

place=$(TMPDIR=/tmp mktemp -d)
chmod 755 "$place"
clean_up() {
    local status=$?
    trap - EXIT
    as_server_user "$programs/pg_ctl" stop --silent --mode=immediate -D "$place/cluster/data" >/dev/null 2>&1 || true
    # The mounts are in a namespace that is gone by now.
    rm -rf --one-file-system "$place"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading "A root file system of $suite with $packages"
debootstrap --variant=minbase --include="$packages" "$suite" "$place/root" "$mirror" >"$place/log" 2>&1 \
    || { tail -n 20 "$place/log" >&2 && fail "debootstrap failed."; }
install -D -m 755 dist/partition-cli "$place/root$target"

heading "A throwaway PostgreSQL"
mkdir "$place/cluster"
chown postgres: "$place/cluster"
as_server_user "$programs/initdb" --no-sync --auth=trust --username=trial -D "$place/cluster/data" >"$place/log"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
as_server_user "$programs/pg_ctl" start --wait --silent -D "$place/cluster/data" -l "$place/cluster/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=''"
url=postgresql://trial@127.0.0.1:$port/postgres
sql() { as_server_user "$programs/psql" -XAtq -v ON_ERROR_STOP=1 -d "$url" -c "$1"; }
sql "CREATE TABLE events (id bigint NOT NULL, event_ts timestamptz NOT NULL) PARTITION BY RANGE (event_ts)"
sql "DO \$\$ DECLARE first timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'; BEGIN
     EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                    to_char(first AT TIME ZONE 'UTC', '\"events_\"YYYY_MM'), first, (first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'); END \$\$"

heading "The command of $manifest"
mapfile -d '' -t command < <("$python" - "$manifest" <<'PYTHON'
import sys, yaml
with open(sys.argv[1]) as file:
    manifest = yaml.safe_load(file)
(container,) = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
sys.stdout.write("".join(word + "\0" for word in container["command"] + container["args"]))
PYTHON
)
printf '%q ' "${command[@]}"
echo
# Read-only, without privileges, and with no environment but the manifest's.
unshare --mount --pid --fork --kill-child sh -c '
    set -e
    root=$1 uid=$2 gid=$3
    shift 3
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    mount -t proc proc "$root/proc"
    exec chroot --userspec="$uid:$gid" --groups= "$root" "$@"
' sh "$place/root" "$uid" "$gid" \
    /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DB_URL="$url" REGISTRY_URL=self "${command[@]}"
partitions=$(sql "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")
published=$(sql "SELECT count(*) FROM partition_registry.map WHERE entity = 'events'")
[ "$partitions" -ge 3 ] || fail "it exited 0, and there are $partitions partitions."
[ "$published" = 1 ] || fail "it exited 0, and published nothing."
say "image-check: $partitions partitions, the map is published; $(du -sh "$place/root" | cut -f1) of files."
