// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The server programs of one PostgreSQL version on this machine.
package struct PostgresInstallation: Sendable, Hashable {
    /// Where `initdb` and `postgres` are.
    package let binDirectory: String
    /// 15, 16, 18…
    package let majorVersion: Int

    package init(binDirectory: String, majorVersion: Int) {
        self.binDirectory = binDirectory
        self.majorVersion = majorVersion
    }

    /// What `postgres --version` in the directory says; nil when it has no server programs. Where these are links, the
    /// directory they lead to is taken: not all programs may have a link.
    package init?(binDirectory given: String) {
        let binDirectory = Self.directoryOfLinkedProgram(in: given)
        guard ["initdb", "postgres"].allSatisfy({ access("\(binDirectory)/\($0)", X_OK) == 0 }),
            let text = try? Command(["\(binDirectory)/postgres", "--version"]).output(),
            let major = Self.majorVersion(in: text)
        else { return nil }
        self.init(binDirectory: binDirectory, majorVersion: major)
    }

    /// Every installation that can be found: first the directory in `PARTITION_CLI_PG_BIN`, then those of `PATH`, then
    /// where Debian, Red Hat and Homebrew put them, newest first. Runs `postgres --version` in each.
    ///
    /// - Parameter preferring: a major version whose installations come before all others.
    package static func find(
        preferring version: Int? = nil,
        environment: [String: String] = ProcessEnvironment.current
    ) -> [PostgresInstallation] {
        let path = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let packaged = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"]
            .flatMap(expand)
            .compactMap { PostgresInstallation(binDirectory: $0) }
            .sorted { $0.majorVersion > $1.majorVersion }
        let named = ([environment["PARTITION_CLI_PG_BIN"]].compactMap(\.self) + path)
            .compactMap { PostgresInstallation(binDirectory: $0) }
        var found: [PostgresInstallation] = []
        for installation in named + packaged where !found.contains(installation) {
            found.append(installation)
        }
        guard let version else { return found }
        return found.filter { $0.majorVersion == version } + found.filter { $0.majorVersion != version }
    }

    private static func directoryOfLinkedProgram(in directory: String) -> String {
        guard let resolved = realpath("\(directory)/postgres", nil) else { return directory }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? directory
    }

    func program(_ name: String) -> String { "\(binDirectory)/\(name)" }

    /// `postgres (PostgreSQL) 15.18 (Debian …)`, `postgres (PostgreSQL) 18beta1`
    static func majorVersion(in text: String) -> Int? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(of: "(PostgreSQL)"), words.indices.contains(index + 1) else { return nil }
        return Int(words[index + 1].prefix { $0.isASCII && $0.isNumber })
    }

    private static func expand(_ pattern: String) -> [String] {
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, 0, nil, &matches) == 0, let paths = matches.gl_pathv else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }
}
