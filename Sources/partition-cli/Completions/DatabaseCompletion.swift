// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Dispatch
import LibPQ
import LocalPostgres
import Logging
import Synchronization

/// Completions that only the database knows, asked for when somebody presses the tab key.
///
/// Whatever goes wrong there are none: a shell that waits for an answer is no place for a message.
enum DatabaseCompletion {
    /// Partitioned tables, written as `--table` takes them; without `public` where somebody began so.
    static let tables = CompletionKind.custom { words, index, prefix in
        let prefix = plainBeginning(of: words, index, prefix)
        return ask(
            words,
            """
            SELECT f.name
              FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN LATERAL (
                   SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
                   UNION ALL SELECT quote_ident(c.relname) WHERE n.nspname = 'public' AND \(bind: prefix) <> '') f
             WHERE NOT c.relispartition AND c.relpersistence <> 't' AND starts_with(f.name, \(bind: prefix))
             ORDER BY 1 LIMIT 500
            """
        )
    }

    /// The zones that the server knows.
    static let zones = CompletionKind.custom { words, index, prefix in
        let prefix = plainBeginning(of: words, index, prefix)
        return ask(
            words,
            """
            SELECT name FROM pg_timezone_names
             WHERE starts_with(name, \(bind: prefix)) AND name !~ '^(posix|right)' ORDER BY 1
            """
        )
    }

    /// As much of the word as stands there as it is meant, whatever the shell does with quotes. The shell itself leaves out what goes on
    /// differently.
    private static func plainBeginning(of words: [String], _ index: Int, _ prefix: String) -> String {
        var word = words.indices.contains(index) ? words[index] : prefix
        // Up to the cursor.
        if word.hasPrefix(prefix) { word = prefix }
        if word.hasPrefix("--"), let sign = word.firstIndex(of: "=") { word = String(word[word.index(after: sign)...]) }
        return String(word.prefix { !"\"'\\$`~".contains($0) })
    }

    /// People don't wait longer for a completion.
    private static let patience: Duration = .seconds(2)

    /// What the query's only column has.
    private static func ask(_ words: [String], _ query: Statement) -> [String] {
        guard let configuration = configuration(words) else { return [] }
        let answer = Answer()
        let isDone = DispatchSemaphore(value: 0)
        // The parser asks from a function that can't suspend: it waits here, on the main thread, for a task of the pool.
        Task.detached {
            let found = (try? await names(configuration, query)) ?? []
            answer.names.withLock { $0 = found }
            isDone.signal()
        }
        _ = isDone.wait(timeout: .now() + .seconds(4))
        let found = answer.names.withLock { $0 }
        // zsh takes what follows a colon for a remark.
        guard CompletionShell.requesting == .zsh else { return found }
        return found.map { $0.replacing("\\", with: "\\\\").replacing(":", with: "\\:") }
    }

    private final class Answer: Sendable {
        let names = Mutex<[String]>([])
    }

    private static func names(_ configuration: ConnectionConfiguration, _ query: Statement) async throws -> [String] {
        let logger = Logger(label: "completion") { _ in SwiftLogNoOpLogHandler() }
        let connection = try await Connection.open(configuration, logger: logger)
        // The process ends with the answer, and the connection with it.
        return try await connection.query(query, deadline: patience).map { try $0.string("name") }
    }

    /// Of the words so far, where one says which database, else of the environment; nil where the shell hasn't filled in a variable yet.
    static func configuration(_ words: [String]) -> ConnectionConfiguration? {
        var url: String?
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--db-url=") { url = String(word.dropFirst("--db-url=".count)) }
            if word == "--db-url", index + 1 < words.count { url = words[index + 1] }
        }
        if url?.contains("$") == true { url = nil }
        url = url.map(unquoted)
        return try? DatabaseOptions.configuration(url, ProcessEnvironment.current)
    }

    /// A word that a shell gave as it stands in the line.
    private static func unquoted(_ word: String) -> String {
        var (text, quote, isEscaped) = ("", Character?.none, false)
        for character in word {
            if isEscaped {
                text.append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
            } else {
                text.append(character)
            }
        }
        return text
    }
}
