// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import AsyncHTTPClient
import NIOCore
import NIOPosix
import PartitionRouter
import RegistryNetwork

extension RegistryError {
    /// An answer that didn't come.
    ///
    /// - Parameter place: the store and its endpoint.
    init(asking place: String, _ error: any Error, _ tls: RegistryTLS?) {
        if let tls = RegistryError(tls: error, with: place) {
            self = tls
            return
        }
        let lateness: [HTTPClientError] = [.deadlineExceeded, .connectTimeout, .readTimeout, .tlsHandshakeTimeout]
        switch error {
        case is NIOTooManyBytesError:
            self.init(.unreachable, "\(place) sent an answer that is too long")
        case let error as HTTPClientError where lateness.contains(error):
            self.init(.unreachable, "\(place) didn't answer in time")
        case is HTTPClientError:
            // A server that misses our certificate may end the connection before its reason reaches us.
            let isAnonymous = tls != nil && tls?.certificate == nil
            self.init(
                .unreachable,
                "\(place) can't be reached, or ended the connection",
                hint: isAnonymous ? "does the server ask for a client certificate? Then cert= and key=" : nil
            )
        default:
            self.init(.unreachable, "\(place) can't be reached: \(Self.reason(ofConnecting: error))")
        }
    }
}
