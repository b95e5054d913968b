// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A partition compared with what it must be")
struct PropertyComparisonTests {
    typealias Properties = RelationProperties

    /// One thing another hand changed on the partition, and what the difference is called.
    struct Change: Sendable, CustomTestStringConvertible {
        let property: String
        let change: @Sendable (inout Properties) -> Void
        var testDescription: String { property }

        init(_ property: String, _ change: @escaping @Sendable (inout Properties) -> Void) {
            self.property = property
            self.change = change
        }
    }

    static let changes: [Change] = [
        Change("owner") { $0.owner = "mallory" },
        Change("privileges") { $0.grants.removeLast() },
        Change("privileges") { $0.grants[0].isGrantable = true },
        Change("row security") { $0.hasRowSecurity = false },
        Change("forced row security") { $0.forcesRowSecurity = true },
        Change("storage parameters") { $0.options = ["fillfactor=70"] },
        Change("TOAST storage parameters") { $0.toastOptions = [] },
        Change("tablespace") { $0.tablespace = nil },
        Change("access method") { $0.accessMethod = "columnar" },
        Change("unlogged") { $0.isUnlogged = true },
        Change("replica identity") { $0.replicaIdentity = .full },
        Change("replica identity") { $0.replicaIdentity = .index("another_index") },
        Change("comment") { $0.comment = nil },
        Change("policy tenants") { $0.policies = [] },
        Change("policy tenants") { $0.policies[0].command = "SELECT" },
        Change("policy tenants") { $0.policies[0].isPermissive = false },
        Change("policy tenants") { $0.policies[0].roles = [] },
        Change("policy tenants") { $0.policies[0].using = "true" },
        Change("policy tenants") { $0.policies[0].check = "true" },
        Change("policy another") { properties in
            var policy = properties.policies[0]
            policy.name = "another"
            properties.policies.append(policy)
        },
        Change("column note") { $0.columns = [] },
        Change("column note: type") { $0.columns[0].type = "character varying(10)" },
        Change("column note: NOT NULL") { $0.columns[0].isNotNull = false },
        Change("column note: default") { $0.columns[0].defaultExpression = nil },
        Change("column note: generated") { $0.columns[0].generated = "s" },
        Change("column note: storage") { $0.columns[0].storage = "e" },
        Change("column note: compression") { $0.columns[0].compression = "l" },
        Change("column note: collation") { $0.columns[0].collation = nil },
        Change("column note: statistics target") { $0.columns[0].statisticsTarget = nil },
        Change("column note: options") { $0.columns[0].options = [] },
        Change("column note: comment") { $0.columns[0].comment = "another" },
        Change("column note: privileges") { $0.columns[0].grants = [] },
        Change("check positive") { $0.checks = [] },
        Change("check positive") { $0.checks[0].definition = "CHECK ((id > 1))" },
        Change("check positive: valid") { properties in
            properties.checks[0].definition += " NOT VALID"
            properties.checks[0].isValidated = false
        },
        Change("check positive: comment") { $0.checks[0].comment = nil },
        Change("index events_pkey") { $0.indexes = [] },
        Change("index events_pkey") { $0.indexes[0].parentIndex = nil },
        Change("index events_pkey") { $0.indexes[0].definition = "USING btree (id)" },
        Change("index events_pkey: valid") { $0.indexes[0].isValid = false },
        Change("index events_pkey: constraint") { $0.indexes[0].constraint = "" },
        Change("index events_pkey: tablespace") { $0.indexes[0].tablespace = nil },
        Change("index events_pkey: comment") { $0.indexes[0].comment = nil },
        Change("index events_pkey: comment of the constraint") { $0.indexes[0].constraintComment = nil },
        Change("index events_pkey: statistics target of column 1") { $0.indexes[0].statisticsTargets = [:] },
        Change("check mine") {
            $0.checks.append(.init(name: "mine", definition: "CHECK (false)", isValidated: true, comment: nil))
        },
        Change("unique index mine") { $0.indexes.append(.extra("UNIQUE USING btree (note)", constraint: "u")) },
        Change("unique index mine") { $0.indexes.append(.extra("UNIQUE USING btree (note)", constraint: "")) },
        Change("exclusion constraint mine") { $0.indexes.append(.extra("USING gist (note)", constraint: "x")) },
        Change("trigger mine") { $0.triggers["mine"] = "O" },
        Change("rule mine") { $0.rules = ["mine"] },
        Change("foreign key mine") { $0.ownForeignKeys = ["mine"] },
        Change("statistics events_stat") { $0.statistics = [] },
        Change("statistics events_stat: target") { $0.statistics[0].target = nil },
        Change("statistics events_stat: comment") { $0.statistics[0].comment = nil },
    ]

