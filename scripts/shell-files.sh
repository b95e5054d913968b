#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
#
# Writes completions for bash, zsh and fish, and the man page, as the program itself describes its commands:
#   scripts/shell-files.sh PROGRAM DIRECTORY     completions/… and man/man1/partition-cli.1 below the directory

# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 2 ] || fail "usage: shell-files.sh PROGRAM DIRECTORY"
program=$1
directory=$2
mkdir -p "$directory/completions" "$directory/man/man1"
"$program" --generate-completion-script bash >"$directory/completions/partition-cli.bash"
"$program" --generate-completion-script zsh >"$directory/completions/_partition-cli"
"$program" --generate-completion-script fish >"$directory/completions/partition-cli.fish"
"$program" --experimental-dump-help | python3 scripts/man-page.py "$("$program" --version)" >"$directory/man/man1/partition-cli.1"
