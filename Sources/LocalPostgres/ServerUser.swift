// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// As whom the server runs: PostgreSQL refuses to run as root.
struct ServerUser: Sendable {
    /// nil: as ourselves.
    private let account: Account?
    private let launcher: [String]

    private struct Account {
        let name: String
        let id: uid_t
        let group: gid_t
    }

    static func current() throws(ClusterError) -> ServerUser {
        guard geteuid() == 0 else { return ServerUser(account: nil, launcher: []) }
        for name in ["postgres", "nobody"] {
            guard let entry = getpwnam(name) else { continue }
            let account = Account(name: name, id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            return ServerUser(account: account, launcher: try launcher(for: account))
        }
        throw ClusterError("PostgreSQL doesn't run as root, and there is neither a user postgres nor nobody")
    }

    /// setpriv first: it becomes the program, where runuser stays between us and it.
    private static func launcher(for account: Account) throws(ClusterError) -> [String] {
        for directory in ["/usr/bin", "/bin", "/usr/sbin", "/sbin"] {
            if access("\(directory)/setpriv", X_OK) == 0 {
                let identity = ["--reuid=\(account.id)", "--regid=\(account.group)", "--clear-groups"]
                return ["\(directory)/setpriv"] + identity + ["--"]
            }
            if access("\(directory)/runuser", X_OK) == 0 {
                return ["\(directory)/runuser", "-u", account.name, "--"]
            }
        }
        throw ClusterError(
            "PostgreSQL doesn't run as root, and there is neither setpriv nor runuser to change the user"
        )
    }

    func command(_ arguments: [String]) -> Command {
        Command(launcher + arguments)
    }

    /// Gives a directory to the server's user.
    func own(_ path: String) throws(ClusterError) {
        guard let account else { return }
        guard chown(path, account.id, account.group) == 0 else {
            throw ClusterError("\(path) can't be given to \(account.name): \(String(cString: strerror(errno)))")
        }
    }
}
