#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Judges `swift test` runs by what was executed, because a run of no tests, or of skipped ones, exits 0 too.

usage: test-results.py EVENTS… PASSED_AND_FAILED [--complaints FILE] [--listed FILE] [--targets NAME…] [--except REGEX]

EVENTS…            the event stream of each run (swift test --event-stream-output-path, version 0), judged as one
PASSED_AND_FAILED  a file that "passed failed" is appended to, for the total of several versions
--complaints FILE  what is wrong, with what the failed tests said, is appended here too: for the end of the whole output
--listed FILE      the output of `swift test list`: each of its tests must have been executed
--targets NAME…    of these test targets only; each must have executed something
--except REGEX     listed tests whose identifiers match, from the beginning on, needn't have been executed

Exits 1, saying why on standard error, when a test failed, didn't end, was skipped, cancelled or is a known issue; when a
listed test wasn't executed; or when nothing was executed at all.
"""

import argparse
import collections
import json
import re
import sys

LOCATION = re.compile(r"/[^/]*\.swift:\d+:\d+$")
PASSES = {"pass", "passWithWarnings"}


def plain(test_id):
    """A test's identifier without the source location that is sometimes appended."""
    return LOCATION.sub("", test_id)


def target(test_id):
    return test_id.split(".", 1)[0]


def read_outcomes(path):
    """Of each test function in the stream: how it ended, as the symbol of its last message, and the issues it recorded."""
    functions, outcomes, issues, ended = set(), {}, collections.defaultdict(list), False
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                continue  # the last line of a process that crashed
            payload = record["payload"]
            if record["kind"] == "test":
                if payload["kind"] == "function":
                    functions.add(payload["id"])
                continue
            kind, test_id = payload["kind"], payload.get("testID")
            if kind == "runEnded":
                ended = True
            elif test_id in functions:
                if kind == "testStarted":
                    outcomes[test_id] = "no end"
                elif kind == "testSkipped":
                    outcomes[test_id] = "skip"
                elif kind == "testEnded":
                    messages = payload.get("messages") or [{}]
                    outcomes[test_id] = messages[0].get("symbol", "no symbol")
                elif kind == "issueRecorded":
                    issues[test_id].append(" / ".join(message.get("text", "") for message in payload.get("messages") or []))
    return outcomes, issues, ended


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("events", nargs="+")
    parser.add_argument("totals")
    parser.add_argument("--complaints")
    parser.add_argument("--listed")
    parser.add_argument("--targets", nargs="*", default=[])
    parser.add_argument("--except", dest="excepted")
    arguments = parser.parse_args()

    complaints = []
    outcomes, issues = {}, {}
    for path in arguments.events:
        try:
            some_outcomes, some_issues, ended = read_outcomes(path)
        except FileNotFoundError:
            some_outcomes, some_issues, ended = {}, {}, False
        # One that was executed twice has to pass each time.
        outcomes.update({test: how for test, how in some_outcomes.items() if outcomes.get(test, "pass") in PASSES})
        issues.update(some_issues)
        if not ended:
            complaints.append("the run didn't reach its end")

    passed = {test for test, outcome in outcomes.items() if outcome in PASSES}
    for test, outcome in sorted(outcomes.items()):
        if outcome == "fail":
            complaints.append(f"failed: {plain(test)}")
            complaints += [f"    {issue[:1000]}" for issue in issues.get(test, [])[:5]]
        elif outcome == "no end":
            complaints.append(f"started and never ended: {plain(test)}")
        elif outcome not in PASSES:
            complaints.append(f"skipped, cancelled or a known issue ({outcome}): {plain(test)}")
    executed = {test for test, outcome in outcomes.items() if outcome != "skip"}

    if arguments.listed:
        with open(arguments.listed, encoding="utf-8") as lines:
            listed = [plain(line.strip()) for line in lines if line.strip()]
        if arguments.targets:
            listed = [test for test in listed if target(test) in arguments.targets]
        if arguments.excepted:
            listed = [test for test in listed if not re.match(arguments.excepted, test)]
        missing = collections.Counter(listed) - collections.Counter(plain(test) for test in outcomes)
        complaints += [f"listed and not executed: {test}" for test in sorted(missing)]

    per_target = collections.Counter(target(test) for test in executed)
    for name in arguments.targets:
        if per_target[name] == 0:
            complaints.append(f"no test of {name} was executed")
    if not executed:
        complaints.append("nothing was executed")

    for name, count in sorted(per_target.items()):
        good = sum(1 for test in passed if target(test) == name)
        print(f"  {name}: {count} executed, {good} passed")
    for complaint in complaints:
        print(f"  {complaint}", file=sys.stderr)
    if arguments.complaints:
        with open(arguments.complaints, "a", encoding="utf-8") as file:
            file.writelines(f"{complaint}\n" for complaint in complaints)
    with open(arguments.totals, "a", encoding="utf-8") as totals:
        totals.write(f"{len(passed)} {len(outcomes) - len(passed)}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
