// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A query of the caller's monitoring that says how full a tablespace is. This module has no HTTP: who asks is given to it.
package struct QuotaQuery: Sendable {
    /// Stands for the tablespace's name, escaped for a string in double quotes.
    package static let placeholder = "$tablespace"

    package var text: String
    /// Asks for the one number that a query has for a result.
    package var ask: @Sendable (String) async throws -> Double

    package init(_ text: String, ask: @escaping @Sendable (String) async throws -> Double) {
        self.text = text
        self.ask = ask
    }

    /// The query for one tablespace.
    package func text(for tablespace: String) -> String {
        let escaped = tablespace.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
        return text.replacing(Self.placeholder, with: escaped)
    }

    /// - Parameter capacity: in bytes, where the query says how many bytes are in use and not which share.
    func reading(of tablespace: String, capacity: Int64?) async throws -> QuotaGuard.Reading {
        let value: Double
        do {
            value = try await ask(text(for: tablespace))
        } catch {
            guard !error.isCancellation else { throw error }
            return .unknown(Failure(error).message)
        }
        if let capacity {
            guard value.isFinite, value >= 0 else {
                return .unknown("the quota's query gave \(value), which is no number of bytes")
            }
            return .known(ratio: value / Double(max(capacity, 1)), source: .prometheus)
        }
        guard (0...1).contains(value) else {
            return .unknown("the quota's query gave \(value), which is no used share from 0 to 1")
        }
        return .known(ratio: value, source: .prometheus)
    }
}
