// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RedisServer {
    /// What `redis-cli` prints for a command, without the last newline.
    ///
    /// - Throws: when it fails. An error reply of the server is printed, not thrown.
    package func command(_ words: String...) async throws -> String {
        var arguments = ["redis-cli", "-h", "127.0.0.1", "-p", String(port)]
        if options.usesTLS {
            arguments += ["--tls", "--cacert", "\(directory)/ca.crt"]
            arguments += ["--cert", "\(directory)/client.crt", "--key", "\(directory)/client.key"]
        }
        if let password = options.password { arguments += ["--no-auth-warning", "-a", password] }
        return try await ServerKeeper.run(arguments + words)
    }

    /// What a program prints, without the last newline.
    ///
    /// - Parameter arguments: The program first; it is looked for on `PATH`.
    package static func run(_ arguments: [String]) async throws -> String { try await ServerKeeper.run(arguments) }

    /// An authority (`ca.crt`), and certificates of it for a server at 127.0.0.1 and `localhost` and for a client.
    static func makeCertificates(in directory: String) async throws {
        func openssl(_ words: String) async throws {
            _ = try await ServerKeeper.run(["openssl"] + words.split(separator: " ").map(String.init))
        }
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        try await openssl(
            "req -x509 \(key) -days 2 -subj /CN=authority -keyout \(directory)/ca.key -out \(directory)/ca.crt"
        )
        try ServerKeeper.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n", to: "\(directory)/san")
        for name in ["server", "client"] {
            try await openssl(
                "req \(key) -subj /CN=\(name) -keyout \(directory)/\(name).key -out \(directory)/\(name).csr"
            )
            try await openssl(
                "x509 -req -in \(directory)/\(name).csr -CA \(directory)/ca.crt -CAkey \(directory)/ca.key -CAcreateserial "
                    + "-days 2 -extfile \(directory)/san -out \(directory)/\(name).crt"
            )
        }
    }
}
