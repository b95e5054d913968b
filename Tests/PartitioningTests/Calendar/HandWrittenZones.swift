// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

/// Zone rules copied by hand from the IANA tables for a few years.
extension ZoneRules {
    private init(_ name: String, _ initialHours: Int, _ transitions: [(at: String, hours: Int)]) {
        self.init(
            name: name,
            initialOffset: initialHours * 3600,
            transitions: transitions.compactMap { transition in
                Instant(parsing: transition.at).map { Transition(at: $0, offset: transition.hours * 3600) }
            }
        )
    }

    static let paris = ZoneRules(
        "Europe/Paris",
        1,
        [
            ("2025-03-30T01:00:00Z", 2), ("2025-10-26T01:00:00Z", 1), ("2026-03-29T01:00:00Z", 2),
            ("2026-10-25T01:00:00Z", 1), ("2027-03-28T01:00:00Z", 2), ("2027-10-31T01:00:00Z", 1),
        ]
    )
    /// Clocks go from 00:00 to 01:00 in spring and from 01:00 back to 00:00 in autumn.
    static let havana = ZoneRules(
        "America/Havana",
        -5,
        [
            ("2025-03-09T05:00:00Z", -4), ("2025-11-02T05:00:00Z", -5), ("2026-03-08T05:00:00Z", -4),
            ("2026-11-01T05:00:00Z", -5), ("2027-03-14T05:00:00Z", -4), ("2027-11-07T05:00:00Z", -5),
        ]
    )
    /// Clocks go from 00:00 to 01:00 in spring and from 00:00 back to 23:00 in autumn.
    static let saoPaulo = ZoneRules(
        "America/Sao_Paulo",
        -3,
        [
            ("2017-10-15T03:00:00Z", -2), ("2018-02-18T02:00:00Z", -3), ("2018-11-04T03:00:00Z", -2),
            ("2019-02-17T02:00:00Z", -3),
        ]
    )
    static let kolkata = ZoneRules(name: "Asia/Kolkata", initialOffset: 19_800, transitions: [])
    static let cairo = ZoneRules(
        "Africa/Cairo",
        2,
        [
            ("2023-04-27T22:00:00Z", 3), ("2023-10-26T21:00:00Z", 2), ("2024-04-25T22:00:00Z", 3),
            ("2024-10-31T21:00:00Z", 2),
        ]
    )
    /// Went over the date line: 2011-12-30 doesn't exist.
    static let apia = ZoneRules("Pacific/Apia", -10, [("2011-12-30T10:00:00Z", 14)])
    /// Half an hour of summer time.
    static let lordHowe = ZoneRules(
        name: "Australia/Lord_Howe",
        initialOffset: 39_600,
        transitions: [("2026-04-04T15:00:00Z", 37_800), ("2026-10-03T15:30:00Z", 39_600)].compactMap { at, offset in
            Instant(parsing: at).map { Transition(at: $0, offset: offset) }
        }
    )

    static let handWritten = [ZoneRules.utc, .paris, .havana, .saoPaulo, .kolkata, .cairo, .apia, .lordHowe]
}

/// Short forms for tests: text that must be readable.
func civil(_ text: String) throws -> CivilDateTime {
    try #require(CivilDateTime(parsing: text), "\(text)")
}

func instant(_ text: String) throws -> Instant {
    try #require(Instant(parsing: text), "\(text)")
}

func period(_ text: String) throws -> Period {
    try Period(parsing: text)
}
