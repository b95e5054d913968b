# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Runs every test; a skipped one, or none at all, is a failure.

Usage: python -m tests [--totals FILE] [NAME…], as unittest names tests. The numbers of those that passed and failed are appended to FILE.
"""

from __future__ import annotations

import sys
import unittest
import warnings
from pathlib import Path


def main(arguments: list[str]) -> int:
    totals = None
    if arguments[:1] == ["--totals"]:
        totals, arguments = Path(arguments[1]), arguments[2:]
    loader = unittest.defaultTestLoader
    here = Path(__file__).resolve().parent
    suite = loader.loadTestsFromNames(arguments) if arguments else loader.discover(str(here), top_level_dir=str(here.parent))
    # A connection that nobody closed is a fault of ours.
    warnings.simplefilter("error", ResourceWarning)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    bad += len(result.skipped) + len(result.expectedFailures)
    for test, why in result.skipped:
        print(f"skipped: {test}: {why}", file=sys.stderr)
    if result.testsRun == 0:
        print("no test was run", file=sys.stderr)
        bad += 1
    passed = max(0, result.testsRun - bad)
    if totals is not None:
        with totals.open("a") as file:
            file.write(f"{passed} {bad}\n")
    print(f"Python: {passed} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
