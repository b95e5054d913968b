// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LocalPostgres

/// What a server with `log_lock_waits` wrote, where `log_line_prefix` names process and application.
struct ServerLog {
    let lines: [String]

    static func lines(of cluster: Cluster) throws -> [String] {
        try String(contentsOfFile: cluster.logFile, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// A session that had waited for a lock on a relation for `deadlock_timeout`.
    struct Wait: Hashable, CustomStringConvertible {
        var application: String
        var pid: String
        /// Those who held the lock or stood in the queue, in the server's words.
        var others: [String]
        var description: String
    }

    /// Waits for locks on tables, with those before and behind in the queue.
    var waits: [Wait] {
        lines.indices.compactMap { index in
            let line = lines[index]
            guard line.contains(" still waiting for "), line.contains(" on relation "),
                let pid = Self.pid(of: line), let application = Self.application(of: line)
            else { return nil }
            // DETAIL:  Process holding the lock: 1. Wait queue: 2, 3.
            let detail =
                lines[(index + 1)...].first { Self.pid(of: $0) == pid && $0.contains("DETAIL:") } ?? ""
            let numbers = (detail.components(separatedBy: "DETAIL:").last ?? "")
                .components(separatedBy: CharacterSet.decimalDigits.inverted).filter { !$0.isEmpty }
            return Wait(
                application: application,
                pid: pid,
                others: numbers.filter { $0 != pid },
                description: "\(line)\n\(detail)"
            )
        }
    }

    /// Processes of an application's sessions.
    func pids(of application: String) -> Set<String> {
        Set(
            lines.filter { $0.contains("connection authorized: ") && $0.contains("application_name=\(application)") }
                .compactMap(Self.pid)
        )
    }

    /// Waits of an application in whose queue a session of ours held the lock or stood as well. Applications also wait for each other and for
    /// maintenance, of which we are innocent.
    func waits(of application: String, amid ours: String) -> [Wait] {
        let pids = pids(of: ours)
        return waits.filter { $0.application == application && $0.others.contains(where: pids.contains) }
    }

    private static func pid(of line: String) -> String? {
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]") else { return nil }
        return String(line[line.index(after: open)..<close])
    }

    private static func application(of line: String) -> String? {
        guard let start = line.range(of: ",app="), let end = line[start.upperBound...].range(of: "]") else {
            return nil
        }
        return String(line[start.upperBound..<end.lowerBound])
    }
}
