// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files in docs/registry/vectors, which every client language must pass.
@Suite("The published test vectors")
struct VectorTests {
    private struct DocumentVector: Decodable {
        let name: String
        let valid: Bool
        let document: String?
        let base64: String?
        let checksum: String?
        let size: Int?
        let code: String?

        var bytes: [UInt8] {
            document.map { Array($0.utf8) } ?? base64.flatMap { Data(base64Encoded: $0) }.map(Array.init) ?? []
        }
    }

    private struct HeaderVector: Decodable {
        let why: String
        let valid: Bool
        let fields: [String: String]
    }

    private struct LookupVector: Decodable {
        let document: String
        let cases: [Case]

        struct Case: Decodable {
            let key: [String?]
            let expect: String
            let partition: String?
        }
    }

    private static func read<Vector: Decodable>(_ name: String) throws -> [Vector] {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let data = try Data(contentsOf: URL(filePath: "\(root)/docs/registry/vectors/\(name).json"))
        return try JSONDecoder().decode([Vector].self, from: data)
    }

    @Test("documents are read, or refused for the right reason")
    func documents() throws {
        let vectors: [DocumentVector] = try Self.read("documents")
        #expect(Set(vectors.map(\.name)).count == vectors.count)
        #expect(vectors.count { $0.valid } > 15)
        #expect(vectors.count { !$0.valid } > 45)
        for vector in vectors {
            do {
                let document = try PartitionMapDocument(parsing: vector.bytes)
                #expect(vector.valid, "\(vector.name) was read")
                #expect(document.checksum == vector.checksum, "\(vector.name)")
                #expect(document.canonicalBytes.count == vector.size, "\(vector.name)")
            } catch {
                #expect(!vector.valid, "\(vector.name): \(error)")
                #expect(error.code.description == vector.code, "\(vector.name): \(error)")
            }
        }
    }

    @Test("headers are read, or refused")
    func headers() throws {
        for vector in try Self.read("headers") as [HeaderVector] {
            let header = try? PartitionMapHeader(fields: vector.fields)
            #expect((header != nil) == vector.valid, "\(vector.why)")
            guard let header else { continue }
            let written = Dictionary(uniqueKeysWithValues: header.fields.map { ($0.name, $0.text) })
            #expect(written == vector.fields, "\(vector.why)")
        }
    }

    @Test("keys are found where they belong")
    func lookups() throws {
        let documents: [DocumentVector] = try Self.read("documents")
        let vectors: [LookupVector] = try Self.read("lookups")
        // Every good document is looked into.
        #expect(Set(vectors.map(\.document)) == Set(documents.filter(\.valid).map(\.name)))
        for vector in vectors {
            let source = try #require(documents.first { $0.name == vector.document })
            let lookup = PartitionLookup(try PartitionMapDocument(parsing: source.bytes))
            for one in vector.cases {
                let key = one.key.map { $0.map(KeyValue.text) ?? .null }
                let found: (String, String?)
                do {
                    switch try lookup.resolve(key) {
                    case .active(let entry): found = ("active", entry.name)
                    case .draining(let entry): found = ("draining", entry.name)
                    case .default(let entry): found = ("default", entry.name)
                    case .miss: found = ("miss", nil)
                    }
                } catch {
                    found = (error.code.description, nil)
                }
                #expect(found == (one.expect, one.partition), "\(vector.document): \(one.key)")
            }
        }
    }
}
