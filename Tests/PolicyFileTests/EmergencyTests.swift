// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import Testing

@Suite("An emergency")
struct EmergencyTests {
    @Test(
        "is possible only while it is shorter than the buffer that its table comes to have",
        arguments: [
            ("", "    emergency: 100d\n", nil, ["4:5"]), ("", "    emergency: 100d\n", 90, ["4:5"]),
            ("", "    emergency: 100d\n", 100, ["4:5"]), ("", "    emergency: 100d\n", 101, []),
            ("", "    emergency: 59d\n", nil, []), ("", "    emergency: 60d\n", nil, ["4:5"]),
            ("", "    emergency: 30d\n    buffer: 31d\n", 10, []),
            ("defaults: { emergency: 60d }\n", "", nil, ["1:13"]), ("defaults: { emergency: 60d }\n", "", 61, []),
            ("defaults: { emergency: 14d, buffer: 20d }\n", "", 14, ["1:13"]),
            ("defaults: { emergency: 60d }\n", "    buffer: 61d\n", nil, []),
        ] as [(String, String, Int?, [String])]
    )
    func impossible(defaults: String, settings: String, days: Int?, places: [String]) throws {
        let policy = try read(defaults + PolicySample.events + settings)
        let issues = policy.impossibleEmergencies(option: days.map(Buffer.init(days:)))
        #expect(issues.map(\.position.description) == places)
        #expect(issues.allSatisfy { $0.message.contains("is not shorter than the buffer of") })
    }

    @Test(
        "beside a saved plan is possible only while it is shorter than the buffer of the plan",
        arguments: [
            ("", "    emergency: 20d\n    buffer: 90d\n", 21, []),
            ("", "    emergency: 20d\n    buffer: 90d\n", 20, ["4:5"]),
            ("defaults: { emergency: 20d, buffer: 90d }\n", "", 20, ["1:13"]),
            ("defaults: { emergency: 20d, buffer: 90d }\n", "    emergency: 5d\n", 20, []),
            ("", "    emergency: 20d\n    buffer: 90d\n", nil, []),
        ] as [(String, String, Int?, [String])]
    )
    func planned(defaults: String, settings: String, days: Int?, places: [String]) throws {
        let policy = try read(defaults + PolicySample.events + settings)
        let issues = policy.impossibleEmergencies { table in
            table.name == "events" ? days.map(Buffer.init(days:)) : nil
        }
        #expect(issues.map(\.position.description) == places)
        #expect(issues.allSatisfy { $0.message.contains("that the plan was made with") })
    }
}
