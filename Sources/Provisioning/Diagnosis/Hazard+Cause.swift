// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension Hazard {
    /// Why such a thing is a hazard: what it leads to, in one sentence or two.
    package var cause: String {
        switch code {
        case .lockConvoy:
            "a lock that is waited for makes everybody queue behind the one who waits, readers too, until the session at the root ends its transaction"
        case .longTransaction:
            "its locks and its snapshot last as long as it does: DDL waits for it, DETACH CONCURRENTLY too, vacuum can't remove what it could still see"
        case .preparedTransaction:
            "a prepared transaction keeps its locks and its snapshot without any session, over restarts, until somebody ends it"
        case .wraparoundVacuum:
            "an autovacuum against transaction id wraparound yields to nobody: attaching a partition waits for the default partition and for the targets of foreign keys"
        case .replicationSlot:
            "a slot keeps WAL, and what its snapshot could still see, until its consumer has read it: the disk fills up, vacuum removes nothing"
        case .standby: "nothing can be created on a standby, and what it shows may be behind"
        case .clockSkew:
            "what is measured by this machine's clock (the age of a map, certificates, log lines) is off by as much; rotate itself goes by the server's"
        case .lockTableSize:
            "a query that isn't pruned locks every partition and every index of it, in a table of fixed size that all sessions share; past its fast-path slots each lock is taken there"
        case .pooler:
            "a pooler that shares server connections hands our settings to the application and loses the lock against a second run"
        case .privilege: "rotate can do only what its role may"
        case .notExamined: "what couldn't be looked at may hold any of the other hazards"
        case .minorVersion:
            "an older minor version has a bug in foreign keys of partitioned tables that the named one fixes"
        case .brokenForeignKey:
            "a constraint that lacks its parts on some partitions isn't enforced there, and rows that violate it may have come in"
        case .orphanTable:
            "a table like a partition that isn't attached: its rows are missing from the partitioned table, and its name is taken"
        case .insertFailures:
            "rows arrived for which no partition existed: the job that makes them didn't run, or not far enough ahead"
        case .misroutedRows:
            "rows were written to a partition that isn't theirs: the writer routes by a partition map that is stale, or by names of its own"
        case .rowsInDefault:
            "rows in the default partition keep the partition that they belong to from being created, and make attaching scan it"
        case .registryUnreachable: "applications can't learn of new partitions, and runs can't publish them"
        case .registryLeftover:
            "the table was dropped or renamed, and routers that ask for it are still told of its partitions"
        case .redisPersistence:
            "a restart of Redis loses the maps; routers get none until the next run publishes them again"
        case .redisEviction: "Redis may throw maps away when its memory is full"
        case .registryEndpoint: "what the URL names it for isn't there: one more failure may be the one too many"
        case .etcdSpace:
            "an etcd that is full, or damaged, takes no writes: no new partition is published until it is mended"
        case .finding(let code): Self.cause(of: code)
        }
    }

    private static func cause(of code: Finding.Code) -> String {
        switch code {
        case .notCovered:
            "inserts of that range are refused (23514), or end in the default partition, until the partition exists"
        case .gap: "a partition is missing between others: it was never made, or somebody detached or dropped it"
        case .overlap:
            "PostgreSQL doesn't allow overlapping partitions: the catalog was read while it changed, or is damaged"
        case .missingIndex:
            "an index build was interrupted, or never begun: queries of that partition scan it whole until it has the index"
        case .pendingDetach: "a DETACH CONCURRENTLY was cancelled, timed out or crashed between its two transactions"
        case .leftoverCheck: "a run was interrupted between adding this CHECK and dropping it"
        case .leafPublication:
            "the publication has publish_via_partition_root = false, so a new partition is a table unknown to the subscriber"
        case .registryDrift:
            "the last run didn't publish, or somebody changed partitions or map since: routers miss, or write to the wrong place"
        case .privilege: "rotate can do only what its role may"
        case .leftAlone, .zoneHint, .unreadableBound:
            "without a policy file a table is grown only where its grid can be read off its partitions without doubt"
        default: "the table isn't as it must be"
        }
    }
}
