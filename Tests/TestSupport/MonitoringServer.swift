// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One of the programs that look after metrics and alerts, as Debian packages it, on a free port of 127.0.0.1.
///
/// As with ``RedisServer``, a shell ends it when this process dies in whatever way.
package final class MonitoringServer: Sendable {
    /// What is started, and with what configuration.
    package enum Program: Sendable {
        case pushgateway
        /// Scrapes these ports every second.
        case prometheus(ports: [Int])
        /// Serves the metrics files of a directory.
        case nodeExporter(directory: String)
        /// Notifies nobody.
        case alertmanager

        var name: String {
            switch self {
            case .pushgateway: "prometheus-pushgateway"
            case .prometheus: "prometheus"
            case .nodeExporter: "prometheus-node-exporter"
            case .alertmanager: "prometheus-alertmanager"
            }
        }
    }

    package let port: Int
    private let directory: String
    private let keeper: ServerKeeper

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Starts one and waits until it answers.
    package static func start(_ program: Program) async throws -> MonitoringServer {
        // Somebody else may take the port between our asking and the server's.
        for _ in 0..<5 {
            let server = try MonitoringServer(program)
            do {
                try await eventually("\(program.name) answers") {
                    if server.keeper.hasEnded { throw ServerError("\(program.name) ended: \(server.log)") }
                    return (try? await server.get(program.readyPath)) != nil
                }
                server.keeper.register()
                return server
            } catch is ServerError {
                server.stop()
            }
        }
        throw ServerError("\(program.name) could not be started: run `make setup`")
    }

    private init(_ program: Program) throws {
        port = try ServerKeeper.freePort()
        directory = try ServerKeeper.makeDirectory()
        if let configuration = program.configuration {
            try ServerKeeper.write(configuration, to: "\(directory)/configuration.yml")
        }
        keeper = try ServerKeeper(
            directory: directory,
            name: program.name,
            command: [program.name] + program.arguments(port: port, directory: directory)
        )
    }

    /// Ends it and removes its directory. To be called once.
    package func stop() { keeper.finish(keepingDirectory: false) }

    private var log: String { ServerKeeper.read("\(directory)/out") }

    /// What it answers to a GET.
    ///
    /// - Throws: for an answer that isn't 2xx.
    package func get(_ path: String) async throws -> String {
        try await ServerKeeper.run([
            "curl", "--silent", "--show-error", "--fail", "--globoff", "--max-time", "10", url + path,
        ])
    }

    /// SIGSTOP: the port still takes connections, and nobody answers.
    package func pause() async throws { try await keeper.pause() }

    package func resume() async throws { try keeper.resume() }
}

extension MonitoringServer.Program {
    fileprivate var readyPath: String {
        if case .nodeExporter = self { "/metrics" } else { "/-/ready" }
    }

    fileprivate var configuration: String? {
        switch self {
        case .pushgateway, .nodeExporter: nil
        case .prometheus(let ports):
            """
            global: { scrape_interval: 1s }
            scrape_configs:
              - job_name: test
                honor_labels: true
                static_configs: [ { targets: [\(ports.map { "'127.0.0.1:\($0)'" }.joined(separator: ", "))] } ]

            """
        case .alertmanager:
            """
            route: { receiver: nobody }
            receivers: [ { name: nobody } ]

            """
        }
    }

    fileprivate func arguments(port: Int, directory: String) -> [String] {
        let listen = "--web.listen-address=127.0.0.1:\(port)"
        return switch self {
        case .pushgateway: [listen]
        case .prometheus:
            [listen, "--config.file=\(directory)/configuration.yml", "--storage.tsdb.path=\(directory)/data"]
        case .nodeExporter(let files):
            [
                listen, "--collector.disable-defaults", "--collector.textfile",
                "--collector.textfile.directory=\(files)",
            ]
        case .alertmanager:
            [
                listen, "--config.file=\(directory)/configuration.yml", "--storage.path=\(directory)/data",
                "--cluster.listen-address=",
            ]
        }
    }
}

extension MonitoringServer {
    /// What `promtool check metrics` says of a text; empty where it has nothing to say.
    package static func complaints(about metrics: String) async throws -> String {
        // What it finds is in its output, and in its status.
        try await ServerKeeper.run(
            ["sh", "-c", #"printf %s "$1" | promtool check metrics 2>&1 || echo "status $?""#, "sh", metrics]
        )
    }
}
