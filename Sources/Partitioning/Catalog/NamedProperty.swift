// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Something within a relation that is found by its name.
package protocol NamedProperty {
    var name: String { get }
}

extension RelationProperties.Column: NamedProperty {}
extension RelationProperties.Policy: NamedProperty {}
extension RelationProperties.Check: NamedProperty {}

extension Sequence where Element: NamedProperty {
    /// The one with this name, byte by byte as PostgreSQL compares names: Swift takes composed and decomposed letters for the same text.
    package func named(_ name: String) -> Element? {
        first { $0.name.utf8.elementsEqual(name.utf8) }
    }
}

/// Properties to be found by their names, byte by byte. A table may have 1600 columns: looking through all of them for each takes minutes.
package struct NameIndex<Element: NamedProperty> {
    private var elements: [[UInt8]: Element] = [:]

    /// - Parameter elements: of which no two have one name, as within one relation.
    package init(_ elements: some Sequence<Element>) {
        for element in elements { self.elements[Array(element.name.utf8)] = element }
    }

    package func named(_ name: String) -> Element? { elements[Array(name.utf8)] }
}

extension Sequence<RelationProperties.Index> {
    /// The index that is, or belongs to, this index of the parent.
    package func child(of parentIndex: String) -> RelationProperties.Index? {
        first { $0.parentIndex?.utf8.elementsEqual(parentIndex.utf8) == true }
    }
}
