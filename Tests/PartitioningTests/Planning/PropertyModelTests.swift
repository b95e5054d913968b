// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("The model of new partitions")
struct PropertyModelTests {
    private static let parent: RelationProperties = {
        var parent = RelationProperties.rich
        parent.options = []
        parent.toastOptions = []
        parent.tablespace = nil
        parent.accessMethod = nil
        parent.replicaIdentity = .primaryKey
        parent.columns[0].statisticsTarget = nil
        parent.columns[0].options = []
        return parent
    }()

    private static func sibling(_ change: (inout RelationProperties) -> Void = { _ in }) -> RelationProperties {
        var sibling = parent
        change(&sibling)
        return sibling
    }

    private static func model(_ siblings: RelationProperties...) -> RelationProperties {
        parent.expectedOfPartition(likeMostOf: siblings)
    }

    @Test("one odd partition is none, the newest or not")
    func odd() {
        let odd = Self.sibling {
            $0.isUnlogged = true
            $0.options = ["autovacuum_enabled=off"]
            $0.tablespace = "slow"
            $0.replicaIdentity = .full
            $0.columns[0].statisticsTarget = 1
        }
        let usual = Self.model(Self.sibling())
        #expect(Self.model(odd, Self.sibling(), Self.sibling()) == usual)
        #expect(Self.model(Self.sibling(), odd, Self.sibling()) == usual)
    }

    @Test("each property is judged by itself: two that are odd in different ways are both odd")
    func apart() {
        let first = Self.sibling { $0.options = ["fillfactor=50"] }
        let second = Self.sibling { $0.replicaIdentity = .full }
        #expect(Self.model(first, second, Self.sibling()) == Self.model(Self.sibling()))
    }

    @Test("of two values that are as frequent the newer counts, but nothing is UNLOGGED because half of them are")
    func tie() {
        let newer = Self.sibling {
            $0.options = ["fillfactor=50"]
            $0.isUnlogged = true
        }
        let model = Self.model(newer, Self.sibling())
        #expect(model.options == ["fillfactor=50"])
        #expect(!model.isUnlogged)
        #expect(Self.model(newer).isUnlogged)
        #expect(Self.model(newer, newer, Self.sibling()).isUnlogged)
    }

    @Test("without a sibling it is the parent's, and what the parent says counts whatever siblings have")
    func parent() {
        #expect(Self.model() == Self.parent.expectedOfPartition(like: nil))
        var placed = Self.parent
        placed.tablespace = "fast"
        let elsewhere = Self.sibling { $0.tablespace = "slow" }
        #expect(placed.expectedOfPartition(likeMostOf: [elsewhere, elsewhere]).tablespace == "fast")
    }
}
