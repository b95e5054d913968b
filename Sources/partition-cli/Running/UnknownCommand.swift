// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Partitioning

/// A word that stands where a command belongs and is none.
enum UnknownCommand {
    /// What to say when the arguments could not be parsed because of it; nil where that isn't why.
    static func failure(in values: [String]) -> CommandFailure? {
        var path = "partition-cli"
        var commands = PartitionCLI.configuration.subcommands
        for word in values {
            // Anything else is no misspelt command, and may be a secret.
            guard !commands.isEmpty, !word.isEmpty, word.utf8.allSatisfy(isOfName) else { return nil }
            if let command = commands.first(where: { $0.configuration.commandName == word }) {
                path += " \(word)"
                commands = command.configuration.subcommands
                continue
            }
            guard word != "help" else { return nil }
            let nearest = NearestWord.to(word, among: commands.compactMap { $0.configuration.commandName })
            return CommandFailure(
                .usage,
                "there is no command \"\(word)\"",
                remedy: (nearest.map { "\($0) may be meant; " } ?? "") + "\(path) --help lists the commands"
            )
        }
        return nil
    }

    private static func isOfName(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
}
