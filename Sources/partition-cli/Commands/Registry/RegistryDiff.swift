// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// What is published against what the catalog says, table by table.
struct RegistryDiff {
    /// What the catalog says of one table.
    struct Catalog: Sendable {
        var document: PartitionMapDocument
        /// nil on a standby, which has none.
        var origin: MapOrigin?
    }

    struct Table {
        var name: RelationName
        var standing: RegistryStanding
        /// Whoever published what is stored; nil where nothing, or nothing readable, is.
        var header: PartitionMapHeader?
        /// Why this database may not replace it.
        var refusal: TakeOverReason?
        /// From what is stored to what the catalog says.
        var difference: MapDifference?
        var leftAlone: LeftAlone?
        /// The catalog has nothing that could stand in the map.
        var isWithdrawal = false
    }

    var database: String
    var policyFile: String?
    var registry: RegistryChoice
    var tables: [Table]
    var named: Set<RelationName>

    /// Reads again what isn't as it must be.
    ///
    /// - Throws: ``CommandFailure`` of status `usage` where there is no registry; `RegistryError` where it doesn't answer.
    static func of(_ result: Inspection.Result<Catalog?>, named: Set<RelationName>) async throws -> RegistryDiff {
        guard let registry = result.registry.registry else { throw RegistryAccess.missing(result.registry) }
        var tables: [Table] = []
        do {
            for table in result.tables {
                tables.append(try await compared(table, in: registry))
            }
            // What doesn't answer any more can't be compared.
            if let failure = result.others.failure, failure.isOfWholeRegistry { throw failure }
            tables += result.others.maps.filter { !$0.isWithdrawn }.map(Table.init)
            await result.registry.close()
        } catch {
            await result.registry.close()
            throw error
        }
        return RegistryDiff(
            database: result.server.database,
            policyFile: result.policyFile,
            registry: result.registry,
            tables: tables,
            named: named
        )
    }

    private static func compared(
        _ table: Inspection.Table<Catalog?>,
        in registry: any Registry
    ) async throws(RegistryError) -> Table {
        if let map = table.unattended {
            var compared = Table(map)
            compared.leftAlone = table.plan.leftAlone
            return compared
        }
        var compared = Table(
            name: table.plan.table,
            standing: table.standing,
            leftAlone: table.plan.leftAlone
        )
        guard let catalog = table.extra ?? nil else { return compared }
        var stored: StoredMap?
        switch table.standing {
        case .current, .unconfigured, .unmanaged: return compared
        case .unpublished: break
        case .drifted, .foreign: stored = try await registry.load(catalog.document.table, .document)
        case .unreadable:
            do {
                stored = try await registry.load(catalog.document.table, .document)
            } catch {
                // Nobody can be compared with who doesn't answer.
                guard error.code == .corrupt else { throw error }
                compared.header = try? await registry.header(catalog.document.table)
            }
        }
        compared.header = compared.header ?? stored?.header
        if case .foreign(_, let reason) = table.standing {
            compared.refusal = reason
        } else {
            compared.refusal = compared.header.flatMap { catalog.origin?.refusal(replacing: $0) }
        }
        compared.difference = MapDifference(from: stored?.document, to: catalog.document)
        return compared
    }

    /// A table that was named and can't be compared is a finding, whatever the reason.
    var status: ExitStatus {
        tables.contains { $0.isFinding || ($0.leftAlone != nil && named.contains($0.name)) } ? .failed : .success
    }
}

extension RegistryDiff.Table {
    var isFinding: Bool {
        switch standing {
        case .unconfigured, .unmanaged, .current: false
        case .unpublished, .drifted, .foreign, .unreadable: true
        }
    }

    init(_ map: UnattendedMap) {
        self.init(name: map.table, standing: map.isWithdrawn ? .unmanaged : map.standing, header: map.header)
        if case .foreign(_, let reason) = map.standing { refusal = reason }
        if let made = map.made {
            difference = MapDifference(from: map.stored, to: made.document)
            isWithdrawal = made.isWithdrawal
        }
    }

    /// What to do about it; nil for nothing.
    var remedy: String? {
        guard isFinding else { return nil }
        guard refusal == nil else {
            return RegistryStanding.takeOverRemedy
        }
        if isWithdrawal {
            return "partition-cli registry repair withdraws it; routers go on with it until then"
        }
        return "partition-cli registry repair publishes it anew; routers keep the last good map until then"
    }
}
