// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRouter
import Provisioning

extension CommandFailure {
    /// Any error, in words for people.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as PostgresError: self.init(statement: error)
        case let error as TransactionError:
            if let cause = error.cause {
                self.init(cause)
            } else {
                self.init(.internalError, "a transaction ended without a reason")
            }
        case let error as RegistryError: self.init(registry: error)
        case let error as RegistryURLError: self.init(.usage, "--registry-url: \(error)")
        case let failure as Failure:
            let isPrivilege = failure.sqlState == SQLState.insufficientPrivilege.rawValue
            self.init(
                isPrivilege ? .privilegeMissing : .failed,
                failure.message,
                remedy: failure.remedy,
                sqlState: failure.sqlState
            )
        case let error as UnknownTimeZone: self.init(unknownTimeZone: error.name)
        case let error as StalePlan:
            self.init(
                .failed,
                "the plan is stale, and nothing was done: \(error.differences.first ?? "something has moved")",
                remedy: "look what has moved, and make the plan anew: partition-cli plan --out=… --force"
            )
            others = Array(error.differences.dropFirst())
            shownOthers = 9
            othersAreParts = true
        case let refusal as ClaimRefusal: self.init(refusal)
        case let error as PartitionMapError: self.init(.failed, error.message)
        case let error as ClusterError:
            self.init(.failed, "the throwaway PostgreSQL failed: \(error.message)")
        case is CancellationError: self.init(.deferred, "interrupted")
        default:
            self.init(
                .internalError,
                "something unforeseen happened: \(error)",
                remedy: "please report it with the output of --log-level=debug"
            )
        }
    }

    /// A zone of the command line.
    init(unknownTimeZone name: String) {
        self.init(
            .usage,
            "the server knows no time zone \"\(name)\"",
            remedy: "give a name of pg_timezone_names, for example Europe/Paris"
        )
    }

    private init(_ refusal: ClaimRefusal) {
        switch refusal {
        case .busy(let database, let holder):
            self.init(
                .busy,
                "a run is at work on the database \(database), and publishes when it is done: \(holder)",
                remedy: "look again when it has ended"
            )
        case .standby:
            self.init(
                .deferred,
                "the server is a standby: only its primary publishes maps",
                remedy: "name the primary in --db-url"
            )
        }
    }

    /// A registry that can't be read or written.
    init(registry error: RegistryError) {
        let status: ExitStatus =
            switch error.code {
            case .unreachable: .unreachable
            case .refused: .privilegeMissing
            case .cancelled: .deferred
            default: .failed
            }
        self.init(status, error.message, remedy: error.remedy)
    }
}
