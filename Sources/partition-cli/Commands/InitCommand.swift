// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import PartitionRegistryPostgres
import Partitioning
import PolicyFile
import Provisioning

/// `init`: writes a policy file from what it finds. Changes nothing in the database, but for `--registry`.
struct InitCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a policy file from the tables as they are.",
        usage: "partition-cli init [<options>]",
        discussion: """
            Written to partitions.yaml, with a comment on every value.

            Example:
              partition-cli init --db-url=$DB_URL
              partition-cli init --registry --out=- --table=app.events --db-url=$DB_URL

            The file asks for nothing that isn't there: the first plan with it is empty. Where it can't be, because \
            partitions of now or indexes are missing, file and output say what the plan does. Tables that can't be \
            read, and why, stand at its end. Tables of pg_partman are written down to be handed over.

            Exit status: 0; 1 where no table can be written down.
            """
    )

    @Option(
        name: .customLong("table"),
        help: ArgumentHelp("Only this table; may be given several times. (default: every one)", valueName: "table"),
        completion: DatabaseCompletion.tables,
        transform: Transform.table
    )
    var tables: [EntityName] = []

    @Option(
        name: .customLong("timezone"),
        help: ArgumentHelp(
            "The zone whose midnights are bounds, where the bounds themselves don't say; a name of pg_timezone_names.",
            valueName: "zone"
        ),
        completion: DatabaseCompletion.zones,
        transform: Transform.nonEmpty
    )
    var timeZone: String?

    @Option(
        name: .customLong("out"),
        help: ArgumentHelp("Where to write it; - for standard output.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]),
        transform: Transform.nonEmpty
    )
    var file = PolicyFileSource.standardName

    @Flag(help: "Replace a file that is there.")
    var force = false

    @Flag(help: "Make the embedded registry's schema in the database, too.")
    var registry = false

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file == "-", output.format == .json {
            throw ValidationError("--out=- writes the file to standard output: leave --output=json out.")
        }
    }

    func perform(_ console: Console) async throws -> ExitStatus {
        let target = WrittenFile(path: file, replacesExisting: force)
        if file != "-" { try target.check() }
        let configuration = try database.configuration(console.environment)
        let settings = Scope(tables: tables, bufferDays: PlanSettings.standardBufferDays, timeZone: timeZone).settings
        console.progress?.say("reading the catalog")
        let snapshot = try await DatabaseSession.scoped(configuration, logger: console.logger) { session in
            try await NamedTables.check(tables, in: session)
            return try await CatalogReader(session: session).snapshot(settings: settings)
        }
        let draft = PolicyDraft(
            of: snapshot,
            settings: settings,
            database: try variable("DB_URL", isUsed: database.isGiven(console.environment)),
            registry: try variable("REGISTRY_URL", isUsed: console.environment["REGISTRY_URL"] != nil)
        )
        guard let document = draft.document else { throw Self.nothing(draft) }
        let text = draft.text(document, of: snapshot.server)
        if file == "-" {
            console.progress?.clear()
            Standard.output.write(text)
        } else {
            try target.write(text)
        }
        if registry { try await install(configuration, console) }
        let result = InitResult(file: file, database: snapshot.server.database, document: document, draft: draft)
        if file != "-" { console.show(result.page, result.view) }
        return .success
    }

    private func variable(_ name: String, isUsed: Bool) throws -> EnvironmentText? {
        isUsed ? try EnvironmentText(parsing: "${\(name)}") : nil
    }

    private func install(_ configuration: ConnectionConfiguration, _ console: Console) async throws {
        let registry = PostgresRegistry(configuration: configuration, logger: console.logger)
        do {
            try await registry.install()
            await registry.close()
        } catch {
            await registry.close()
            throw error
        }
    }

    private static func nothing(_ draft: PolicyDraft) -> CommandFailure {
        var failure = CommandFailure(
            .failed,
            draft.leftOut.isEmpty
                ? "there are no partitioned tables to write down" : "no partitioned table can be written down",
            remedy: draft.leftOut.first?.remedy
        )
        failure.others = draft.leftOut.map { "\($0.table): \($0.explanation)" }
        return failure
    }
}
