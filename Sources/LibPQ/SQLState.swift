// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// PostgreSQL's five-character error code (PostgreSQL documentation, appendix A).
///
/// It matches any error of this module that carries it, so a handler reads like English:
///
/// ```swift
/// do {
///     try await connection.query("LOCK TABLE t NOWAIT")
/// } catch SQLState.lockNotAvailable {
///     // somebody holds it
/// }
/// ```
package struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code as the server sends it, for example `55P03`.
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The first two characters, which name the class of the condition: `08` is "connection exception".
    package var `class`: String { String(rawValue.prefix(2)) }

    package var description: String { rawValue }
}

extension SQLState {
    package static let connectionException = SQLState(rawValue: "08000")
    package static let transactionResolutionUnknown = SQLState(rawValue: "08007")
    package static let divisionByZero = SQLState(rawValue: "22012")
    package static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    package static let notNullViolation = SQLState(rawValue: "23502")
    package static let foreignKeyViolation = SQLState(rawValue: "23503")
    package static let uniqueViolation = SQLState(rawValue: "23505")
    package static let checkViolation = SQLState(rawValue: "23514")
    package static let activeTransaction = SQLState(rawValue: "25001")
    package static let readOnlyTransaction = SQLState(rawValue: "25006")
    package static let inFailedTransaction = SQLState(rawValue: "25P02")
    package static let idleInTransactionTimeout = SQLState(rawValue: "25P03")
    package static let invalidAuthorization = SQLState(rawValue: "28000")
    package static let invalidPassword = SQLState(rawValue: "28P01")
    package static let dependentObjectsStillExist = SQLState(rawValue: "2BP01")
    package static let invalidCatalogName = SQLState(rawValue: "3D000")
    package static let invalidSchemaName = SQLState(rawValue: "3F000")
    package static let serializationFailure = SQLState(rawValue: "40001")
    package static let statementCompletionUnknown = SQLState(rawValue: "40003")
    package static let deadlockDetected = SQLState(rawValue: "40P01")
    package static let insufficientPrivilege = SQLState(rawValue: "42501")
    package static let syntaxError = SQLState(rawValue: "42601")
    package static let undefinedColumn = SQLState(rawValue: "42703")
    package static let undefinedObject = SQLState(rawValue: "42704")
    package static let duplicateObject = SQLState(rawValue: "42710")
    package static let undefinedFunction = SQLState(rawValue: "42883")
    package static let undefinedTable = SQLState(rawValue: "42P01")
    package static let duplicateTable = SQLState(rawValue: "42P07")
    package static let invalidTableDefinition = SQLState(rawValue: "42P16")
    package static let invalidObjectDefinition = SQLState(rawValue: "42P17")
    package static let wrongObjectType = SQLState(rawValue: "42809")
    package static let diskFull = SQLState(rawValue: "53100")
    package static let outOfMemory = SQLState(rawValue: "53200")
    package static let tooManyConnections = SQLState(rawValue: "53300")
    package static let programLimitExceeded = SQLState(rawValue: "54000")
    package static let objectNotInPrerequisiteState = SQLState(rawValue: "55000")
    package static let objectInUse = SQLState(rawValue: "55006")
    package static let lockNotAvailable = SQLState(rawValue: "55P03")
    package static let queryCanceled = SQLState(rawValue: "57014")
    package static let adminShutdown = SQLState(rawValue: "57P01")
    package static let crashShutdown = SQLState(rawValue: "57P02")
    package static let cannotConnectNow = SQLState(rawValue: "57P03")
    package static let databaseDropped = SQLState(rawValue: "57P04")
    package static let idleSessionTimeout = SQLState(rawValue: "57P05")
    package static let raisedException = SQLState(rawValue: "P0001")
    package static let internalError = SQLState(rawValue: "XX000")
}

extension SQLState {
    /// Whether the error is a ``PostgresError`` or ``TransactionError`` with this code.
    package static func ~= (pattern: SQLState, error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: error.sqlState == pattern
        case let error as TransactionError: error.sqlState == pattern
        default: false
        }
    }

    /// The same for a `do` in which only this module's functions throw, and whose error therefore has their type.
    package static func ~= (pattern: SQLState, error: PostgresError) -> Bool {
        error.sqlState == pattern
    }

    /// Whether the same statement may well succeed when it is tried again unchanged.
    ///
    /// True for: 55P03 (a lock was not free), 40P01 and 40001 (the server chose this transaction as the victim),
    /// 57P01, 57P02, 57P03 and 57P05 (the server or the session is being ended, or the server is starting),
    /// 53300 (no free connection slot) and class 08 (the connection failed).
    /// Not for 57014: whoever set the timeout or cancelled knows why.
    package var isTransient: Bool {
        switch self {
        case .lockNotAvailable, .deadlockDetected, .serializationFailure, .adminShutdown, .crashShutdown,
            .cannotConnectNow, .idleSessionTimeout, .tooManyConnections:
            true
        default:
            self.class == "08"
        }
    }
}
