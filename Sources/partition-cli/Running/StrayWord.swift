// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A word on the command line that belongs to a connection string which the shell took apart.
enum StrayWord {
    private static let keywords: Set<Substring> = [
        "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "options", "application_name",
        "connect_timeout", "sslmode", "sslrootcert", "sslcert", "sslkey", "target_session_attrs", "keepalives",
        "client_encoding", "channel_binding", "gssencmode", "load_balance_hosts",
    ]

    /// Whether a word is `keyword=value` of libpq's connection strings.
    static func isSetting(_ word: String) -> Bool {
        guard let end = word.firstIndex(of: "=") else { return false }
        return keywords.contains(word[..<end])
    }

    /// What to say when the arguments could not be parsed and such a word is among them; nil when none is.
    static func failure(in values: [String]) -> CommandFailure? {
        let words = values.enumerated().filter { index, word in
            isSetting(word) && (index == 0 || values[index - 1] != "--db-url")
        }
        guard let word = words.first?.element, let end = word.firstIndex(of: "=") else { return nil }
        return CommandFailure(
            .usage,
            "\"\(word[..<end])=…\" arrived as a word of its own: the shell took a connection string apart at its spaces",
            remedy: "put it into quotes: --db-url=\"$DB_URL\""
        )
    }
}
