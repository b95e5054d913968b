// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a partition bound, or a value in one, can't be read.
package struct BoundError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Not what PostgreSQL prints.
        case malformed
        /// A value that its type, or a 64-bit coordinate, doesn't have.
        case outOfRange
        /// A bound of another kind than was asked for.
        case unsupported
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
