// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import NIOSSL
package import PartitionRouter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Secret {
    /// The secret that was given, else what its file holds now; nil where there is neither.
    ///
    /// - Throws: ``RegistryError/Code/refused`` when the file can't be read.
    package static func current(_ given: Secret?, file: String?) throws(RegistryError) -> String? {
        if let given { return given.reveal() }
        guard let file else { return nil }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw RegistryError(.refused, "the registry's password or token file can't be read")
        }
        // Editors and secret stores end the file with a newline; it isn't part of the secret.
        return String(text.prefix { !$0.isNewline })
    }
}

extension TLSConfiguration {
    /// Of a client that verifies certificate and name.
    ///
    /// - Throws: ``RegistryError/Code/refused`` when a file can't be read.
    package static func client(_ files: RegistryTLS) throws(RegistryError) -> TLSConfiguration {
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
        } catch {
            throw .unreadableTLSFiles
        }
        return configuration
    }
}

extension RegistryError {
    package static var unreadableTLSFiles: RegistryError {
        RegistryError(.refused, "the registry's certificate or key files can't be read as PEM")
    }
}
