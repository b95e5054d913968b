// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import NIOSSL
package import PartitionRouter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
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

/// Tells whether a file of TLS was replaced since its connections were configured: certificates are renewed under a running program.
package struct TLSFileStamps: Hashable, Sendable {
    private struct Stamp: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int64
        var nanoseconds: Int64
    }

    private let stamps: [Stamp?]

    /// Links are followed: Kubernetes replaces all files of a secret by one link.
    package init(_ files: RegistryTLS) {
        stamps = [files.certificateAuthority, files.certificate, files.key].map { path in
            var facts = stat()
            guard let path, stat(path, &facts) == 0 else { return nil }
            return Stamp(
                device: UInt64(facts.st_dev),
                inode: UInt64(facts.st_ino),
                size: Int64(facts.st_size),
                seconds: Int64(facts.st_mtim.tv_sec),
                nanoseconds: Int64(facts.st_mtim.tv_nsec)
            )
        }
    }
}

extension RegistryError {
    package static var unreadableTLSFiles: RegistryError {
        RegistryError(.refused, "the registry's certificate or key files can't be read as PEM")
    }
}
