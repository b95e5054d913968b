// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter
import Testing

@Suite("What becomes of a lookup")
struct VerdictTests {
    private static let freshnesses: [Freshness] = [
        .fresh, .stale(isPromiseValid: true), .stale(isPromiseValid: false),
    ]

    /// All combinations, held against the rules said in another way.
    @Test("follows from state, freshness and options alone", arguments: [OnMiss.throw, .parent, .default])
    func all(onMiss: OnMiss) throws {
        // Day 0: draining; 1 and 2: active, 2 is promised; then the default partition.
        let document = try daily(draining: [0], keep: .init(from: .date(day(2)), until: 5_000), [fallback])
        let slots = PartitionLookup(document)
        for number in [0, 1, 2, 3, nil] as [Int?] {
            let slot = number.map { number in
                number == 3 ? slots.fallback : slots.slot(forCoordinate: day(Int64(number)))
            }
            try #require(slot?.index == number)
            for freshness in Self.freshnesses {
                for whenStale in [WhenStale.serveStable, .serveAll, .refuse] {
                    let found = RoutingVerdict(slot ?? .none, of: document, freshness, whenStale, onMiss)
                    let (isFresh, isAll) = (freshness == .fresh, whenStale == .serveAll)
                    let isKept = number == 2 && whenStale == .serveStable && freshness == .stale(isPromiseValid: true)
                    let expected: RoutingVerdict
                    switch number {
                    case 0: expected = .init(missing: .draining, onMiss)
                    case 3? where onMiss == .default && (isFresh || isAll):
                        expected = .serveCounted(3, isFresh ? .uncovered : .servedStale)
                    case nil, 3: expected = .init(missing: isFresh ? .uncovered : .stale, onMiss)
                    case let number? where isFresh: expected = .serve(number)
                    case let number? where isAll || isKept: expected = .serveCounted(number, .servedStale)
                    default: expected = .init(missing: .stale, onMiss)
                    }
                    let name = "\(String(describing: number)) \(freshness) \(whenStale)"
                    #expect(found == expected, "\(name)")
                }
            }
        }
    }
}
