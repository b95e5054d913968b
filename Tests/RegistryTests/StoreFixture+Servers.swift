// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryHTTP
import PartitionRouter
import TestSupport

extension StoreFixture {
    /// A fresh etcd or Consul.
    static func withServer(
        _ program: StoreServer.Program,
        _ body: (StoreFixture) async throws -> Void
    ) async throws {
        try await withStoreServer(program) { server in
            let place = "\(program)://127.0.0.1:\(server.port)"
            let url = try RegistryURL(parsing: "\(place)?timeout=2")
            let patient = try RegistryURL(parsing: "\(place)?timeout=60")
            let fixture = StoreFixture(
                client: { try HTTPRegistry(url, logger: .test) },
                patientClient: { try HTTPRegistry(patient, logger: .test) },
                flush: { try await server.flush() },
                write: { field, value, entity in try await server.write(field, value, of: entity) },
                hint: { entity in
                    let key = server.headerKey(entity)
                    if let header = try await server.value(key) {
                        try await server.put(key, header)
                    } else {
                        try await server.put(key, "x")
                        try await server.remove(key)
                    }
                },
                pause: { try await server.pause() },
                resume: { try await server.resume() },
                kill: { await server.kill() },
                start: { try await server.start() }
            )
            try await body(fixture)
        }
    }
}
