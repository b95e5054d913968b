// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile

/// Finds and reads the policy file of a command: `--config`, else `PARTITION_CLI_CONFIG`, else `./partitions.yaml` where it exists.
enum PolicyFileSource {
    static let variable = "PARTITION_CLI_CONFIG"
    static let standardName = "partitions.yaml"
    /// In place of a file's name: no policy file, whatever lies in the directory. A file of this name is `./none`.
    static let none = "none"

    /// No policy file is as long as that: 100,000 tables have room.
    private static let sizeLimit = 16 << 20

    /// - Parameters:
    ///   - option: what `--config` said.
    ///   - given: connections that flags or variables give, so that the file's own aren't looked at.
    /// - Returns: nil where there is none, so that policies are inferred.
    /// - Throws: ``CommandFailure`` of status `configuration` with everything that is wrong with the file, or `usage`.
    static func load(
        _ option: String?,
        environment: [String: String],
        given: GivenConnections
    ) throws(CommandFailure) -> ParsedPolicy? {
        guard let (file, isAsked) = try choice(option, environment) else { return nil }
        guard let bytes = try contents(of: file, isAsked: isAsked) else { return nil }
        let policy: ParsedPolicy
        do {
            policy = try PolicyParser.parse(bytes, file: file, environment: environment, given: given)
        } catch {
            throw CommandFailure(policy: error.issues, more: error.more)
        }
        let unbuilt = UnbuiltFeatures.unsupported(in: policy)
        guard unbuilt.isEmpty else { throw CommandFailure(policy: unbuilt, more: 0) }
        return policy
    }

    /// The file, and whether somebody asked for it.
    private static func choice(
        _ option: String?,
        _ environment: [String: String]
    ) throws(CommandFailure) -> (file: String, isAsked: Bool)? {
        let asked = option.map { ($0, "--config") } ?? environment[variable].map { ($0, variable) }
        guard let (file, source) = asked else { return (standardName, false) }
        guard !file.allSatisfy(\.isWhitespace) else {
            throw EmptyURL.policyFile(source)
        }
        return file == none ? nil : (file, true)
    }

    /// - Returns: nil where a file that nobody asked for isn't there.
    private static func contents(of file: String, isAsked: Bool) throws(CommandFailure) -> [UInt8]? {
        do {
            return try InputFile(path: file, name: "policy file", sizeLimit: sizeLimit).contents()
        } catch {
            if error.isAbsent && !isAsked { return nil }
            throw CommandFailure(
                .configuration,
                "the policy file \(file) can't be read: \(error.reason)",
                remedy: "check --config and \(variable); partition-cli init writes a policy file"
            )
        }
    }
}
