// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile
import Testing

@Suite("What is not built yet")
struct UnbuiltTests {
    /// Files that use one unbuilt feature each, and where.
    private static let uses: [(text: String, place: String)] =
        tableKeys.map { ("\(PolicySample.events)    \($0)\n", "4:5") }
        + ["list: r, values: [eu]", "hash: id, modulus: 4"].map { (PolicySample.by($0), "3:11") }

    private static let tableKeys = [
        "default: create", "drain: auto", "retain: { for: 1y, then: detach }",
        "retain: { for: 1y, then: move, schema: old }", "retain: { for: 1y, then: archive, to: /a }",
        "retain: { for: 1y, then: drop }", "adopt: true",
    ]

    @Test(
        "is refused where it stands, never accepted in silence",
        arguments: uses
    )
    func refused(text: String, place: String) throws {
        let found = UnbuiltFeatures.unsupported(in: try read(text))
        #expect(found.map(\.position.description) == [place])
        #expect(found.allSatisfy { $0.message.contains("not built yet") && $0.file == "partitions.yaml" })
    }

    @Test("INTERFACE's example uses five such features, each reported in its place")
    func several() throws {
        let found = UnbuiltFeatures.unsupported(in: try read(PolicySample.interface))
        #expect(found.map(\.position.description) == ["15:5", "16:5", "17:5", "19:5", "20:11"])
    }

    @Test(
        "what is built is accepted",
        arguments: [
            "    buffer: 30d\n    emergency: 7d\n    timezone: Europe/Berlin\n    quota: { threshold: 80%, capacity: 2 TiB }\n",
            "    name: \"{table}_{yyyy}_{mm}\"\n", "    default: keep\n", "    default: none\n", "    drain: off\n",
            "    adopt: false\n", "    retain: { then: keep }\n",
            "    retain: { for: 1y, then: keep }\n",
        ]
    )
    func accepted(keys: String) throws {
        #expect(UnbuiltFeatures.unsupported(in: try read(PolicySample.events + keys)).isEmpty)
        let anchored = PolicySample.by("range: ts, every: week, start: sunday, anchor: 2026-01-04")
        #expect(UnbuiltFeatures.unsupported(in: try read(anchored)).isEmpty)
    }
}

@Suite("Issues that are found after reading")
struct LaterIssueTests {
    @Test("stand at their key, or at the next one around it")
    func places() throws {
        let policy = try read(PolicySample.events + "    quota:\n      threshold: 80%\n")
        let places: [(PolicyPath, String)] = [
            (["tables", "public.events", "by", "0", "range"], "3:11"),
            (["tables", "public.events", "quota", "threshold"], "5:7"),
            (["tables", "public.events", "quota", "capacity"], "4:5"),
            (["tables", "public.events", "timezone"], "2:3"),
            (["defaults", "timezone"], "1:1"),
        ]
        for (path, place) in places {
            #expect(policy.issue(at: path, "wrong").description == "partitions.yaml:\(place): wrong")
        }
    }

    @Test("may suggest something")
    func suggestion() throws {
        let issue = try read(PolicySample.events).issue(at: ["tables"], "wrong", suggestion: "right")
        #expect(issue.description == "partitions.yaml:1:1: wrong; did you mean \"right\"?")
    }
}
