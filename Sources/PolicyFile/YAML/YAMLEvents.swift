// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

// libyaml itself, as Yams brings it: what Yams builds on top of it reports only the first of several duplicate keys, and
// where its twin stands; it hashes keys of any shape, which an alias bomb makes endless; and its recursion has no bound
// that a thread of the cooperative pool could stand.
import CYaml

/// One step of a YAML stream.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(name: String)
        case scalar(YAMLScalar)
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
    }

    let kind: Kind
    let position: SourcePosition
    var anchor: String?
    var hasTag = false
}

/// Why a text isn't YAML.
struct YAMLSyntaxError: Error {
    let message: String
    let position: SourcePosition
}

/// libyaml's event parser over bytes in memory.
final class YAMLEvents {
    // Allocated, not stored: libyaml keeps a pointer to the parser in the parser, and one to the input.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let bytes: [UInt8]

    /// - Parameter bytes: UTF-8.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        input = .allocate(capacity: max(bytes.count, 1))
        _ = input.update(fromContentsOf: bytes)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            // Only where memory is exhausted; `deinit` runs all the same, and deleting a zeroed parser is allowed.
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event; not to be called again after the end of the stream or an error.
    func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError }
        defer { yaml_event_delete(&event) }
        let position = SourcePosition(event.start_mark)
        switch event.type {
        case YAML_STREAM_START_EVENT: return YAMLEvent(kind: .streamStart, position: position)
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, position: position)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, position: position)
        case YAML_ALIAS_EVENT:
            return YAMLEvent(kind: .alias(name: text(event.data.alias.anchor) ?? ""), position: position)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let content = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return YAMLEvent(
                kind: .scalar(
                    YAMLScalar(
                        text: String(decoding: content, as: UTF8.self),
                        isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
                    )
                ),
                position: position,
                anchor: text(scalar.anchor),
                hasTag: scalar.tag != nil
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return YAMLEvent(
                kind: .sequenceStart,
                position: position,
                anchor: text(start.anchor),
                hasTag: start.tag != nil
            )
        case YAML_SEQUENCE_END_EVENT: return YAMLEvent(kind: .sequenceEnd, position: position)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return YAMLEvent(
                kind: .mappingStart,
                position: position,
                anchor: text(start.anchor),
                hasTag: start.tag != nil
            )
        case YAML_MAPPING_END_EVENT: return YAMLEvent(kind: .mappingEnd, position: position)
        default: return YAMLEvent(kind: .streamEnd, position: position)
        }
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    /// libyaml's words, which never quote the file.
    private var syntaxError: YAMLSyntaxError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it can't be read"
        // libyaml's own bound, which it can meet while it looks ahead.
        guard !problem.hasPrefix("Maximum nesting level") else {
            return YAMLSyntaxError(message: YAMLComposer.tooDeep, position: SourcePosition(parser.pointee.problem_mark))
        }
        guard parser.pointee.error != YAML_READER_ERROR else {
            let position = SourcePosition(offset: parser.pointee.problem_offset, in: bytes)
            return YAMLSyntaxError(message: "this is not YAML: \(problem)", position: position)
        }
        let position = SourcePosition(parser.pointee.problem_mark)
        var message = "this is not YAML: \(problem)"
        if let context = parser.pointee.context {
            message += " \(String(cString: context))"
            let start = SourcePosition(parser.pointee.context_mark)
            if start.line != position.line, parser.pointee.context_mark.line > 0 || start.column > 1 {
                message += ", which begins in line \(start.line)"
            }
        }
        return YAMLSyntaxError(message: message + hint(parser.pointee.problem_mark), position: position)
    }

    /// The mistakes that libyaml's words don't lead to.
    private func hint(_ mark: yaml_mark_t) -> String {
        // An index of libyaml counts Unicode scalars.
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        guard scalars.indices.contains(mark.index) else { return "" }
        if scalars[mark.index] == "\t" { return "; indent with spaces, not with tabs" }
        let lineBreaks: [Unicode.Scalar] = ["\n", "\r"]
        let start = scalars[..<mark.index].lastIndex(where: lineBreaks.contains).map { $0 + 1 } ?? 0
        let line = scalars[start...].prefix { !lineBreaks.contains($0) }
        return String(String.UnicodeScalarView(line)).contains("{table}") ? "; put a name pattern in quotes" : ""
    }
}

extension SourcePosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
