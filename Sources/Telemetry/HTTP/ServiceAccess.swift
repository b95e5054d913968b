// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOSSL

/// What a service has to be told to let us in, and what proves that it is the service, beside what its URL says. Whatever prints it shows no secret.
package struct ServiceAccess: Sendable, CustomStringConvertible, CustomReflectable {
    /// Sent as `Authorization: Bearer …` (RFC 6750).
    let token: String?
    /// Instead of the system's authorities; nil for those.
    let authorities: [NIOSSLCertificate]?

    package static let none = ServiceAccess(token: nil, authorities: nil)

    private init(token: String?, authorities: [NIOSSLCertificate]?) {
        self.token = token
        self.authorities = authorities
    }

    /// - Parameters:
    ///   - token: what is around it, a newline at a file's end for example, is no part of it.
    ///   - authorityFile: certificates in PEM, one at least.
    /// - Throws: ``TelemetryError``; its message holds no part of the token.
    package init(token: String?, authorityFile: String?) throws(TelemetryError) {
        self.token = try token.map(Self.checked)
        authorities = try authorityFile.map(Self.certificates)
    }

    package var description: String { token == nil ? "no token" : "a token" }
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// A token that could end its header and begin another is none.
    private static func checked(_ text: String) throws(TelemetryError) -> String {
        let token = text.drop(while: \.isWhitespace)
        let trimmed = String(token.reversed().drop(while: \.isWhitespace).reversed())
        let isPlain = trimmed.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !trimmed.isEmpty, isPlain, trimmed.utf8.count <= 16 << 10 else {
            throw TelemetryError(
                trimmed.isEmpty
                    ? "the token is empty" : "the token has characters in it that no token has, or too many",
                remedy: "give the token alone, in one line, without \"Bearer\""
            )
        }
        return trimmed
    }

    private static func certificates(_ path: String) throws(TelemetryError) -> [NIOSSLCertificate] {
        // Read here, since a missing file would only show as a failed handshake.
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            throw TelemetryError(
                "the file of its authorities can't be read as certificates in PEM",
                remedy: "give a file that this user may read, with BEGIN CERTIFICATE in it"
            )
        }
        return certificates
    }
}
