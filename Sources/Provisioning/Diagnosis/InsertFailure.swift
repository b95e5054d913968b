// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// A refused row, as the server's log has it: SQLSTATE 23514 with a relation's name.
package struct InsertFailure: Hashable, Sendable {
    /// Without schema, as the message has it.
    package var relation: String
    /// As the log has it.
    package var time: String?

    package init(relation: String, time: String?) {
        self.relation = relation
        self.time = time
    }
}

/// What the last part of the server's log says of refused rows.
package struct LogFindings: Hashable, Sendable {
    /// As `pg_current_logfile()` names it.
    package var file: String
    /// Bytes that were read, from its end.
    package var bytes: Int64
    /// Plain log lines don't say of which database they are.
    package var namesDatabase: Bool
    /// In the order of the log.
    package var failures: [InsertFailure]

    package init(file: String, bytes: Int64, namesDatabase: Bool, failures: [InsertFailure]) {
        self.file = file
        self.bytes = bytes
        self.namesDatabase = namesDatabase
        self.failures = failures
    }
}

extension Hazard {
    /// - Parameter plan: of the tables that the failures may concern; a message names a table without its schema.
    package static func hazards(of log: LogFindings, tables: [PartitionedTable], plan: Plan) -> [Hazard] {
        let byName = Dictionary(grouping: tables, by: \.name.name)
        var leaves: [String: RelationName] = [:]
        for table in tables { for partition in table.partitions { leaves[partition.name.name] = table.name } }
        return Dictionary(grouping: log.failures, by: \.relation).sorted { $0.key < $1.key }.compactMap {
            relation,
            failures in
            let times = failures.count == 1 ? "once" : "\(failures.count) times"
            let evidence = [
                "the last: \(failures.last?.time ?? "at a time the log doesn't say")",
                "read: the last \(log.bytes >> 10) KiB of \(log.file)",
            ]
            if let tables = byName[relation], let table = tables.first {
                let isCovered = plan.tables.first { $0.oid == table.oid }?.coverage?.coveredUntil != nil
                return Hazard(
                    isCovered ? .warning : .error,
                    .insertFailures,
                    table: table.name,
                    "a row of \(relation) was refused \(times) for want of a partition\(log.namesDatabase ? "" : ", in this database or another")",
                    evidence: evidence,
                    remedy:
                        "partition-cli rotate creates what is missing inside the buffer; a range of the past is made by hand, or the writer mended"
                )
            }
            guard let table = leaves[relation] else { return nil }
            return Hazard(
                .warning,
                .misroutedRows,
                table: table,
                object: relation,
                "a row was refused \(times) by the partition \(relation), to which it doesn't belong",
                evidence: evidence,
                remedy: "see that the writer follows the registry's map; or write to \(table) itself"
            )
        }
    }
}