    @Test("differs in exactly the one property that somebody changed", arguments: changes)
    func oneDifference(change: Change) {
        let expected = Properties.rich
        let actual = expected.changing(change.change)
        let differences = actual.differences(from: expected)
        #expect(differences.map(\.property) == [change.property])
        #expect(differences.allSatisfy { $0.expected != $0.actual })
    }

    @Test("doesn't differ in what belongs to it alone, nor in what is its owner's business")
    func noDifference() {
        let expected = Properties.rich
        let harmless: [Change] = [
            Change("its oid and names") { properties in
                properties.oid = 99
                properties.name.name = "events_2026_12"
                properties.indexes[0].name = "events_2026_12_pkey"
                properties.statistics[0].name.name = "events_2026_12_stat"
            },
            Change("our marker") {
                $0.marker = PartitionMarker(parent: "public.events", createdAt: Instant(microseconds: 0))
            },
            Change("an index of its own") { properties in
                var index = properties.indexes[0]
                index.parentIndex = nil
                index.name = "extra"
                index.definition = "USING btree (note)"
                index.constraint = ""
                properties.indexes.append(index)
            },
            Change("a trigger of its own that is disabled") { $0.triggers["mine"] = "D" },
            Change("a statistics object of its own") { properties in
                var object = properties.statistics[0]
                object.definition = "(mcv) ON a, b"
                properties.statistics.append(object)
            },
            Change("the order in which privileges were granted") { $0.grants.reverse() },
            Change("the order of its indexes, checks and policies") { properties in
                properties.indexes.reverse()
                properties.checks.reverse()
                properties.policies.reverse()
            },
        ]
        for change in harmless {
            #expect(expected.changing(change.change).differences(from: expected) == [], "\(change.property)")
        }
    }

    @Test("may have validated a check that the parent hasn't, whose rows nobody looked at yet")
    func notValid() {
        let parent = Properties.rich.changing { properties in
            properties.checks[0].definition += " NOT VALID"
            properties.checks[0].isValidated = false
        }
        #expect(Properties.rich.differences(from: parent) == [])
        #expect(parent.differences(from: parent) == [])
    }

    @Test("has its owner's own privileges go with the ownership: another owner is one difference, not two")
    func ownersPrivileges() {
        func owned(by owner: String) -> Properties {
            .rich.changing { properties in
                properties.owner = owner
                properties.grants.append(.init(grantee: owner, privilege: "DELETE", isGrantable: false))
            }
        }
        #expect(owned(by: "mallory").differences(from: owned(by: "app")).map(\.property) == ["owner"])
    }

    @Test("says what should be and what is, in words")
    func words() {
        let expected = Properties.rich
        let cases: [(@Sendable (inout Properties) -> Void, PropertyDifference)] = [
            (
                { $0.grants = [] },
                PropertyDifference(
                    property: "privileges",
                    expected: "INSERT to PUBLIC with grant option, SELECT to reader",
                    actual: "none"
                )
            ),
            (
                { $0.isUnlogged = true },
                PropertyDifference(property: "unlogged", expected: "no", actual: "yes")
            ),
            (
                { $0.replicaIdentity = .nothing },
                PropertyDifference(property: "replica identity", expected: "USING INDEX events_pkey", actual: "NOTHING")
            ),
            (
                { $0.policies[0].check = "(tenant > 0)" },
                PropertyDifference(
                    property: "policy tenants",
                    expected: "PERMISSIVE FOR ALL TO app, reader USING (tenant = 1)",
                    actual: "PERMISSIVE FOR ALL TO app, reader USING (tenant = 1) WITH CHECK (tenant > 0)"
                )
            ),
        ]
        for (change, difference) in cases {
            #expect(expected.changing(change).differences(from: expected) == [difference])
        }
    }

    @Test("doesn't take columns for each other whose names only look the same")
    func lookalikes() {
        let expected = Properties.rich.changing { properties in
            var decomposed = properties.columns[0]
            properties.columns[0].name = "caf\u{E9}"
            decomposed.name = "cafe\u{301}"
            decomposed.type = "integer"
            properties.columns.append(decomposed)
        }
        #expect(expected.differences(from: expected) == [])
        let actual = expected.changing { $0.columns[1].type = "bigint" }
        #expect(actual.differences(from: expected).map(\.actual) == ["bigint"])
    }
}

