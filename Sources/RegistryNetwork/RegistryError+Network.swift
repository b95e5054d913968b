// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOCore
import NIOPosix
import NIOSSL
package import PartitionRouter

extension RegistryError {
    /// Nil for what isn't TLS' own.
    ///
    /// - Parameter store: for people, as in "Redis".
    package init?(tls error: any Error, with store: String) {
        switch error {
        case NIOSSLError.uncleanShutdown: return nil
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            self.init(
                .refused,
                "TLS with \(store) failed",
                hint:
                    "is it a TLS port, does ca= hold its authority, does the name match, does it ask for cert= and key=?"
            )
        default: return nil
        }
    }

    /// Why a connection didn't come about, in words; never a server's.
    package static func reason(ofConnecting error: any Error) -> String {
        switch error {
        case ChannelError.connectTimeout: "no answer in time"
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: "its name isn't known"
        case let error as NIOConnectionError:
            (error.connectionErrors.first?.error as? IOError).map { $0.reasonInWords } ?? "no connection"
        case let error as IOError: error.reasonInWords
        default: "no connection"
        }
    }

    /// Server text for a log: short, and without control characters.
    package static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(80).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }
            )
        )
    }
}

extension IOError {
    fileprivate var reasonInWords: String {
        errnoCode == 111 || errnoCode == 61 ? "connection refused" : "errno \(errnoCode)"
    }
}
