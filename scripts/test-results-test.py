#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Tests of scripts/test-results.py, in less than a second: `make lint` runs them.

Each case is a run of `swift test` as its event stream tells it, and whether, and with which complaint, it must be refused.
"""

import contextlib
import io
import json
import pathlib
import runpy
import tempfile
import unittest
import unittest.mock

# As a module, not as a program: a process for each case would take longer than all the rest of them.
SCRIPT = runpy.run_path(str(pathlib.Path(__file__).with_name("test-results.py")))
NAMES = ["LibPQTests.Opening/works()", "CommandTests.Rotate/works()"]


def record(kind, /, **payload):
    return json.dumps({"version": 0, "kind": kind, "payload": payload})


def stream(outcomes, ended=True):
    """Of a run: an outcome is the last message's symbol, "skip", "no end" or, for a test not chosen, None."""
    lines = []
    for name in outcomes:
        test_id = f"{name}/File.swift:7:5"
        lines.append(record("test", kind="suite", id=name.split("/")[0]))
        lines.append(record("test", kind="function", id=test_id))
    lines.append(record("event", kind="runStarted"))
    for name, outcome in outcomes.items():
        test_id = f"{name}/File.swift:7:5"
        if outcome == "skip":
            lines.append(record("event", kind="testSkipped", testID=test_id))
        elif outcome is not None:
            lines.append(record("event", kind="testStarted", testID=test_id))
            if outcome != "no end":
                message = {"symbol": outcome, "text": "ended"}
                lines.append(record("event", kind="testEnded", testID=test_id, messages=[message]))
    if ended:
        lines.append(record("event", kind="runEnded"))
    return "\n".join(lines) + "\n"


class Judgement(unittest.TestCase):
    def judge(self, events, listed=None, targets=(), excepted=None):
        """The exit status, the complaints and the totals of a run of the script."""
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            totals = folder / "totals"
            streams = events if isinstance(events, list) else [events]
            files = [folder / f"events-{index}" for index in range(len(streams))]
            for file, text in zip(files, streams):
                if text is not None:
                    file.write_text(text, encoding="utf-8")
            arguments = [*map(str, files), str(totals)]
            if listed is not None:
                (folder / "listed").write_text("".join(f"{name}\n" for name in listed), encoding="utf-8")
                arguments += ["--listed", str(folder / "listed")]
            if targets:
                arguments += ["--targets", *targets]
            if excepted:
                arguments += ["--except", excepted]
            complaints = io.StringIO()
            with (
                unittest.mock.patch("sys.argv", ["test-results.py", *arguments]),
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(complaints),
            ):
                status = SCRIPT["main"]()
            return status, complaints.getvalue(), totals.read_text(encoding="utf-8").split()

    def refused(self, complaint, events, **expectations):
        status, complaints, _ = self.judge(events, **expectations)
        self.assertEqual(status, 1, complaints)
        self.assertIn(complaint, complaints)

    def test_accepts_a_run_in_which_every_listed_test_passed(self):
        status, complaints, counts = self.judge(
            stream(dict.fromkeys(NAMES, "pass")), listed=NAMES, targets=["LibPQTests", "CommandTests"]
        )
        self.assertEqual((status, complaints, counts), (0, "", ["2", "0"]))

    def test_judges_several_runs_as_one(self):
        first, second = stream({NAMES[0]: "pass"}), stream({NAMES[1]: "pass"})
        status, complaints, counts = self.judge([first, second], listed=NAMES)
        self.assertEqual((status, complaints, counts), (0, "", ["2", "0"]))
        self.refused("the run didn't reach its end", [first, None])
        self.refused("the run didn't reach its end", [stream({NAMES[0]: "pass"}, ended=False), second])
        self.refused(f"failed: {NAMES[1]}", [first, stream({NAMES[1]: "fail"})])
        self.refused(f"failed: {NAMES[1]}", [stream({NAMES[1]: "fail"}), second])

    def test_accepts_a_pass_with_warnings_and_an_unlisted_choice(self):
        self.assertEqual(self.judge(stream({NAMES[0]: "passWithWarnings"}))[0], 0)

    def test_wants_only_what_is_listed_of_the_targets(self):
        events = stream({NAMES[1]: "pass"})
        self.assertEqual(self.judge(events, listed=NAMES, targets=["CommandTests"])[0], 0)

    def test_wants_nothing_that_is_excepted_and_all_else(self):
        events = stream({NAMES[1]: "pass"})
        self.assertEqual(self.judge(events, listed=NAMES, excepted=NAMES[0].split("/")[0])[0], 0)
        self.refused("listed and not executed", events, listed=NAMES, excepted="Nothing")

    def test_refuses_a_failed_test(self):
        events = stream({NAMES[0]: "pass", NAMES[1]: "fail"})
        self.refused(f"failed: {NAMES[1]}", events)
        self.assertEqual(self.judge(events)[2], ["1", "1"])

    def test_refuses_a_skipped_test(self):
        self.refused(f"(skip): {NAMES[1]}", stream({NAMES[0]: "pass", NAMES[1]: "skip"}), listed=NAMES)

    def test_refuses_a_known_issue(self):
        self.refused(
            f"(passWithKnownIssue): {NAMES[1]}", stream({NAMES[0]: "pass", NAMES[1]: "passWithKnownIssue"})
        )

    def test_refuses_a_listed_test_that_was_not_executed(self):
        for events in (stream({NAMES[0]: "pass"}), stream({NAMES[0]: "pass", NAMES[1]: None})):
            self.refused(f"listed and not executed: {NAMES[1]}", events, listed=NAMES)

    def test_refuses_one_of_two_tests_of_the_same_name(self):
        self.refused("listed and not executed", stream({NAMES[0]: "pass"}), listed=[NAMES[0], NAMES[0]])

    def test_refuses_a_target_of_which_nothing_was_executed(self):
        self.refused("no test of CommandTests", stream({NAMES[0]: "pass"}), targets=["LibPQTests", "CommandTests"])
        self.refused("no test of CommandTests", stream({NAMES[1]: "skip"}), targets=["CommandTests"])

    def test_refuses_an_empty_run(self):
        for events in (stream({}), stream({NAMES[0]: None}), stream({NAMES[0]: "skip"})):
            self.refused("nothing was executed", events)

    def test_refuses_a_run_that_left_no_stream_or_an_empty_one(self):
        for events in (None, ""):
            self.refused("the run didn't reach its end", events)
            self.refused("nothing was executed", events)

    def test_refuses_a_run_that_crashed(self):
        events = stream({NAMES[0]: "pass", NAMES[1]: "no end"}, ended=False) + '{"version": 0, "ki'
        self.refused("the run didn't reach its end", events)
        self.refused(f"started and never ended: {NAMES[1]}", events)


if __name__ == "__main__":
    unittest.main()
