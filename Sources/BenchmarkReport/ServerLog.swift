// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One message that a session sent, as the server's log has it (`log_statement = all`).
package struct LoggedMessage: Hashable, Sendable {
    /// One or more statements.
    package var text: String
    /// Of `$1`, `$2`…, nil for NULL; empty for a message of the simple protocol.
    package var parameters: [String?]

    package init(text: String, parameters: [String?] = []) {
        self.text = text
        self.parameters = parameters
    }
}

/// A server's log whose lines begin with ``prefix``.
package enum ServerLog {
    /// For `log_line_prefix`: no line of a statement begins so.
    package static let prefix = "@@%a@@%d@@"

    /// The messages of one application to one database, in their order.
    package static func messages(in log: String, application: String, database: String) -> [LoggedMessage] {
        let start = "@@\(application)@@\(database)@@"
        var messages: [LoggedMessage] = []
        for entry in entries(of: log) where entry.hasPrefix(start) {
            let text = entry.dropFirst(start.count)
            if let statement = text.after("LOG:  statement: ") {
                messages.append(LoggedMessage(text: statement))
            } else if let rest = text.after("LOG:  execute "), let colon = rest.firstRange(of: ": ") {
                messages.append(LoggedMessage(text: String(rest[colon.upperBound...])))
            } else if let rest = text.after("DETAIL:  parameters: "), let last = messages.indices.last {
                messages[last].parameters = parameters(in: rest)
            }
        }
        return messages
    }

    /// A line that begins with a tab goes on with the entry before it.
    private static func entries(of log: String) -> [String] {
        var entries: [String] = []
        for line in log.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("\t"), !entries.isEmpty {
                entries[entries.count - 1] += "\n" + line.dropFirst()
            } else {
                entries.append(String(line))
            }
        }
        return entries
    }

    /// `$1 = 'it''s', $2 = NULL`
    static func parameters(in text: String) -> [String?] {
        var parameters: [String?] = []
        var rest = text[...]
        while let equals = rest.firstRange(of: " = ") {
            rest = rest[equals.upperBound...]
            guard rest.first == "'" else {
                parameters.append(nil)
                continue
            }
            var value = ""
            rest.removeFirst()
            while let character = rest.popFirst() {
                if character == "'" {
                    guard rest.first == "'" else { break }
                    rest.removeFirst()
                }
                value.append(character)
            }
            parameters.append(value)
        }
        return parameters
    }
}

extension StringProtocol {
    /// What follows a beginning; nil where it begins otherwise.
    fileprivate func after(_ beginning: String) -> String? {
        hasPrefix(beginning) ? String(dropFirst(beginning.count)) : nil
    }
}
