// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A maintenance window")
struct MaintenanceWindowTests {
    private static func window(_ hours: String, _ zone: ZoneRules) throws -> MaintenanceWindow {
        MaintenanceWindow(try #require(DailyWindow(parsing: hours), "\(hours)"), zone: zone)
    }

    struct Case: Sendable {
        var hours: String
        var zone: ZoneRules
        var inside: [String]
        var outside: [String]
    }

    private static let cases = [
        Case(
            hours: "02:00-05:00",
            zone: .utc,
            inside: ["2026-11-26T02:00:00Z", "2026-11-26T04:59:59.999999Z"],
            outside: ["2026-11-26T01:59:59.999999Z", "2026-11-26T05:00:00Z", "2026-11-26T14:00:00Z"]
        ),
        // Over midnight.
        Case(
            hours: "22:00-04:00",
            zone: .utc,
            inside: ["2026-11-26T22:00:00Z", "2026-11-27T00:00:00Z", "2026-11-27T03:59:59Z"],
            outside: ["2026-11-26T21:59:59Z", "2026-11-27T04:00:00Z"]
        ),
        Case(
            hours: "02:00-05:00",
            zone: .paris,
            inside: ["2026-07-01T00:00:00Z", "2026-12-01T01:00:00Z", "2026-12-01T03:59:00Z"],
            outside: ["2026-06-30T23:59:00Z", "2026-07-01T03:00:00Z", "2026-12-01T00:30:00Z", "2026-12-01T04:00:00Z"]
        ),
        // The night in which 02:00 to 03:00 is skipped: the window begins with the change, an hour shorter.
        Case(
            hours: "02:00-05:00",
            zone: .paris,
            inside: ["2026-03-29T01:00:00Z", "2026-03-29T02:59:59Z"],
            outside: ["2026-03-29T00:59:59Z", "2026-03-29T03:00:00Z"]
        ),
        Case(
            hours: "01:00-02:30",
            zone: .paris,
            inside: ["2026-03-29T00:00:00Z", "2026-03-29T00:59:59Z"],
            outside: ["2026-03-28T23:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"]
        ),
        // Wholly in the skipped hour: an hour later, that night only.
        Case(
            hours: "02:10-02:50",
            zone: .paris,
            inside: ["2026-03-29T01:10:00Z", "2026-03-29T01:49:59Z", "2026-03-30T00:10:00Z"],
            outside: ["2026-03-29T01:05:00Z", "2026-03-29T01:50:00Z", "2026-03-30T01:10:00Z", "2026-03-28T02:10:00Z"]
        ),
        Case(
            hours: "02:05-02:25",
            zone: .lordHowe,
            inside: ["2026-10-03T15:35:00Z", "2026-10-03T15:54:59Z"],
            outside: ["2026-10-03T15:34:59Z", "2026-10-03T15:55:00Z"]
        ),
        // The night in which 02:00 to 03:00 comes twice: an hour longer, or opening twice.
        Case(
            hours: "02:00-05:00",
            zone: .paris,
            inside: ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T03:59:59Z"],
            outside: ["2026-10-24T23:59:59Z", "2026-10-25T04:00:00Z"]
        ),
        Case(
            hours: "02:00-02:30",
            zone: .paris,
            inside: ["2026-10-25T00:00:00Z", "2026-10-25T00:29:59Z", "2026-10-25T01:00:00Z", "2026-10-25T01:29:59Z"],
            outside: ["2026-10-25T00:30:00Z", "2026-10-25T00:59:59Z", "2026-10-25T01:30:00Z"]
        ),
        // Midnight itself is skipped.
        Case(
            hours: "22:00-00:30",
            zone: .saoPaulo,
            inside: ["2018-11-04T01:00:00Z", "2018-11-04T02:59:59Z"],
            outside: ["2018-11-04T03:00:00Z", "2018-11-04T03:30:00Z"]
        ),
        // A whole day doesn't exist.
        Case(
            hours: "02:00-05:00",
            zone: .apia,
            inside: ["2011-12-29T12:00:00Z", "2011-12-30T12:00:00Z"],
            outside: ["2011-12-30T10:00:00Z", "2011-12-30T15:00:00Z"]
        ),
    ]

    @Test("is open while the clocks of its zone show a time inside it", arguments: cases)
    func contains(example: Case) throws {
        let window = try Self.window(example.hours, example.zone)
        for text in example.inside { #expect(window.contains(try instant(text)), "\(window) at \(text)") }
        for text in example.outside { #expect(!window.contains(try instant(text)), "\(window) at \(text)") }
    }

    @Test(
        "says when it opens next",
        arguments: [
            ("02:00-05:00", ZoneRules.utc, "2026-11-26T05:00:00Z", "2026-11-27T02:00:00Z"),
            ("02:00-05:00", .utc, "2026-11-26T04:00:00Z", "2026-11-26T04:00:00Z"),
            ("22:00-04:00", .kolkata, "2026-11-26T12:00:00Z", "2026-11-26T16:30:00Z"),
            ("02:30-05:00", .paris, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
            ("02:10-02:50", .paris, "2026-03-28T12:00:00Z", "2026-03-29T01:10:00Z"),
            ("02:00-02:30", .paris, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"),
            ("02:00-05:00", .apia, "2011-12-29T16:00:00Z", "2011-12-30T12:00:00Z"),
        ]
    )
    func opening(hours: String, zone: ZoneRules, from: String, expected: String) throws {
        #expect(try Self.window(hours, zone).opening(from: try instant(from)) == (try instant(expected)))
    }

    @Test(
        "opens at no minute before the one it names, around every change of clocks",
        arguments: [ZoneRules.paris, .havana, .saoPaulo, .lordHowe, .apia]
    )
    func openingByMinutes(zone: ZoneRules) throws {
        let minute: Int64 = 60_000_000
        for transition in zone.transitions.prefix(2) {
            for hours in ["02:00-05:00", "23:30-00:30", "00:10-00:50", "02:05-02:25", "01:59-01:58"] {
                let window = try Self.window(hours, zone)
                let moments = (-900..<2400).map {
                    Instant(microseconds: transition.at.microseconds + Int64($0) * minute)
                }
                let open = moments.map(window.contains)
                for start in stride(from: 0, to: 900, by: 23) {
                    let expected = open[start...].firstIndex(of: true).map { moments[$0] }
                    #expect(window.opening(from: moments[start]) == expected, "\(window) from \(moments[start])")
                }
            }
        }
    }

    @Test("is written as two times of day and nothing else")
    func parsing() {
        #expect(DailyWindow(parsing: "02:00-05:00") == DailyWindow(start: 120, end: 300))
        #expect(DailyWindow(parsing: "23:59-00:00") == DailyWindow(start: 1439, end: 0))
        for text in [
            "", "02:00", "2:00-05:00", "02:00-24:00", "02:00-02:00", "02:60-03:00", "02:00–05:00", "02:00 - 05:00",
            "-1:00-05:00", "02:00-05:00-06:00", "+2:00-05:00",
        ] {
            #expect(DailyWindow(parsing: text) == nil, "\(text)")
        }
    }
}
