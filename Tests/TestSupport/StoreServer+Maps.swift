// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Ends the server when the body is done, in whatever way.
package func withStoreServer(
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

/// What lies there of a table.
extension StoreServer {
    package nonisolated func headerKey(_ entity: EntityName) -> String { "partition_map/\(entity.storeKey)/header" }

    /// The header's fields, as they are stored.
    package nonisolated func header(_ entity: EntityName) async throws -> [String: String] {
        guard let text = try await value(headerKey(entity)) else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    /// Writes a field of the header, or the document's first piece.
    package nonisolated func write(_ field: String, _ value: String, of entity: EntityName) async throws {
        var header = try await header(entity)
        if field == "document" {
            try await put("partition_map/\(entity.storeKey)/\(header["version"] ?? "")/0", value)
        } else {
            header[field] = value
            try await put(headerKey(entity), String(decoding: try JSONEncoder().encode(header), as: UTF8.self))
        }
    }
}

extension StoreServer {
    /// How the request begins that makes a new version of a table visible: with what writes its header.
    package nonisolated func headerWrite(_ entity: EntityName) -> String {
        let key = headerKey(entity)
        return switch program {
        case .etcd: #""request_put":{"key":"\#(Data(key.utf8).base64EncodedString())""#
        case .consul: #""Key":"\#(key)","Value""#
        }
    }

    /// Copies what it has on its disk, as a crash at this moment would leave it.
    package func save() async throws {
        try await pause()
        _ = try await ServerKeeper.run(["cp", "-a", "\(directory)/data", "\(directory)/saved"])
        try resume()
    }

    /// Starts it, after ``kill()``, with what was saved.
    package func startFromSaved() async throws {
        _ = try await ServerKeeper.run(["rm", "-rf", "\(directory)/data"])
        _ = try await ServerKeeper.run(["cp", "-a", "\(directory)/saved", "\(directory)/data"])
        try await start()
    }
}
