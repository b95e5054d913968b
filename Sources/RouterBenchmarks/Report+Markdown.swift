// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation

extension Report {
    /// docs/router-benchmarks.md.
    ///
    /// - Throws: as ``targets()``.
    func markdown() throws -> String {
        var lines = [
            "# What routing costs",
            "",
            "Written by `make bench-router`; not edited by hand. Times of lookups are nanoseconds of processor time each, on one thread or on each of",
            "two, the least disturbed of 25 rounds of 65,536 random keys; the ways that are compared take turns within a round.",
            "",
            "Measured on \(date): \(machine.processor), \(machine.cores) cores, \(machine.system), Swift \(machine.swift), Python \(python.version);",
            "load average before: \(machine.loadBefore).",
            "",
            "## Promises",
            "",
            "| promise | at most | measured | |",
            "|---|---|---|---|",
        ]
        for target in try targets() {
            lines.append(
                "| \(target.name) | \(number(target.limit, 1)) | \(number(target.measured, 2)) | \(target.isMet ? "met" : "**missed**") |"
            )
        }
        lines += [
            "", "## Lookups", "",
            "`lookup` is `Reader.index(for:)`: it includes the check for a new map and the one for a stale map. `and name` adds `Reader.name(of:)`. The",
            "bare search is a binary search over an `[Int64]` of the starts.",
            "",
            "| grid | partitions | threads | bare search | lookup | ratio | and name | ratio | allocations | and name |",
            "|---|---|---|---|---|---|---|---|---|---|",
        ]
        for result in lookups {
            let cells = [
                result.grid, grouped(result.partitions), "\(result.threads)", number(result.bareBinarySearch, 1),
                number(result.lookup, 1), number(result.lookup / result.bareBinarySearch, 2),
                number(result.lookupAndName, 1), number(result.lookupAndName / result.bareBinarySearch, 2),
                number(result.allocationsPerLookup, 0), number(result.allocationsPerName, 0),
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        lines += [
            "", "## Python", "",
            "The pattern's function reads two dates a partition until it finds the one; `bisect` searches dates that were read once. Daily partitions.",
            "",
            "| partitions | pattern's function | with bisect | our lookup and name, regular grid |",
            "|---|---|---|---|",
        ]
        for result in python.results {
            let ours = lookups.first {
                $0.partitions == result.partitions && $0.threads == 1 && $0.grid == Grid.Kind.regular.rawValue
            }
            let cells = [
                grouped(result.partitions), "\(number(result.patternsFunction, 0)) ns",
                "\(number(result.bisect, 0)) ns",
                ours.map { "\(number($0.lookupAndName, 1)) ns" } ?? "",
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        lines += [
            "", "## Reloading", "",
            "\(grouped(reload.partitions)) partitions, a document of \(number(Double(reload.documentBytes) / 1e6, 1)) MB: \(number(reload.readAndValidate, 0)) ms of processor time from its bytes to a",
            "validated document, \(number(reload.index, 0)) ms from there to what lookups search. Lookups go on meanwhile by the old map.",
            "",
            "## From a publish to the last of many routers",
            "",
            "Milliseconds from before the publish until every router of the process serves the new version (\(SwapBenchmark.partitions) partitions; medians), the publish",
            "included. The floor is what no router can be faster than: a bare message (PUBLISH, NOTIFY) and then the document's bytes, of which nothing is",
            "parsed. Routers of one client object share a reader.",
            "",
            "| store | routers | client objects | floor | all swapped | multiple |", "|---|---|---|---|---|---|",
        ]
        for swap in swaps {
            let cells = [
                swap.store, grouped(swap.routers), grouped(swap.clients), number(swap.floor, 2),
                number(swap.allRoutersSwapped, 2), number(swap.allRoutersSwapped / swap.floor, 1),
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        lines += [
            "",
            "\(grouped(feeds.feeds)) tables with a router each on one client of \(feeds.store), every table published to once: \(number(feeds.published, 0)) ms until the last publish is",
            "answered, \(number(feeds.served, 0)) ms until the last router serves its new version.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private func number(_ value: Double, _ digits: Int) -> String {
        grouped(String(format: "%.\(digits)f", value))
    }

    private func grouped(_ value: Int) -> String { grouped(String(value)) }

    /// 1234567.8 as 1,234,567.8.
    private func grouped(_ text: String) -> String {
        let whole = text.prefix { $0 != "." }
        var result = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return result + text.dropFirst(whole.count)
    }
}
