// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("Deployment", .temporaryDatabase)
struct DeploymentTests {
    /// Seconds that a run may take after its deadline.
    private static let conclusion = 30

    /// Every one that there is.
    private static let overlays: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: "\(DeploymentFiles.directory)/kubernetes/overlays"
        )
        return (names ?? []).sorted().map { "overlays/\($0)" }
    }()

    /// Renders a Kustomize directory into a file.
    private static func rendered(_ directory: String) async throws -> String {
        let text = try await DeploymentFiles.output(
            of: "kubectl",
            variable: "PARTITION_CLI_KUBECTL",
            ["kustomize", "\(DeploymentFiles.directory)/kubernetes/\(directory)"]
        )
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("rendered-\(UUID()).yaml").path
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }

    @Test(
        "what Kustomize renders is a manifest to Kubernetes, with the pattern's promises and more",
        arguments: ["base"] + overlays
    )
    func kubernetes(_ directory: String) async throws {
        let file = try await Self.rendered(directory)
        let verdict = try await DeploymentFiles.output(
            of: "python3",
            variable: "PARTITION_CLI_PYTHON",
            ["-m", "kubernetes_validate", "--strict", file]
        )
        #expect(verdict.contains("passed for resource cronjob/partition-provisioner"), "\(verdict)")
        let manifest = try await DeploymentFiles.yaml(file)
        let job = try DeploymentFiles.CronJob(manifest)
        #expect(job.spec["concurrencyPolicy"] as? String == "Forbid")
        #expect(job.spec["startingDeadlineSeconds"] as? Int ?? 0 > 0)
        #expect(job.spec["timeZone"] as? String == "Etc/UTC")
        if directory != "overlays/staging" { #expect(job.spec["schedule"] as? String == "0 2 * * *") }
        // The program ends by itself before Kubernetes ends it, also where the network takes everything and passes nothing on.
        let deadline = try #require(
            job.arguments.first { $0.hasPrefix("--deadline=") }.flatMap { Int($0.dropFirst(11)) }
        )
        #expect(try #require(job.job["activeDeadlineSeconds"] as? Int) >= deadline + Self.conclusion)
        #expect(job.secrets["DB_URL"] == "db-credentials/connection-string")
        if directory != "overlays/staging" { #expect(job.secrets["REGISTRY_URL"] == "registry-credentials/url") }
        let pod = try #require(job.pod["securityContext"] as? [String: Any])
        #expect(pod["runAsNonRoot"] as? Bool == true)
        let container = try #require(job.container["securityContext"] as? [String: Any])
        #expect(container["readOnlyRootFilesystem"] as? Bool == true)
        #expect(container["allowPrivilegeEscalation"] as? Bool == false)
        #expect((job.container["resources"] as? [String: Any])?["limits"] != nil)
        #expect(!job.arguments.contains { $0.contains("://") || $0.contains("$") })
    }

    @Test("what a manifest starts does the work", arguments: overlays)
    func arguments(_ directory: String) async throws {
        let events = try await EventsTable()
        let job = try DeploymentFiles.CronJob(try await DeploymentFiles.yaml(try await Self.rendered(directory)))
        #expect(job.command == ["partition-cli"])
        let result = try await Tool.run(
            job.arguments,
            environment: ["DB_URL": events.url, "REGISTRY_URL": "self"]
        )
        #expect(result.status == 0, "\(result.everything)")
        #expect(try await events.partitions.count >= 3)
    }

    @Test("a manifest that starts the program with a shell works, unchanged")
    func shell() async throws {
        let events = try await EventsTable()
        let job = try DeploymentFiles.CronJob(
            try await DeploymentFiles.yaml("\(DeploymentFiles.root)/scripts/image-check-cronjob.yaml")
        )
        #expect(job.command == ["/bin/sh", "-c"])
        let tools = URL(fileURLWithPath: try Tool.path).deletingLastPathComponent().path
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let result = try await Running(
            job.command[0],
            Array(job.command.dropFirst()) + job.arguments,
            ["DB_URL": events.url, "REGISTRY_URL": "self", "PATH": "\(tools):\(path)"]
        ).result()
        #expect(result.status == 0, "\(result.everything)")
        #expect(try await events.publishedVersion != nil)
    }

    @Test("systemd finds nothing wrong with the units, and what they start does the work")
    func systemd() async throws {
        let events = try await EventsTable()
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        let unit = try String(
            contentsOfFile: "\(DeploymentFiles.directory)/systemd/partition-cli.service",
            encoding: .utf8
        )
        // A server whose process is hidden counts as one elsewhere, whose disk nobody knows: the quota would stop nothing.
        #expect(unit.contains("--quota-threshold="))
        for setting in ["ProtectProc=", "ProcSubset=", "PrivateUsers=", "InaccessiblePaths=", "PrivatePIDs="] {
            #expect(!unit.split(separator: "\n").contains { $0.hasPrefix(setting) }, "\(setting)")
        }
        let limits = try ["--deadline=", "RuntimeMaxSec="].map { name in
            try #require(unit.firstRange(of: name).flatMap { Int(unit[$0.upperBound...].prefix(while: \.isNumber)) })
        }
        #expect(limits[1] >= limits[0] + Self.conclusion)
        // systemd wants the program to be there.
        let installed = unit.replacing("/usr/local/bin/partition-cli", with: try Tool.path)
        try installed.write(toFile: "\(metrics.path)/partition-cli.service", atomically: false, encoding: .utf8)
        let timer = "\(metrics.path)/partition-cli.timer"
        try FileManager.default.copyItem(
            atPath: "\(DeploymentFiles.directory)/systemd/partition-cli.timer",
            toPath: timer
        )
        _ = try await DeploymentFiles.output(
            of: "systemd-analyze",
            ["verify", "--recursive-errors=no", "\(metrics.path)/partition-cli.service", timer]
        )
        _ = try await DeploymentFiles.output(of: "systemd-analyze", ["calendar", "*-*-* 02:00:00 UTC"])

        let start = try #require(unit.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        let words = start.split(separator: " ").dropFirst()
            .map { String($0).replacing("/var/lib/partition-cli", with: metrics.path) }
        let result = try await Tool.run(
            words,
            environment: ["DB_URL": events.url, "REGISTRY_URL": "self"]
        )
        #expect(result.status == 0, "\(result.everything)")
        let file = "\(metrics.path)/partition-cli.prom"
        #expect(try String(contentsOfFile: file, encoding: .utf8).contains("days_of_partitions_remaining"))
    }
}
