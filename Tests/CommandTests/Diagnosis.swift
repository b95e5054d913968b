// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a run of `doctor` came to.
struct Diagnosis {
    var status: Int32
    var json: [String: Any]
    var everything: String

    static func run(_ url: String, _ arguments: [String] = ["--registry-url=none"]) async throws -> Diagnosis {
        let result = try await Tool.run(["doctor", "--output=json", "--db-url=\(url)"] + arguments)
        return Diagnosis(status: result.status, json: try result.json, everything: result.everything)
    }

    var hazards: [[String: Any]] { json["hazards"] as? [[String: Any]] ?? [] }
    var convoys: [[String: Any]] { json["convoys"] as? [[String: Any]] ?? [] }

    /// Those of a code, above a note or all.
    func hazards(_ code: String, notes: Bool = true) -> [[String: Any]] {
        hazards.filter { $0["code"] as? String == code && (notes || $0["severity"] as? String != "note") }
    }

    func first(_ code: String) -> [String: String] {
        (hazards(code).first ?? [:]).compactMapValues { $0 as? String }
    }

    func evidence(_ code: String) -> [String] { hazards(code).flatMap { $0["evidence"] as? [String] ?? [] } }

    /// Codes above a note.
    var codes: Set<String> {
        Set(hazards.filter { $0["severity"] as? String != "note" }.compactMap { $0["code"] as? String })
    }
}
