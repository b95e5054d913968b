# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Sourced by the other scripts: where things are, how they speak, how they fail.

set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$repository"

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# The user that PostgreSQL servers run as: PostgreSQL refuses to run as root.
server_user() { if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi; }

# Runs a command as the user that PostgreSQL servers run as.
as_server_user() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups -- "$@")
    else
        "$@"
    fi
}

# .tools holds what `make setup` fetched. It is a link where the checkout can't be entered by the servers' user.
tools_directory() { readlink -f -- "$repository/.tools" || true; }

# A kubectl whose Kustomize is of this decade (5 or later); prints nothing where there is none.
usable_kubectl() {
    local candidate
    for candidate in kubectl "$(tools_directory)/kubectl/kubectl"; do
        if command -v "$candidate" >/dev/null \
            && "$candidate" version --client 2>/dev/null | grep -qE 'Kustomize Version: v([5-9]|[1-9][0-9])'; then
            command -v "$candidate"
            return
        fi
    done
}

# Consul; prints nothing where there is none.
usable_consul() {
    local candidate
    for candidate in consul "$(tools_directory)/consul/consul"; do
        if command -v "$candidate" >/dev/null && [[ $("$candidate" version 2>/dev/null) == "Consul v1"* ]]; then
            command -v "$candidate"
            return
        fi
    done
}

# The directory with the server programs of one major version of PostgreSQL; prints nothing where there is none.
postgres_binaries() { # version
    local directory
    for directory in "/usr/lib/postgresql/$1/bin" "$(tools_directory)/pg$1/bin"; do
        if [ -x "$directory/postgres" ] && [ -x "$directory/initdb" ] \
            && "$directory/postgres" --version | grep -qE "\) $1(\.|devel|beta|rc)"; then
            printf '%s\n' "$directory"
            return
        fi
    done
}
