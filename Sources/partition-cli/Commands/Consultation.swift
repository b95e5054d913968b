// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter
import Partitioning
import Provisioning

/// Looks for hazards in the database and in the registry; either may be out of reach without hiding the other's.
struct Consultation: Sendable {
    var configuration: ConnectionConfiguration
    var registryURL: RegistryURL?
    var scope: Scope
    var limits: Examination.Limits
    var console: Console

    struct Result: Sendable {
        var database: String
        /// nil where the server wasn't asked.
        var server: ServerFacts?
        /// nil where it wasn't looked at.
        var registry: RegistryChoice?
        var convoys: [LockConvoy] = []
        var hazards: [Hazard] = []
    }

    /// - Throws: ``CommandFailure`` where there is no connection to the database, or a table named isn't one; `CancellationError`.
    func run() async throws -> Result {
        console.progress?.say("looking for a pooler")
        let standing: PoolerStanding
        do {
            standing = try await PoolerStanding.look(configuration, logger: console.logger)
        } catch {
            throw CommandFailure(connecting: error, to: configuration)
        }
        var result = Result(database: configuration.database ?? "")
        result.hazards += [Hazard.hazard(of: standing)].compactMap(\.self)
        if case .unusable = standing { return result }
        return try await DatabaseSession.scoped(configuration, logger: console.logger) { session in
            try await NamedTables.check(scope.tables, in: session)
            try await DeclaredZones.check(scope, in: session)
            var result = result
            console.progress?.say("looking at sessions, locks, tables and log")
            let found = try await Examination(session: session, settings: scope.settings, limits: limits).run()
            result.server = found.server
            result.database = found.server?.database ?? result.database
            result.convoys = found.convoys
            result.hazards += found.hazards
            if let observation = found.observation {
                result.hazards += try await DefaultPartitions(session: session).hazards(in: observation)
            }
            console.progress?.say("looking at the registry")
            try await examineRegistry(found, session, &result)
            result.hazards = Self.ordered(result.hazards)
            return result
        }
    }

    private func examineRegistry(
        _ found: Examination.Result,
        _ session: DatabaseSession,
        _ result: inout Result
    ) async throws {
        do {
            let choice = try RegistryChoice(
                registryURL,
                database: configuration,
                embedded: registryURL == nil && found.isComplete ? try await EmbeddedRegistry.state(in: session) : nil,
                for: .reading,
                logger: console.logger
            )
            result.registry = choice
            let examination = RegistryExamination(
                choice: choice,
                session: session,
                observation: found.observation,
                namesAll: scope.tables.isEmpty
            )
            let hazards = await examination.hazards()
            await choice.close()
            try Task.checkCancellation()
            result.hazards += hazards
        } catch let error as RegistryError {
            result.hazards.append(.unreachable(error, registryURL?.redactedDescription ?? "self"))
        } catch let error as PostgresError where error.kind != .cancelled {
            let failure = CommandFailure(error)
            result.hazards.append(
                Hazard(
                    .warning,
                    .notExamined,
                    object: "the registry",
                    "whether this database holds the registry can't be seen: \(failure.message)",
                    remedy: failure.remedy
                )
            )
        }
    }

    /// The worst first, else as they were found.
    private static func ordered(_ hazards: [Hazard]) -> [Hazard] {
        [Finding.Severity.error, .warning, .note].flatMap { severity in hazards.filter { $0.severity == severity } }
    }
}
