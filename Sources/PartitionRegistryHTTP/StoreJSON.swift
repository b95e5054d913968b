// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON as the stores speak it: bytes are base64.
enum StoreJSON {
    static func encoded(_ value: some Encodable) throws(RegistryError) -> [UInt8] {
        let encoder = JSONEncoder()
        // Base64 has slashes, and Consul counts bytes. The same question is the same text.
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw RegistryError(.unsupported, "a question to the registry can't be written as JSON")
        }
    }

    /// Nil for what isn't JSON of that form, whoever sent it.
    static func decoded<Value: Decodable>(_ bytes: [UInt8], as _: Value.Type) -> Value? {
        try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }
}