@Suite("What a new partition must be")
struct ExpectedPropertiesTests {
    typealias Properties = RelationProperties

    /// A sibling that differs from its parent in everything.
    private static let sibling = Properties.rich.changing { sibling in
        sibling.owner = "other"
        sibling.grants = []
        sibling.hasRowSecurity = false
        sibling.policies = []
        sibling.options = ["fillfactor=50"]
        sibling.toastOptions = ["toast_tuple_target=128"]
        sibling.tablespace = "slow"
        sibling.accessMethod = "columnar"
        sibling.isUnlogged = true
        sibling.replicaIdentity = .full
        sibling.comment = "of the sibling"
        sibling.columns[0].statisticsTarget = 7
        sibling.columns[0].options = ["n_distinct=3"]
        sibling.columns[0].comment = "of the sibling"
        sibling.columns[0].storage = "p"
        sibling.indexes[0].statisticsTargets = [1: 7, 2: 8]
        sibling.statistics[0].target = 7
    }

    /// What a partitioned table says of itself: nothing of storage.
    private static let parent = Properties.rich.changing { parent in
        parent.options = []
        parent.toastOptions = []
        parent.tablespace = nil
        parent.accessMethod = nil
        parent.replicaIdentity = .primaryKey
        parent.columns[0].statisticsTarget = nil
        parent.columns[0].options = []
        parent.indexes[0].statisticsTargets = [:]
        parent.statistics[0].target = nil
    }

    @Test("without a sibling: what the parent says, and nothing else")
    func parentAlone() {
        let expected = Self.parent.expectedOfPartition(like: nil)
        #expect(expected == Self.parent)
        #expect(Properties.rich.expectedOfPartition(like: nil).options == [])
    }

    @Test("who may do what, and what things mean, comes from the parent: a sibling's may have been changed on purpose")
    func fromParent() {
        let expected = Self.parent.expectedOfPartition(like: Self.sibling)
        #expect(expected.owner == "app")
        #expect(expected.grants == Self.parent.grants)
        #expect(expected.hasRowSecurity && expected.policies == Self.parent.policies)
        #expect(expected.comment == "events of one month")
        #expect(expected.columns[0].comment == "a note")
        #expect(expected.columns[0].storage == "x")
        #expect(expected.checks == Self.parent.checks)
    }

    @Test("storage comes from the newest sibling, since a partitioned table has none")
    func fromSibling() {
        let expected = Self.parent.expectedOfPartition(like: Self.sibling)
        #expect(expected.options == ["fillfactor=50"])
        #expect(expected.toastOptions == ["toast_tuple_target=128"])
        #expect(expected.tablespace == "slow")
        #expect(expected.accessMethod == "columnar")
        #expect(expected.isUnlogged)
        #expect(expected.replicaIdentity == .full)
        #expect(expected.columns[0].statisticsTarget == 7)
        #expect(expected.columns[0].options == ["n_distinct=3"])
        #expect(expected.indexes[0].statisticsTargets == [1: 7, 2: 8])
        #expect(expected.statistics[0].target == 7)
    }

    @Test("…unless the parent says otherwise")
    func parentWins() {
        let expected = Properties.rich.expectedOfPartition(like: Self.sibling)
        #expect(expected.tablespace == "fast")
        #expect(expected.accessMethod == "heap")
        #expect(expected.replicaIdentity == .index("events_pkey"))
        #expect(expected.columns[0].statisticsTarget == 500)
        #expect(expected.columns[0].options == ["n_distinct=-0.5"])
        #expect(expected.indexes[0].statisticsTargets == [1: 300, 2: 8])
        #expect(expected.statistics[0].target == 100)
    }

    @Test("a sibling's own index and statistics object are no model")
    func siblingsOwn() {
        let sibling = Self.sibling.changing { sibling in
            sibling.indexes[0].parentIndex = nil
            sibling.statistics[0].definition = "(mcv) ON a, b"
        }
        let expected = Self.parent.expectedOfPartition(like: sibling)
        #expect(expected.indexes == Self.parent.indexes)
        #expect(expected.statistics == Self.parent.statistics)
    }
}

extension RelationProperties.Index {
    /// An index that somebody gave to the partition alone.
    fileprivate static func extra(_ definition: String, constraint: String) -> Self {
        .init(
            parentIndex: nil,
            name: "mine",
            isValid: true,
            definition: definition,
            constraint: constraint,
            tablespace: nil,
            statisticsTargets: [:],
            comment: nil
        )
    }
}
