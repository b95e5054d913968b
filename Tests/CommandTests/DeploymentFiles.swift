// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation

/// What is in `deploy/`, and the programs that read it.
enum DeploymentFiles {
    static let root: String = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return tests.deletingLastPathComponent().path
    }()

    static var directory: String { "\(root)/deploy" }

    struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    /// What a program prints; its path comes from the variable, or is looked for.
    ///
    /// - Throws: where it fails.
    static func output(of program: String, variable: String? = nil, _ arguments: [String]) async throws -> String {
        let path = variable.flatMap { ProcessInfo.processInfo.environment[$0] } ?? program
        let result = try await Running("/usr/bin/env", [path] + arguments, [:]).result()
        guard result.status == 0 else { throw Refused(description: "\(program) \(arguments): \(result.everything)") }
        return result.output
    }

    /// A file of YAML as values.
    static func yaml(_ path: String) async throws -> [String: Any] {
        let json = try await output(
            of: "python3",
            variable: "PARTITION_CLI_PYTHON",
            ["-c", "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))", path]
        )
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        guard let object = value as? [String: Any] else { throw Refused(description: "\(path) has no object") }
        return object
    }

    /// The container of a CronJob, and its pod and job around it.
    struct CronJob {
        let spec: [String: Any]
        let job: [String: Any]
        let pod: [String: Any]
        let container: [String: Any]

        init(_ manifest: [String: Any]) throws {
            guard let spec = manifest["spec"] as? [String: Any],
                let job = (spec["jobTemplate"] as? [String: Any])?["spec"] as? [String: Any],
                let pod = (job["template"] as? [String: Any])?["spec"] as? [String: Any],
                let containers = pod["containers"] as? [[String: Any]], containers.count == 1
            else { throw Refused(description: "it isn't a CronJob of one container: \(manifest)") }
            self.spec = spec
            self.job = job
            self.pod = pod
            container = containers[0]
        }

        var command: [String] { container["command"] as? [String] ?? [] }
        var arguments: [String] { container["args"] as? [String] ?? [] }

        /// The environment's names, and the name and key of the secret where the value is in one.
        var secrets: [String: String] {
            let variables = container["env"] as? [[String: Any]] ?? []
            return variables.reduce(into: [:]) { secrets, variable in
                let reference = (variable["valueFrom"] as? [String: Any])?["secretKeyRef"] as? [String: Any]
                guard let name = variable["name"] as? String, let reference else { return }
                secrets[name] = "\(reference["name"] ?? "")/\(reference["key"] ?? "")"
            }
        }
    }
}
