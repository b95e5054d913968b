#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Writes partition-cli's man page, made from the program's own definitions of its commands and options:

    partition-cli --experimental-dump-help | scripts/man-page.py VERSION > partition-cli.1
"""

import json
import sys

PROGRAM = "partition-cli"


def escaped(text):
    """A text as roff prints it: no requests at a line's beginning, minus signs that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...").replace("'", "\\(aq").replace('"', "\\(dq")
    return "\\&" + text if text.startswith(".") else text


def names(argument):
    """The option with its value, such as \\-\\-table=table."""
    texts = []
    for name in argument["names"]:
        dashes = "-" if name["kind"] == "short" else "--"
        texts.append("\\fB" + escaped(dashes + name["name"]) + "\\fR")
    text = ", ".join(texts)
    if argument["kind"] == "option":
        text += "=\\fI" + escaped(argument["valueName"]) + "\\fR"
    return text


def described(argument):
    text = argument.get("abstract", "")
    values = argument.get("allValues") or argument.get("allValueStrings") or []
    facts = []
    if values:
        facts.append("one of " + ", ".join(values))
    if argument.get("defaultValue"):
        facts.append("default: " + argument["defaultValue"])
    return text + (" (" + "; ".join(facts) + ")" if facts else "")


def discussion(text):
    """Paragraphs are filled; what is indented stays as it is."""
    lines, block = [], []
    for line in text.split("\n"):
        if line.startswith("  ") and line.strip():
            if not block:
                lines += [".PP", ".nf", ".RS 4"]
            block.append(line)
            lines.append(escaped(line[2:]))
            continue
        if block:
            lines += [".RE", ".fi"]
            block = []
        if line.strip():
            if not lines or lines[-1] in (".fi", ""):
                lines.append(".PP")
            lines.append(escaped(line))
        elif lines and lines[-1] not in (".PP", ".fi"):
            lines.append(".PP")
    if block:
        lines += [".RE", ".fi"]
    while lines and lines[-1] == ".PP":
        lines.pop()
    merged = []
    for line in lines:
        if not (line == ".PP" and merged and merged[-1] == ".PP"):
            merged.append(line)
    return merged


def options(arguments):
    lines = []
    for argument in arguments:
        if not argument.get("shouldDisplay", True):
            continue
        if argument["kind"] == "positional":
            head = "\\fI" + escaped(argument["valueName"].upper()) + "\\fR"
        else:
            head = names(argument)
        lines += [".TP", head, escaped(described(argument))]
    return lines


def synopsis(command):
    parts = ["\\fB" + escaped(PROGRAM) + " " + escaped(command["commandName"]) + "\\fR"]
    for argument in command.get("arguments", []):
        if argument["kind"] == "positional":
            text = "\\fI" + escaped(argument["valueName"].upper()) + "\\fR"
            parts.append(text + (" ..." if argument["isRepeating"] else ""))
    return " ".join(parts + ["[\\fIoptions\\fR]"])


def leaves(command, prefix=""):
    """The commands that are typed, each under its whole name: "registry diff"."""
    found = []
    for child in command.get("subcommands", []):
        if child["commandName"] == "help" or not child.get("shouldDisplay", True):
            continue
        child = dict(child, commandName=prefix + child["commandName"])
        found += leaves(child, child["commandName"] + " ") or [child]
    return found


def page(tool, version):
    root = tool["command"]
    commands = leaves(root)
    # What every command has is described once.
    own = {a["preferredName"]["name"] for a in root["arguments"]}
    lines = [
        '.\\" Made by scripts/man-page.py from the program itself.',
        f'.TH PARTITION\\-CLI 1 "" "{PROGRAM} {version}" "User Commands"',
        ".SH NAME",
        f"{escaped(PROGRAM)} \\- {escaped(root['abstract'][0].lower() + root['abstract'][1:].rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    for command in commands:
        lines += [synopsis(command), ".br"]
    lines[-1:] = []
    lines += [".SH DESCRIPTION"] + discussion(root.get("discussion", "")) + [".SH COMMANDS"]
    for command in commands:
        lines += [f".SS {escaped(command['commandName'])}", escaped(command["abstract"])]
        lines += discussion(command.get("discussion", ""))
        lines += options(a for a in command["arguments"] if (a.get("preferredName") or {}).get("name") not in own)
    lines += [".SH OPTIONS OF EVERY COMMAND"] + options(root["arguments"])
    lines += [
        ".SH SEE ALSO",
        "\\fBpsql\\fR(1), whose connection strings and environment variables are understood.",
    ]
    return "\n".join(lines) + "\n"


if len(sys.argv) != 2:
    sys.exit("usage: partition-cli --experimental-dump-help | man-page.py VERSION")
sys.stdout.reconfigure(encoding="utf-8")
sys.stdin.reconfigure(encoding="utf-8")
sys.stdout.write(page(json.load(sys.stdin), sys.argv[1]))
