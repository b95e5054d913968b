// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// `--db-url=$DB_URL`, or another such option, with a variable that isn't set: the parser would take the next word for the value.
enum EmptyURL {
    /// What to say; nil where no option's value is empty.
    static func failure(in values: [String]) -> CommandFailure? {
        let options = values.prefix { $0 != "--" }
        guard let word = options.first(where: { $0.hasPrefix("--") && $0.firstIndex(of: "=") == $0.indices.last })
        else {
            return nil
        }
        let option = String(word.dropLast())
        return switch option {
        case "--db-url": database(option)
        case "--registry-url": registry(option)
        case "--config": policyFile(option)
        default:
            CommandFailure(
                .usage,
                "\(option) is empty: probably a variable that isn't set",
                remedy: "give it a value, or leave it out"
            )
        }
    }

    /// - Parameter source: the option or variable.
    static func database(_ source: String) -> CommandFailure {
        CommandFailure(
            .usage,
            "\(source) is empty: probably a variable that isn't set",
            remedy: "set it to a connection string such as postgresql://user@host:5432/database"
        )
    }

    static func policyFile(_ source: String) -> CommandFailure {
        CommandFailure(
            .usage,
            "\(source) is empty: probably a variable that isn't set",
            remedy: "set it to the policy file's name, or say \"\(PolicyFileSource.none)\" to do without one"
        )
    }

    static func registry(_ source: String) -> CommandFailure {
        CommandFailure(
            .usage,
            "\(source) is empty: probably a variable that isn't set",
            remedy: "set it, or say \"none\" to publish nowhere, \"self\" for the database itself"
        )
    }
}
