// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import TestSupport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

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

/// Ends the server when the body is done, in whatever way.
func withStoreServer(
    _ program: StoreServer.Program,
    _ options: StoreServer.Options = .init(),
    _ body: (StoreServer) async throws -> Void
) async throws {
    let server = try await StoreServer.start(program, options)
    do { try await body(server) } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

extension StoreServer {
    nonisolated func headerKey(_ entity: EntityName) -> String { "partition_map/\(entity.storeKey)/header" }

    /// The header's fields, as they are stored.
    nonisolated func header(_ entity: EntityName) async throws -> [String: String] {
        guard let text = try await value(headerKey(entity)) else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    /// Writes a field of the header, or the document's first piece.
    nonisolated func write(_ field: String, _ value: String, of entity: EntityName) async throws {
        var header = try await header(entity)
        if field == "document" {
            try await put("partition_map/\(entity.storeKey)/\(header["version"] ?? "")/0", value)
        } else {
            header[field] = value
            try await put(headerKey(entity), String(decoding: try JSONEncoder().encode(header), as: UTF8.self))
        }
    }
}
