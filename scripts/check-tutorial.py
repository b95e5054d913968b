#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""The code of the documentation catalogs must be compiled code: every Swift block of theirs stands, line by line, in a file below
Examples/, which `make test-example` builds and runs. Only the indentation may differ.

Prints what doesn't, one line each, and exits 1 then."""

import pathlib
import re
import sys
import textwrap

repository = pathlib.Path(__file__).resolve().parent.parent


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in textwrap.dedent(text).strip("\n").split("\n")]


def stands_in(block: list[str], source: list[str]) -> bool:
    for start in range(len(source) - len(block) + 1):
        part = "\n".join(source[start : start + len(block)])
        if lines(part) == block:
            return True
    return False


def main() -> int:
    catalogs = sorted(repository.glob("Sources/*/*.docc/**/*.md"))
    sources = [
        path.read_text().split("\n")
        for path in sorted(repository.glob("Examples/*/Sources/**/*.swift"))
    ]
    complaints, blocks = [], 0
    for catalog in catalogs:
        text = catalog.read_text()
        for match in re.finditer(r"^```swift\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            blocks += 1
            block = lines(match.group(1))
            if not any(stands_in(block, source) for source in sources):
                line = text.count("\n", 0, match.start()) + 1
                complaints.append(f"{catalog.relative_to(repository)}:{line}: no example has this code: {block[0]}")
    if not blocks:
        complaints.append("no Swift code was found in any documentation catalog")
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
