// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning

/// The time zones that a policy file names: nothing is done unless the server knows each.
enum DeclaredZones {
    /// - Throws: ``CommandFailure`` of status `configuration` with every one that it doesn't know, `usage` where the
    ///   command line named it; `PostgresError`.
    static func check(_ scope: Scope, in session: DatabaseSession) async throws {
        let declared = (scope.declared ?? []).filter { $0.timeZone != ZoneRules.utc.name }
        // Listing the zones reads hundreds of files on the server.
        guard !declared.isEmpty else { return }
        let rows = try await session.connection.query("SELECT name FROM pg_timezone_names ORDER BY name")
        let known = try rows.map { try $0.string("name") }
        let unknown = declared.filter { !known.contains($0.timeZone) }
        if let name = scope.timeZone, unknown.contains(where: { $0.timeZone == name }) {
            throw CommandFailure(unknownTimeZone: name)
        }
        // Tables that go by the defaults have one mistake together.
        var seen: Set<String> = []
        let problems = unknown.filter { seen.insert($0.places.timeZone).inserted }.map { problem($0, among: known) }
        guard let first = problems.first else { return }
        var failure = CommandFailure(
            .configuration,
            first,
            remedy:
                "correct the file; nothing was run. pg_timezone_names has the names, in capitals and small letters as there"
        )
        failure.others = Array(problems.dropFirst())
        throw failure
    }

    private static func problem(_ policy: DeclaredPolicy, among known: [String]) -> String {
        let nearest = NearestWord.to(policy.timeZone, among: known)
        return "\(policy.places.timeZone): the server knows no time zone \"\(policy.timeZone)\""
            + (nearest.map { "; did you mean \"\($0)\"?" } ?? "")
    }
}
