// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    /// Mistakes in what defaults and tables have in common.
    static let settings: [PolicySample] = [
        .bad("no unit", events + "    buffer: 60\n", ExpectedIssue("4:13", "\"60\" has no unit", suggests: "60d")),
        .bad(
            "no unit, in quotes",
            events + "    buffer: \"60\"\n",
            ExpectedIssue("4:13", "has no unit", suggests: "60d")
        ),
        .bad(
            "a misspelt unit",
            events + "    buffer: 60 dyas\n",
            ExpectedIssue("4:13", "the units are", suggests: "60d")
        ),
        .bad("a capital unit", events + "    buffer: 60D\n", ExpectedIssue("4:13", "the units are", suggests: "60d")),
        .bad(
            "two spaces",
            events + "    buffer: 13  months\n",
            ExpectedIssue("4:13", "not a duration", suggests: "13 months")
        ),
        .bad("minutes or months", events + "    buffer: 6m\n", ExpectedIssue("4:13", "minutes or months")),
        .bad("half a day", events + "    buffer: 1.5d\n", ExpectedIssue("4:13", "its number must be whole")),
        .bad("no days", events + "    buffer: 0d\n", ExpectedIssue("4:13", "from 1 to 999999")),
        .subtle(
            "a buffer of centuries",
            events + "    buffer: 11 years\n",
            ExpectedIssue("4:5", "longer than 10 years")
        ),
        .bad("too many days", events + "    buffer: 1000000d\n", ExpectedIssue("4:13", "from 1 to 999999")),
        .bad("a negative duration", events + "    buffer: -5d\n", ExpectedIssue("4:13", "not a duration")),
        .bad("a word for a duration", events + "    buffer: long\n", ExpectedIssue("4:13", "not a duration")),
        .bad("a truth value for a duration", events + "    buffer: true\n", ExpectedIssue("4:13", "not a duration")),
        .bad("no duration", events + "    buffer:\n", ExpectedIssue("4:12", "\"buffer\" has no value")),
        .bad("a list for a duration", events + "    buffer: [60d]\n", ExpectedIssue("4:13", "a single value")),
        .bad("a variable for a duration", events + "    buffer: ${DAYS}\n", ExpectedIssue("4:13", "not a duration")),
        .bad(
            "a window without minutes",
            events + "    window: 2-5\n",
            ExpectedIssue("4:13", "not a window", suggests: "02:00-05:00")
        ),
        .bad(
            "a window with spaces",
            events + "    window: 02:00 - 05:00\n",
            ExpectedIssue("4:13", "not a window", suggests: "02:00-05:00")
        ),
        .bad(
            "a window to 24:00",
            events + "    window: \"22:00-24:00\"\n",
            ExpectedIssue("4:13", "not a window", suggests: "22:00-00:00")
        ),
        .bad("a window at 25:00", events + "    window: 25:00-26:00\n", ExpectedIssue("4:13", "not a window")),
        .bad("one time for a window", events + "    window: 02:00\n", ExpectedIssue("4:13", "not a window")),
        .subtle("an empty window", events + "    window: 02:00-02:00\n", ExpectedIssue("4:13", "ends where it begins")),
        .subtle(
            "an emergency as long as the buffer",
            events + "    buffer: 14d\n    emergency: 2 weeks\n",
            ExpectedIssue("5:5", "is not shorter than the buffer of 14d")
        ),
        .subtle(
            "an emergency longer than the buffer of the defaults",
            "defaults:\n  buffer: 1 month\n  emergency: 2 months\n" + events,
            ExpectedIssue("3:3", "the emergency of 2 months is not shorter")
        ),
        .subtle(
            "a buffer shorter than the emergency of the defaults",
            "defaults: { buffer: 60d, emergency: 14d }\n" + events + "    buffer: 7d\n",
            ExpectedIssue("5:5", "buffer of 7d (one of them from the defaults)")
        ),
        .bad(
            "a time zone with an offset sign",
            events + "    timezone: \"+02:00\"\n",
            ExpectedIssue("4:15", "not the name of a time zone")
        ),
        .bad(
            "a number for a time zone",
            events + "    timezone: 2\n",
            ExpectedIssue("4:15", "not the name of a time zone")
        ),
        .bad(
            "a time zone with a quote",
            events + "    timezone: UTC'--\n",
            ExpectedIssue("4:15", "not the name of a time zone")
        ),
        .bad("an empty quota", events + "    quota: {}\n", ExpectedIssue("4:12", "quota has nothing in it")),
        .bad("a quota alone", events + "    quota: 80%\n", ExpectedIssue("4:12", "quota must have keys")),
        .bad(
            "a misspelt key of a quota",
            events + "    quota: { treshold: 80% }\n",
            ExpectedIssue("4:14", "unknown key \"treshold\" in quota", suggests: "threshold")
        ),
        .bad(
            "no percent sign",
            events + "    quota: { threshold: 80 }\n",
            ExpectedIssue("4:25", "no percent sign", suggests: "80%")
        ),
        .bad(
            "a share",
            events + "    quota: { threshold: 0.8 }\n",
            ExpectedIssue("4:25", "not a percentage", suggests: "80%")
        ),
        .bad("more than all", events + "    quota: { threshold: 101% }\n", ExpectedIssue("4:25", "not a percentage")),
        .bad("no percent", events + "    quota: { threshold: 0% }\n", ExpectedIssue("4:25", "not a percentage")),
        .bad(
            "a size without a unit",
            events + "    quota: { capacity: 500 }\n",
            ExpectedIssue("4:24", "has no unit", suggests: "500 GiB")
        ),
        .bad(
            "a short unit of size",
            events + "    quota: { capacity: 2T }\n",
            ExpectedIssue("4:24", "not a size", suggests: "2 TiB")
        ),
        .bad(
            "a unit of size in capitals",
            events + "    quota: { capacity: 2 TIB }\n",
            ExpectedIssue("4:24", "not a size", suggests: "2 TiB")
        ),
        .bad("less than one", events + "    quota: { capacity: 0.5 TiB }\n", ExpectedIssue("4:24", "from 1 up")),
        .bad("a word for a size", events + "    quota: { capacity: big }\n", ExpectedIssue("4:24", "not a size")),
        .subtle(
            "a part of a byte",
            events + "    quota: { capacity: 1.5 B }\n",
            ExpectedIssue("4:24", "whole number of bytes")
        ),
        .subtle(
            "more than there is",
            events + "    quota: { capacity: 9000 PiB }\n",
            ExpectedIssue("4:24", "more than PostgreSQL")
        ),
        .bad("empty defaults", "defaults: {}\n" + events, ExpectedIssue("1:11", "defaults has nothing in it")),
        .bad("defaults without a value", "defaults:\n" + events, ExpectedIssue("1:10", "defaults must have keys")),
        .bad(
            "a key of tables in defaults",
            "defaults: { drain: off }\n" + events,
            ExpectedIssue("1:13", "unknown key \"drain\" in defaults: it belongs in a table")
        ),
        .bad(
            "a key of a quota in defaults",
            "defaults: { threshold: 80% }\n" + events,
            ExpectedIssue("1:13", "it belongs in \"quota\"")
        ),
    ]
}
