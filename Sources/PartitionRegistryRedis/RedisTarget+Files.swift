// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import NIOSSL
import PartitionRouter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension RedisTarget {
    /// The password, from its file where it is kept in one; nil when there is none.
    ///
    /// - Throws: ``RegistryError/Code/refused`` when the file can't be read.
    func currentPassword() throws(RegistryError) -> String? {
        if let password { return password.reveal() }
        guard let passwordFile else { return nil }
        guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
            throw RegistryError(.refused, "the registry's password file can't be read")
        }
        // Editors and secret stores end the file with a newline; it isn't part of the password.
        return String(text.prefix { !$0.isNewline })
    }
}

extension NIOSSLContext {
    /// A client's context that verifies certificate and name.
    ///
    /// - Throws: ``RegistryError/Code/refused`` when a file can't be read.
    static func client(_ files: RedisTarget.TLS) throws(RegistryError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            if let authority = files.certificateAuthority {
                // Read here, since a missing file would only show as a failed handshake.
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authority))
            }
            if let certificate = files.certificate, let key = files.key {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RegistryError(.refused, "the registry's certificate or key files can't be read as PEM")
        }
    }
}
