// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// All patterns that turn one lower bound into one name.
///
/// The name's runs of digits are read as tokens that render to exactly these digits, in every possible way, or left as
/// they are.
struct NamePatternSearch {
    private typealias Part = NamePattern.Part
    private typealias Token = NamePattern.Token

    private let table: String
    private let name: [UInt8]
    private let lower: CivilDateTime
    private let rendered: [(token: Token, bytes: [UInt8])]
    private var found: [(pattern: NamePattern, cost: Int)] = []
    /// Names may be made to look like many dates at once; the search ends after this many steps.
    private var stepsLeft = 20_000

    init(table: String, name: String, lower: CivilDateTime) {
        self.table = table
        self.name = Array(name.utf8)
        self.lower = lower
        rendered = Token.allCases.filter { $0 != .table }.map { ($0, Array($0.rendered(lower).utf8)) }
    }

    /// Patterns and how unnatural they are, the most natural first.
    mutating func candidates() -> [(pattern: NamePattern, cost: Int)] {
        guard (1...IdentifierName.maximumBytes).contains(name.count) else { return [] }
        if let place = placeOfTable {
            extend([], from: 0, table: place)
        }
        extend([], from: 0, table: nil)
        return found.sorted { $0.cost < $1.cost }
    }

    private var placeOfTable: Range<Int>? {
        let table = Array(table.utf8)
        guard !table.isEmpty, table.count <= name.count else { return nil }
        let start = (0...name.count - table.count).first { name[$0...].starts(with: table) }
        return start.map { $0..<$0 + table.count }
    }

    /// Continues `parts`, which stand for the name up to `position`, in every way there is.
    private mutating func extend(_ parts: [Part], from position: Int, table: Range<Int>?) {
        guard stepsLeft > 0 else { return }
        stepsLeft -= 1
        guard position < name.count else { return finish(parts) }
        if let table, position == table.lowerBound {
            return extend(parts + [.token(.table)], from: table.upperBound, table: nil)
        }
        let limit = table?.lowerBound ?? name.count
        guard ByteScanner.isDigit(name[position]) else {
            let end = name[position..<limit].firstIndex(where: ByteScanner.isDigit) ?? limit
            return extend(parts + [text(position..<end)], from: end, table: table)
        }
        let end = name[position..<limit].firstIndex { !ByteScanner.isDigit($0) } ?? limit
        readRun(parts, position..<end, table: table)
        extend(parts + [text(position..<end)], from: end, table: table)
    }

    /// Reads a run of digits as tokens only, one after the other without a rest.
    private mutating func readRun(_ parts: [Part], _ run: Range<Int>, table: Range<Int>?) {
        guard stepsLeft > 0 else { return }
        stepsLeft -= 1
        for (token, bytes) in rendered
        where bytes.count <= run.count && name[run].starts(with: bytes) && !parts.contains(.token(token)) {
            let rest = run.lowerBound + bytes.count..<run.upperBound
            if rest.isEmpty {
                extend(parts + [.token(token)], from: run.upperBound, table: table)
            } else {
                readRun(parts + [.token(token)], rest, table: table)
            }
        }
    }

    private func text(_ range: Range<Int>) -> Part {
        // Cuts are made beside digits and the table's name only, so never inside a character.
        .text(String(decoding: name[range], as: UTF8.self))
    }

    private mutating func finish(_ parts: [Part]) {
        guard parts.contains(where: { if case .token(let token) = $0 { token != .table } else { false } }) else {
            return
        }
        let merged = Self.merged(parts)
        add(merged, cost: cost(of: parts))
        // A table's name that is too long is in the name with a hash for its end. Perhaps that is what the text in
        // front is.
        guard placeOfTable == nil, case .text(let front) = merged[0] else { return }
        for tail in 0...4 where tail < front.utf8.count {
            guard let end = String(validating: Array(front.utf8).suffix(tail), as: UTF8.self) else { continue }
            let rest = merged.dropFirst()
            let parts = [.token(.table)] + (end.isEmpty ? [] : [.text(end)]) + rest
            guard let pattern = try? NamePattern(parts: parts),
                pattern.name(table: table, lower: lower).utf8.elementsEqual(name)
            else { continue }
            found.append((pattern, cost(of: parts)))
        }
    }

    private mutating func add(_ parts: [Part], cost: Int) {
        // Too long a pattern isn't one.
        guard let pattern = try? NamePattern(parts: parts) else { return }
        found.append((pattern, cost))
    }

    private static func merged(_ parts: [Part]) -> [Part] {
        parts.reduce(into: []) { merged, part in
            if case .text(let text) = part, case .text(let before)? = merged.last {
                merged[merged.count - 1] = .text(before + text)
            } else {
                merged.append(part)
            }
        }
    }

    /// Zero for `{table}_{yyyy}_{mm}`; more for everything that is less likely to be what was meant.
    private func cost(of parts: [Part]) -> Int {
        var cost = 0
        let tokens = parts.compactMap { if case .token(let token) = $0 { token } else { nil } }
        let present = Set(tokens)
        func needs(_ token: Token, oneOf needed: Token...) {
            if present.contains(token), present.isDisjoint(with: needed) { cost += 8 }
        }
        func repeats(_ token: Token, _ other: Token...) {
            if present.contains(token), !present.isDisjoint(with: other) { cost += 8 }
        }
        repeats(.yyyy, .yy, .iyyy)
        repeats(.yy, .iyyy)
        repeats(.mm, .q, .ddd, .iw)
        repeats(.ddd, .q, .iw)
        repeats(.q, .iw)
        needs(.q, oneOf: .yyyy, .yy)
        needs(.mm, oneOf: .yyyy, .yy)
        needs(.ddd, oneOf: .yyyy, .yy)
        needs(.dd, oneOf: .mm)
        needs(.iw, oneOf: .iyyy)
        needs(.iyyy, oneOf: .iw)
        needs(.hh, oneOf: .dd, .ddd)
        needs(.mi, oneOf: .hh)
        needs(.ss, oneOf: .mi)

        if tokens.first != .table { cost += present.contains(.table) ? 1 : 3 }
        if present.contains(.unix) { cost += 3 }
        if present.contains(.yy) { cost += 2 }
        if present.contains(.ddd) { cost += 2 }
        for (place, part) in parts.enumerated() {
            let before = place > 0 ? parts[place - 1] : nil
            switch part {
            case .text(let text) where text.utf8.contains(where: ByteScanner.isDigit): cost += 5
            case .token(.iw) where !Self.ends(before, with: "w"): cost += 3
            case .token(.q) where !Self.ends(before, with: "q"): cost += 3
            default: break
            }
        }
        // One for each pair that isn't in the order from long to short, which is the order of the cases.
        let order = tokens.compactMap { Token.allCases.firstIndex(of: $0) }.filter { $0 > 0 }
        for (place, first) in order.enumerated() {
            cost += order[(place + 1)...].count { $0 < first }
        }
        return cost
    }

    private static func ends(_ part: Part?, with letter: Character) -> Bool {
        guard case .text(let text)? = part else { return false }
        return text.last?.lowercased() == letter.lowercased()
    }
}
