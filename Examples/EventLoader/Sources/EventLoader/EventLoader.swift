// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Hummingbird
import Logging
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter

/// A service that takes events over HTTP and loads them straight into the partitions of `public.events`, which `partition-cli rotate`
/// makes while it runs.
///
/// Environment: `DB_URL`, a connection string of libpq for the database, in which the registry is, too; `PORT`, 8080 by default.
@main
struct EventLoader {
    static func main() async throws {
        let environment = Environment()
        guard let conninfo = environment.get("DB_URL") else { throw Misconfigured(what: "DB_URL is not set") }
        guard let port = Int(environment.get("PORT") ?? "8080") else { throw Misconfigured(what: "PORT is no number") }
        let logger = Logger(label: "event-loader")

        let registry = try PostgresRegistry(conninfo: conninfo, logger: logger)
        let router = PartitionRouter.Router(
            entity: EntityName(schema: "public", table: "events"),
            registry: registry,
            onMiss: .parent,
            logger: logger
        )

        let store = try EventStore(router: router, conninfo: conninfo, logger: logger)
        let application = Application(
            router: API(store: store).routes(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            services: [RouterService(router: router)],
            logger: logger
        )
        try await application.runService()
    }
}

struct Misconfigured: Error, CustomStringConvertible {
    let what: String
    var description: String { "\(what): DB_URL=postgresql://localhost/app PORT=8080 event-loader" }
}
