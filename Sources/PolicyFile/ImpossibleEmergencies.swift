// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

extension ParsedPolicy {
    /// Emergencies that would never end because the buffer that their tables come to have is no longer.
    ///
    /// What stands in the file beside a buffer was looked at when the file was read. What is left are tables without a buffer of
    /// their own: how long theirs is, is known only with the command line.
    ///
    /// - Parameter option: what the command line says the buffer is; nil where it says nothing.
    /// - Returns: in the order of the file; empty for a file that can be used.
    package func impossibleEmergencies(option: Buffer?) -> [PolicyIssue] {
        let buffer = document.commonBuffer(option: option)
        let common = document.tables.filter { $0.settings.buffer == nil }
        var places = common.compactMap { table in
            table.settings.emergency.map { (PolicyPath.emergency(of: table.name), $0) }
        }
        if let emergency = document.defaults.emergency, common.contains(where: { $0.settings.emergency == nil }) {
            places.append((["defaults", "emergency"], emergency))
        }
        let whose =
            option != nil
            ? "that the command line gives" : document.defaults.buffer != nil ? "of the defaults" : "of who writes none"
        return places.filter { $0.1.approximateSeconds >= buffer.minutes * 60 }.map { path, emergency in
            issue(
                at: path,
                "the emergency of \(emergency) is not shorter than the buffer of \(buffer) \(whose): it would never end; "
                    + "write a shorter emergency, or a longer \"buffer\" beside it"
            )
        }
        .sorted { $0.position < $1.position }
    }
}

extension PolicyPath {
    fileprivate static func emergency(of table: RelationName) -> PolicyPath {
        ["tables", table.description, "emergency"]
    }
}
