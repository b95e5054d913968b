// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How a table's published map stands, for programs and for people.
struct StandingView: Encodable {
    var state: String
    @Nullable var version: Int64?
    @Nullable var message: String?

    init(_ standing: RegistryStanding) {
        switch standing {
        case .unconfigured: self.init("none")
        case .unmanaged: self.init("unmanaged")
        case .unpublished: self.init("unpublished")
        case .current(let version): self.init("current", version: version)
        case .drifted(let version, let what): self.init("drifted", version: version, message: what)
        case .foreign(let version, let reason): self.init("foreign", version: version, message: "\(reason)")
        case .unreadable(let why, _): self.init("unreadable", message: why)
        }
    }

    private init(_ state: String, version: Int64? = nil, message: String? = nil) {
        self.state = state
        self.version = version
        self.message = message
    }

    /// One cell of a table.
    var words: String {
        switch (state, version) {
        case ("none", _), ("unmanaged", _): "-"
        case ("current", let version?): "version \(version)"
        case ("drifted", let version?): "version \(version), differs: \(message ?? "")"
        case ("foreign", let version?): "version \(version), not this database's: \(message ?? "")"
        case ("unreadable", _): "unreadable: \(message ?? "")"
        default: "not published"
        }
    }
}
