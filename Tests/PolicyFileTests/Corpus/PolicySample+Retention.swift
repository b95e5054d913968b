// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PolicySample {
    private static func retain(_ keys: String) -> String {
        events + "    retain: { \(keys) }\n"
    }

    /// Mistakes in what becomes of old partitions.
    static let retention: [PolicySample] = [
        .bad("a duration alone", events + "    retain: 13 months\n", ExpectedIssue("4:13", "retain must have keys")),
        .bad("no action", retain("for: 13 months"), ExpectedIssue("4:5", "retain needs \"then\"")),
        .bad(
            "a misspelt action",
            retain("for: 1y, then: detatch"),
            ExpectedIssue("4:30", "none of keep, detach, move, archive and drop", suggests: "detach")
        ),
        .bad(
            "another word for an action",
            retain("for: 1y, then: delete"),
            ExpectedIssue("4:30", "none of", suggests: "drop")
        ),
        .bad("no age", retain("then: drop"), ExpectedIssue("4:5", "retain needs \"for\": the age at which to drop")),
        .bad("an age without a unit", retain("for: 13, then: drop"), ExpectedIssue("4:20", "no unit", suggests: "13d")),
        .bad("moved nowhere", retain("for: 1y, then: move"), ExpectedIssue("4:24", "\"then: move\" needs \"schema\"")),
        .subtle(
            "moved to where it is",
            retain("for: 1y, then: move, schema: public"),
            ExpectedIssue("4:36", "are in the schema \"public\" already")
        ),
        .bad(
            "archived nowhere",
            retain("for: 1y, then: archive"),
            ExpectedIssue("4:24", "\"then: archive\" needs \"to\"")
        ),
        .bad(
            "archived to a number",
            retain("for: 1y, then: archive, to: 5"),
            ExpectedIssue("4:43", "put it in quotes", suggests: "\"5\"")
        ),
        .bad(
            "a schema without a move",
            retain("for: 1y, then: detach, schema: old"),
            ExpectedIssue("4:38", "\"schema\" goes with \"then: move\", and this is \"then: detach\"")
        ),
        .bad(
            "a place without an archive",
            retain("for: 1y, then: drop, to: /a"),
            ExpectedIssue("4:36", "\"to\" goes with \"then: archive\"")
        ),
        .bad(
            "dropping without an archive",
            retain("for: 1y, then: detach, drop: true"),
            ExpectedIssue("4:38", "\"drop\" goes with \"then: archive\"")
        ),
        .bad(
            "a grace that nothing ends",
            retain("for: 1y, then: keep, grace: 7d"),
            ExpectedIssue("4:36", "\"grace\" goes with \"then: detach\" or \"then: drop\"")
        ),
        .bad(
            "a grace before a move",
            retain("for: 1y, then: move, schema: old, grace: 7d"),
            ExpectedIssue("4:49", "\"grace\" goes with")
        ),
        .bad(
            "a misspelt key of retain",
            retain("fro: 1y, then: drop"),
            ExpectedIssue("4:5", "retain needs \"for\""),
            ExpectedIssue("4:15", "unknown key \"fro\" in retain", suggests: "for")
        ),
        .bad(
            "four mistakes at once",
            "defaults: { bufer: 60d }\n" + retain("for: 13, then: drp") + "    adopt: yes\n",
            ExpectedIssue("1:13", "unknown key \"bufer\"", suggests: "buffer"),
            ExpectedIssue("5:20", "no unit", suggests: "13d"),
            ExpectedIssue("5:30", "none of keep", suggests: "drop"),
            ExpectedIssue("6:12", "neither true nor false", suggests: "true")
        ),
    ]
}
