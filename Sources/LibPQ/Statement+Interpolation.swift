// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Statement: ExpressibleByStringInterpolation {
    package init(stringLiteral value: StaticString) {
        append(text: value.description)
    }

    package init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.statement
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        var statement = Statement()

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: StaticString) {
            statement.append(text: literal.description)
        }

        /// SQL that is known at compile time.
        package mutating func appendInterpolation(trusted sql: StaticString) {
            statement.append(text: sql.description)
        }

        /// Another statement, its binds renumbered.
        package mutating func appendInterpolation(fragment other: Statement) {
            statement.append(other)
        }

        /// A name, always quoted: `"Events"`. Names of more than 63 bytes are refused rather than cut by the server,
        /// which could make the statement hit another object.
        package mutating func appendInterpolation(identifier name: String) {
            statement.append(identifier: name)
        }

        /// A name in a schema: `"public"."Events"`.
        package mutating func appendInterpolation(qualified schema: String, _ name: String) {
            statement.append(identifier: schema)
            statement.append(text: ".")
            statement.append(identifier: name)
        }

        /// A string constant, safe whatever `standard_conforming_strings` says.
        package mutating func appendInterpolation(literal value: String) {
            statement.append(text: Statement.quotedLiteral(value))
        }

        package mutating func appendInterpolation(literal value: Int64) {
            statement.append(integer: value)
        }

        package mutating func appendInterpolation(literal value: Int) {
            statement.append(integer: Int64(value))
        }

        package mutating func appendInterpolation(literal value: Bool) {
            statement.append(text: value ? "true" : "false")
        }

        /// A value sent apart from the SQL, as a parameter. Not possible in DDL nor in ``Connection/script(_:deadline:)``.
        package mutating func appendInterpolation(bind value: String?) {
            statement.append(bind: value)
        }

        package mutating func appendInterpolation(bind value: Int64) {
            statement.append(bind: String(value))
        }

        package mutating func appendInterpolation(bind value: Int) {
            statement.append(bind: String(value))
        }

        package mutating func appendInterpolation(bind value: Bool) {
            statement.append(bind: value ? "true" : "false")
        }

        /// An array parameter: `= any(\(bind: names)::text[])`.
        package mutating func appendInterpolation(bind values: [String]) {
            statement.append(bind: ArrayText.format(values))
        }

        /// An array parameter: `= any(\(bind: oids)::bigint[])`.
        package mutating func appendInterpolation(bind values: [Int64]) {
            statement.append(bind: ArrayText.format(values.map { String($0) }))
        }
    }
}
