// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where a service of HTTP is, and what it has to be told to be let in. Whatever prints it shows no secret.
package struct ServiceURL: Sendable, CustomStringConvertible, CustomReflectable {
    /// Scheme, host, port and path, without a slash at the end.
    let address: String
    /// With its question mark; empty where there is none. Tokens are often there.
    let query: String
    /// Of the header Authorization.
    let authorization: String?
    /// Instead of the system's authorities; nil for those.
    let authorities: [NIOSSLCertificate]?
    /// Scheme, host and port: a path may hold a token too.
    package let description: String
    /// What must not appear in any message.
    private let secrets: [String]

    /// - Throws: ``TelemetryError``; its message holds no part of the text. Also where both it and `access` say who we are.
    package init(parsing text: String, access: ServiceAccess = .none) throws(TelemetryError) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
        else {
            throw TelemetryError("it isn't a URL of HTTP", remedy: "write http://host:port or https://host/path")
        }
        guard parts.fragment == nil else {
            throw TelemetryError("it has a # in it", remedy: "write # in a user, password or path as %23")
        }
        let port = parts.port.map { ":\($0)" } ?? ""
        let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        var path = parts.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        description = "\(scheme)://\(bracketed)\(port)"
        address = description + path
        query = parts.percentEncodedQuery.map { "?\($0)" } ?? ""
        authorities = access.authorities
        guard authorities == nil || scheme == "https" else {
            throw TelemetryError(
                "it is a URL of http://, and a file of authorities is given for it",
                remedy: "write https://, or leave the file out"
            )
        }
        if let token = access.token {
            guard parts.user == nil, parts.password == nil else {
                throw TelemetryError(
                    "it has a user or password in it, and a token is given too",
                    remedy: "leave one of them out"
                )
            }
            authorization = "Bearer \(token)"
        } else if parts.user != nil || parts.password != nil {
            let pair = "\(parts.user ?? ""):\(parts.password ?? "")"
            authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
        } else {
            authorization = nil
        }
        let candidates: [String?] = [
            text, parts.user, parts.password, parts.percentEncodedUser, parts.percentEncodedPassword,
            parts.percentEncodedQuery, parts.query, path, authorization, access.token,
        ]
        secrets = candidates.compactMap(\.self).filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// The address with more path after it.
    func appending(_ path: String) -> String {
        (address.hasSuffix(path) ? address : address + path) + query
    }

    /// A text of somebody else's, who may have been told the URL.
    func redacting(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "•••") }
    }
}
