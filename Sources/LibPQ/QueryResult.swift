// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

/// A `PGresult`, cleared when it goes out of scope.
struct QueryResult: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQclear(pointer)
    }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// Reads all of it into Swift values.
    ///
    /// - Throws: kind `decoding` when text is not UTF-8. The server checks that, as `client_encoding` is UTF8; a proxy may
    ///   have changed it, and repaired text would give names that are not those of the server.
    func table() throws(PostgresError) -> ResultTable {
        let columnCount = PQnfields(pointer)
        let rowCount = PQntuples(pointer)
        var columns: [String] = []
        for column in 0..<columnCount {
            columns.append(PQfname(pointer, column).map { String(cString: $0) } ?? "")
        }
        var cells: [String?] = []
        cells.reserveCapacity(Int(columnCount) * Int(rowCount))
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                cells.append(try cell(row, column))
            }
        }
        return ResultTable(
            columns: columns,
            cells: cells,
            rowCount: Int(rowCount),
            commandTag: PQcmdStatus(pointer).map { String(cString: $0) } ?? "",
            affected: PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
        )
    }

    private func cell(_ row: CInt, _ column: CInt) throws(PostgresError) -> String? {
        if PQgetisnull(pointer, row, column) == 1 { return nil }
        guard let start = PQgetvalue(pointer, row, column), let text = String(validatingCString: start) else {
            throw PostgresError(.decoding, "the server sent text that is not UTF-8")
        }
        return text
    }
}
