// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter

extension RegistryError {
    init(postgres error: PostgresError) {
        if error.kind == .cancelled {
            self.init(.cancelled, "cancelled while waiting for PostgreSQL")
            return
        }
        guard let state = error.sqlState else {
            switch error.kind {
            case .protocolMisuse, .decoding: self.init(.corrupt, "the registry answered oddly: \(error.message)")
            default: self.init(.unreachable, "the registry's database can't be reached: \(error.message)")
            }
            return
        }
        switch state.rawValue {
        case "42P01", "3F000", "42883":
            self.init(
                .notInstalled,
                "the schema partition_registry isn't there",
                hint: "partition-cli rotate --registry-url=self makes it at its first publish"
            )
        case "42501":
            self.init(
                .refused,
                "the role may not use the registry: \(error.message)",
                hint:
                    "GRANT USAGE ON SCHEMA partition_registry; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN it"
            )
        case "25006":
            self.init(
                .refused,
                "the registry's database is read-only: it is a standby, or default_transaction_read_only is on there",
                hint: "name the primary in the URL, or RESET that setting of the database or role"
            )
        case "22021", "22P05":
            self.init(.unsupported, "the registry's database can't hold a name in its encoding: \(error.message)")
        case "40001", "40P01", "55P03":
            // Of one map's row, not of the registry.
            self.init(.refused, "another session is in the way in the registry: \(error.message)", hint: "try again")
        case "53300", "53400", "57014":
            self.init(.unreachable, "the registry's database can't answer now: \(error.message)", hint: "try again")
        default:
            // 08: connection; 57P: shutting down or starting up.
            let isAway = state.class == "08" || state.rawValue.hasPrefix("57P")
            self.init(
                isAway ? .unreachable : .refused,
                isAway
                    ? "the registry's database can't be reached: \(error.message)"
                    : "the registry's database refused: \(error.message) (\(state.rawValue))"
            )
        }
    }

    /// What a transaction ended with: an error of this module's own, of LibPQ's, or both.
    init(transaction error: any Error) {
        switch error {
        case let error as RegistryError: self = error
        case let error as PostgresError: self.init(postgres: error)
        case let error as TransactionError:
            if let cause = error.commit, error.outcome == .unknown {
                let message = (cause as? PostgresError)?.message ?? "no answer"
                self.init(.unreachable, "whether the registry's database committed isn't known: \(message)")
            } else if let cause = error.body ?? error.begin ?? error.commit ?? error.rollback {
                self.init(transaction: cause)
            } else {
                self.init(.unreachable, "the registry's database ended a transaction without a reason")
            }
        case is CancellationError: self.init(.cancelled, "cancelled while waiting for PostgreSQL")
        default: self.init(.unreachable, "the registry's database ended a transaction oddly")
        }
    }
}
