// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile

/// A value of the environment that no message may have in it.
let secret = "s3cr3t-0f-the-env1ronment"

let testEnvironment = [
    "DB_URL": "postgresql://app:\(secret)@db/app", "REGISTRY_URL": "redis://:\(secret)@cache", "PW": secret,
    "EMPTY": "",
]

/// Reads a policy as a command does.
func read(
    _ text: String,
    environment: [String: String] = testEnvironment,
    given: GivenConnections = []
) throws(PolicyFileError) -> ParsedPolicy {
    try PolicyParser.parse(Array(text.utf8), file: "partitions.yaml", environment: environment, given: given)
}

/// What is wrong with a policy; empty for a good one.
func issues(_ text: String) -> [PolicyIssue] {
    do {
        _ = try read(text)
        return []
    } catch {
        return error.issues
    }
}
