// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What is to happen, by time; of one time, in the order in which it was planned.
struct EventQueue<Event> {
    private struct Planned {
        let at: Int64
        let number: UInt64
        let event: Event

        func precedes(_ other: Planned) -> Bool { (at, number) < (other.at, other.number) }
    }

    /// A binary heap.
    private var heap: [Planned] = []
    private var planned: UInt64 = 0

    mutating func plan(_ event: Event, at time: Int64) {
        planned += 1
        heap.append(Planned(at: time, number: planned, event: event))
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (at: Int64, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < heap.count }
                guard let least = children.min(by: { heap[$0].precedes(heap[$1]) }), heap[least].precedes(heap[parent])
                else { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (first.at, first.event)
    }
}
