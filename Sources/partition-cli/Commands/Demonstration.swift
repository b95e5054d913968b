// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// What `demo` shows, step by step, on a cluster of its own.
struct Demonstration {
    let cluster: Cluster
    let console: Console

    func run() async throws -> ExitStatus {
        let configuration = try ConnectionConfiguration(cluster.conninfo(database: "postgres", user: "postgres"))
        let connection = try await Connection.open(configuration, logger: console.logger)
        heading("a table as the pattern has it: monthly on event_ts, only the current month's partition there")
        for line in DemoTable.shown { note(line) }
        for statement in DemoTable.statements { _ = try await connection.query(statement) }

        let scope = Scope(bufferDays: 60)
        heading("partition-cli plan --buffer-days=\(scope.bufferDays) --registry-url=self")
        console.show(
            try await PlanResult.make(
                configuration,
                scope: scope,
                registryURL: RegistryURL(parsing: "self"),
                guards: RunGuards(),
                logger: console.logger
            ).page
        )

        heading("partition-cli rotate --buffer-days=\(scope.bufferDays) --registry-url=self")
        let status = try await rotate(configuration, scope)

        heading("the pattern's own verification query")
        try await show(connection.query(DemoTable.verification))

        heading("the published map, as routers read it")
        let registry = try RegistryChoice(
            RegistryURL(parsing: "self"),
            database: configuration,
            embedded: nil,
            for: .reading,
            logger: console.logger
        )
        try await showMap(registry)
        await registry.close()

        heading("partition-cli resolve events <day>, for a few days")
        try await resolve(try await connection.query(DemoTable.days), configuration)

        heading("partition-cli rotate again: nothing to do")
        let second = try await rotate(configuration, scope)
        await connection.close()
        heading("that was all; the server is stopped and its directory removed")
        return .mostSevere([status, second])
    }

    private func rotate(
        _ configuration: ConnectionConfiguration,
        _ scope: Scope
    ) async throws -> ExitStatus {
        let rotation = Rotation(
            configuration: configuration,
            registryURL: try RegistryURL(parsing: "self"),
            scope: scope,
            guards: RunGuards(lag: LagLimits()),
            deadline: .seconds(60),
            lockBudget: .seconds(30),
            takesOver: false
        )
        let result = try await rotation.run(console)
        let status = ExitStatus(result.report, interrupted: await console.interruption.status)
        console.progress?.clear()
        console.show(result.page(status))
        note("exit status \(status.code)")
        return status
    }

    private func show(_ rows: Rows) throws {
        var page = Page()
        let cells = try rows.map { row in try rows.columns.map { try row.optionalString($0) ?? "" } }
        page.columns([rows.columns] + cells, indent: 2) { $0 == 0 ? .heading : .plain }
        console.show(page)
    }

    private func showMap(_ registry: RegistryChoice) async throws {
        let entity = EntityName(schema: "public", table: "events")
        guard let map = try await registry.registry?.load(entity) else {
            throw CommandFailure(.unpublished, "no map of events was published")
        }
        note("version \(map.header.version), SHA-256 \(map.header.checksum.prefix(16))…")
        let text = String(decoding: map.document.canonicalBytes, as: UTF8.self)
        for line in text.replacing("},{", with: "},\n  {").replacing("[{", with: "[\n  {").split(separator: "\n") {
            note(String(line))
        }
    }

    private func resolve(_ days: Rows, _ configuration: ConnectionConfiguration) async throws {
        var page = Page()
        var rows: [[String]] = []
        for day in days {
            let key = try day.string("day")
            let source = MapSource(
                table: EntityName(schema: "public", table: "events"),
                registryURL: try RegistryURL(parsing: "self"),
                settings: PlanSettings(),
                logger: console.logger
            )
            let found = try await source.read { configuration }
            let resolution = try PartitionLookup(found.document).resolve([.text(key)])
            rows.append([key, try ResolveResult(found, key: [key], resolution).view.partition])
        }
        page.columns(rows, indent: 2)
        console.show(page)
    }

    private func heading(_ text: String) {
        console.progress?.clear()
        var page = Page()
        page.line()
        page.line("▸ \(text)", .heading)
        console.show(page)
    }

    private func note(_ text: String) {
        var page = Page()
        page.line(text, indent: 2)
        console.show(page)
    }
}
