#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""A mutant: lines of one file and what is put in their place. The form is described in scripts/mutants.sh.

Usage: mutant.py apply MUTANT FILE   breaks FILE; exits 1, saying why, unless exactly one place changed
       mutant.py check               looks whether every mutant of the checkout could be applied, and applies none
"""

import pathlib
import sys


class Broken(Exception):
    """It can't be applied: the code has moved on, or it was never right."""


class Mutant:
    def __init__(self, path):
        head, _, body = path.read_text("utf-8").partition("\n--- old\n")
        self.old, separator, new = body.partition("\n--- new\n")
        if not separator:
            raise Broken("it has no '--- old' and '--- new'")
        self.new = new.removesuffix("\n")
        self.fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)

    def applied(self, target):
        """The target's text with the new lines."""
        if not target.is_file():
            raise Broken(f"there is no {target.name}")
        text = "\n" + target.read_text("utf-8")
        # Whole lines: what is searched begins and ends with one.
        old, new = f"\n{self.old}\n", f"\n{self.new}\n" if self.new else "\n"
        places = text.count(old)
        if places != 1:
            raise Broken(f"the old lines stand {places} times in {target.name}, not once")
        if old == new:
            raise Broken("old and new are the same")
        return text.replace(old, new, 1)[1:]


def check():
    broken = 0
    for root in [pathlib.Path(), pathlib.Path("clients/python")]:
        folder = root / ("mutants" if root.name else "scripts/mutants")
        mutants = sorted(folder.glob("*.mutant"))
        if not mutants:
            sys.exit(f"{folder}: there are no mutants")
        for path in mutants:
            try:
                mutant = Mutant(path)
                mutant.applied(root / mutant.fields["file"])
            except (Broken, KeyError) as error:
                broken += 1
                print(f"{path}: {error}")
    return 1 if broken else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]:
            sys.exit(check())
        case ["apply", mutant, target]:
            file = pathlib.Path(target)
            try:
                file.write_text(Mutant(pathlib.Path(mutant)).applied(file), "utf-8")
            except Broken as error:
                sys.exit(str(error))
        case _:
            sys.exit(__doc__)
