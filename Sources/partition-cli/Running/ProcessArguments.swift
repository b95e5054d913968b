// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The arguments of the process, and which of their words must not be seen by others.
struct ProcessArguments: Sendable {
    /// Without the program's name.
    let values: [String]
    private let secrets: [String]

    init(_ values: [String]) {
        self.values = values
        secrets = values.indices.flatMap { Self.secrets(in: values, at: $0) }
    }

    /// Copies the arguments and overwrites what may be secret in the process' own memory, where `ps` and
    /// `/proc/<pid>/cmdline` read it.
    static func takeHidingSecrets() -> ProcessArguments {
        let arguments = ProcessArguments(Array(CommandLine.arguments.dropFirst()))
        for (index, value) in arguments.values.enumerated() {
            guard let memory = CommandLine.unsafeArgv[index + 1] else { continue }
            for secret in secrets(in: arguments.values, at: index) {
                // A secret is the whole word or its end.
                let start = value.utf8.count - secret.utf8.count
                memset(memory + start, Int32(UInt8(ascii: "x")), secret.utf8.count)
            }
        }
        return arguments
    }

    /// A text of the parser's, which quotes arguments, without the secret ones.
    func withoutSecrets(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "•••") }
    }

    private static let urlOptions = [
        "--db-url", "--registry-url", "--metrics-push", "--alert-webhook", "--quota-prometheus-url", "--on-event",
    ]

    /// The value of a URL option, and any other word with a URL or a conninfo setting in it.
    private static func secrets(in values: [String], at index: Int) -> [String] {
        let word = values[index]
        if index > 0, urlOptions.contains(values[index - 1]) { return word.isEmpty ? [] : [word] }
        let halves = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if halves.count == 2, word.hasPrefix("--") {
            let isURL = urlOptions.contains(halves[0]) || halves[1].contains("://") || halves[0].contains("password")
            return isURL && !halves[1].isEmpty ? [halves[1]] : []
        }
        return word.contains("://") || StrayWord.isSetting(word) ? [word] : []
    }
}
