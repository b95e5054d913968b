// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Builds the tree of a file that may be hostile: size, depth and the work that aliases make are bounded.
struct YAMLComposer {
    static let maximumBytes = 1 << 20
    static let maximumDepth = 16
    static let maximumNodes = 100_000

    static let tooDeep = "values lie more than \(maximumDepth) levels deep here, deeper than any of a policy file"

    /// The file's one document, or nil where there is none, and everything that is wrong with the file as YAML.
    static func compose(_ bytes: [UInt8]) -> (root: YAMLNode?, problems: [PolicyProblem]) {
        func refusal(_ message: String, at offset: Int = 0) -> (YAMLNode?, [PolicyProblem]) {
            (nil, [PolicyProblem(SourcePosition(offset: offset, in: bytes), message)])
        }
        guard bytes.count <= maximumBytes else {
            return refusal("the file is larger than \(maximumBytes / 1024) KiB: this is no policy file")
        }
        if let offset = firstInvalidByte(of: bytes) {
            return refusal("the file isn't UTF-8 text: there is a byte here that UTF-8 doesn't have", at: offset)
        }
        // A byte order mark is no part of the text, and would move every column of the first line.
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        guard let events = YAMLEvents(text) else { return refusal("there is no memory to read the file") }
        var composer = YAMLComposer(events: events)
        do {
            return (try composer.document(), composer.problems)
        } catch {
            return (nil, composer.problems + [PolicyProblem(error.position, error.message)])
        }
    }

    private let events: YAMLEvents
    private var anchors: [String: YAMLNode] = [:]
    private var nodes = 0
    private var problems: [PolicyProblem] = []

    private init(events: YAMLEvents) {
        self.events = events
    }

    private mutating func document() throws(YAMLSyntaxError) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamStart, .documentEnd: continue
            case .documentStart where root == nil: root = try node(try events.next(), depth: 1)
            case .documentStart:
                throw YAMLSyntaxError(
                    message: "a second document begins here: a policy file has one",
                    position: event.position
                )
            default: return root
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLSyntaxError) -> YAMLNode {
        guard depth <= Self.maximumDepth else {
            throw YAMLSyntaxError(message: Self.tooDeep, position: event.position)
        }
        if event.hasTag {
            problems.append(PolicyProblem(event.position, "a policy file has no tags (words that begin with \"!\")"))
        }
        let node: YAMLNode
        switch event.kind {
        case .alias(let name):
            guard let target = anchors[name] else {
                throw YAMLSyntaxError(
                    message: "this alias names no anchor that stands before it",
                    position: event.position
                )
            }
            try count(target.size, event.position)
            return target
        case .sequenceStart: node = try sequence(event, depth: depth)
        case .mappingStart: node = try mapping(event, depth: depth)
        case .scalar(let scalar):
            try count(1, event.position)
            node = YAMLNode(content: .scalar(scalar), position: event.position, size: 1)
        default:
            throw YAMLSyntaxError(message: "this is not YAML: a value is missing", position: event.position)
        }
        if let name = event.anchor { anchors[name] = node }
        return node
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(YAMLSyntaxError) -> YAMLNode {
        try count(1, start.position)
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            elements.append(try node(event, depth: depth + 1))
        }
        let size = elements.reduce(1) { $0 + $1.size }
        return YAMLNode(content: .sequence(elements), position: start.position, size: size)
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(YAMLSyntaxError) -> YAMLNode {
        try count(1, start.position)
        var entries: [YAMLEntry] = []
        // By bytes: Swift takes two spellings of "é" for the same text, and PostgreSQL doesn't.
        var lines: [[UInt8]: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try node(event, depth: depth + 1)
            let value = try node(try events.next(), depth: depth + 1)
            guard case .scalar(let scalar) = key.content else {
                throw YAMLSyntaxError(
                    message: "a key must be a word, not a list or a mapping",
                    position: event.position
                )
            }
            if let line = lines[Array(scalar.text.utf8)] {
                problems.append(
                    PolicyProblem(
                        event.position,
                        "the key \(Quoted(scalar.text)) is here a second time; the first one is in line \(line)"
                    )
                )
                continue
            }
            lines[Array(scalar.text.utf8)] = event.position.line
            entries.append(YAMLEntry(key: scalar.text, position: event.position, value: value))
        }
        let size = entries.reduce(1) { $0 + 1 + $1.value.size }
        return YAMLNode(content: .mapping(entries), position: start.position, size: size)
    }

    private mutating func count(_ added: Int, _ position: SourcePosition) throws(YAMLSyntaxError) {
        nodes += added
        guard nodes <= Self.maximumNodes else {
            throw YAMLSyntaxError(
                message: "the file has more than \(Self.maximumNodes) values, aliases counted: this is no policy file",
                position: position
            )
        }
    }

    private static func firstInvalidByte(of bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}
