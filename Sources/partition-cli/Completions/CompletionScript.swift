// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser

/// The parser's completion scripts, mended: values in `--option=value` form, and names that a shell has to quote.
enum CompletionScript {
    static let option = "--generate-completion-script"

    /// - Parameter script: as the parser writes it.
    /// - Returns: nil where nobody asked for a script.
    static func mended(_ script: String, arguments: [String]) -> String? {
        guard arguments.contains(where: { $0 == option || $0.hasPrefix(option + "=") }) else { return nil }
        if script.hasPrefix("#!/bin/bash") { return bash(script) }
        if script.hasPrefix("#compdef") { return zsh(script) }
        return fish(script)
    }

    /// The script's own functions get words as the program would, and what they find is quoted as the line needs it.
    private static func bash(_ script: String) -> String {
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.hasPrefix("complete ") }.joined(separator: "\n") + "\n" + BashCompletion.functions
    }

    /// `_arguments` takes `--option=value` only where the option's name ends in `=`, and `_describe` what follows a colon for a remark.
    private static func zsh(_ script: String) -> String {
        let option = /(\s+'\*?--[a-z0-9\-]+)((?:\[(?:[^\]\\]|\\.)*\])?:.*)/
        return script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if let match = line.wholeMatch(of: option) { return "\(match.1)=\(match.2)" }
            return line.contains("local -ar ___") ? String(line).replacing(":", with: "\\:") : String(line)
        }.joined(separator: "\n")
    }

    /// Files of some extensions are looked for where the value says, not where the whole word does.
    private static func fish(_ script: String) -> String {
        let search = /'\((?:(?!'\().)*__fish_complete_directories \(commandline -t\) \\'\\'\)'/
        let mended = script.replacing(search) { match in
            let extensions = match.0.matches(of: /\\'([a-z]+)\\'/).map { String($0.1) }
            return "'(__partition-cli_files \(extensions.joined(separator: " ")))'"
        }
        return fishFiles + mended
    }

    private static let fishFiles = #"""
        function __partition-cli_files
            set -l value (string replace -r -- '^--[a-z-]+=' '' (commandline -ct))
            set -l folder (string match -r -- '^.*/' $value; or echo)
            for file in $folder*.$argv
                printf '%s\n' $file
            end
            __fish_complete_directories $value ''
        end


        """#
}
