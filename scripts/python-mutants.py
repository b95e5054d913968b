#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Breaks the Python client in known ways, clients/python/mutants/NAME.mutant; the tests that each names must notice.

Usage: python-mutants.py [NAME…], with a Python that has what the client's tests need, and in the environment what they need
(scripts/python.sh --mutants sets both). The form of a mutant is that of scripts/mutants.sh. Exits 1 unless all are killed.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from mutant import Broken, Mutant

client = pathlib.Path("clients/python").resolve()


def passes(tree, tests):
    # The copy's sources before what is installed; the vectors from the checkout.
    environment = os.environ | {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests", *tests.split()]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=500)
    return done.returncode == 0, done.stderr[-2000:] + done.stdout


def main(names):
    mutants = [client / "mutants" / f"{name}.mutant" for name in names] or sorted((client / "mutants").glob("*.mutant"))
    if not mutants:
        sys.exit("there are no mutants: nothing was shown")
    bad = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as place:
        tree = pathlib.Path(place, "clients", "python")
        shutil.copytree(client, tree, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(client.parent.parent / "docs" / "registry", pathlib.Path(place, "docs", "registry"))
        unbroken = {}
        for mutant in mutants:
            try:
                broken = Mutant(mutant)
                fields, target = broken.fields, tree / broken.fields["file"]
                changed = broken.applied(target)
                text = target.read_text("utf-8")
            except Broken as error:
                verdict, why = "BROKEN", error
            else:
                if fields["tests"] not in unbroken:
                    unbroken[fields["tests"]], output = passes(tree, fields["tests"])
                    if not unbroken[fields["tests"]]:
                        sys.exit(f"{fields['tests']} fails unbroken:\n{output}")
                target.write_text(changed, "utf-8")
                survived, _ = passes(tree, fields["tests"])
                target.write_text(text, "utf-8")
                verdict, why = ("SURVIVED" if survived else "killed"), fields["why"]
            bad += verdict != "killed"
            print(f"{verdict:9} {mutant.stem}: {why}", flush=True)
    print(f"{len(mutants) - bad} of {len(mutants)} mutants of the Python client killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
