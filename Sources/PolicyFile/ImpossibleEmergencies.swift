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
        let whose =
            option != nil
            ? "that the command line gives" : document.defaults.buffer != nil ? "of the defaults" : "of who writes none"
        return impossibleEmergencies(whose, remedy: "a longer \"buffer\" beside it") { table in
            table.settings.buffer == nil ? buffer : nil
        }
    }

    /// The same beside a saved plan, whose buffers count instead of the file's.
    ///
    /// - Parameter planned: the buffer that the plan was made with for a table; nil for one that it isn't about.
    package func impossibleEmergencies(planned: (RelationName) -> Buffer?) -> [PolicyIssue] {
        impossibleEmergencies("that the plan was made with", remedy: "make a plan with a longer buffer") { table in
            planned(table.name)
        }
    }

    private func impossibleEmergencies(
        _ whose: String,
        remedy: String,
        buffer: (PolicyTable) -> Buffer?
    ) -> [PolicyIssue] {
        var issues: [PolicyPath: PolicyIssue] = [:]
        for table in document.tables {
            guard let buffer = buffer(table), let emergency = table.settings.emergency ?? document.defaults.emergency,
                emergency.approximateSeconds >= buffer.minutes * 60
            else { continue }
            let path: PolicyPath =
                table.settings.emergency == nil
                ? ["defaults", "emergency"] : ["tables", table.name.description, "emergency"]
            guard issues[path] == nil else { continue }
            issues[path] = issue(
                at: path,
                "the emergency of \(emergency) is not shorter than the buffer of \(buffer) \(whose): it would never end; "
                    + "write a shorter emergency, or \(remedy)"
            )
        }
        return issues.values.sorted { $0.position < $1.position }
    }
}
