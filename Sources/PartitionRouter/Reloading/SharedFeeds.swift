// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Synchronization

/// The process's feeds: routers of one registry object and one table share a feed, so one map and one reader of it.
enum SharedFeeds {
    private struct Key: Hashable {
        let registry: ObjectIdentifier
        let entity: EntityName
    }

    private struct Weak<Object: AnyObject> {
        weak var object: Object?
    }

    private struct Table {
        var feeds: [Key: Weak<MapFeed>] = [:]
        var listening: [ObjectIdentifier: Weak<Turn>] = [:]
    }

    private static let table = Mutex(Table())

    /// A registry that isn't an object has no identity: its routers share nothing but the decoded map.
    static func feed(_ entity: EntityName, _ registry: any Registry) -> MapFeed {
        guard type(of: registry) as Any.Type is AnyObject.Type else {
            return MapFeed(entity: entity, registry: registry, listening: Turn())
        }
        // A feed holds its registry, so while there is one, the identifier isn't another object's.
        let identifier = ObjectIdentifier(registry as AnyObject)
        return table.withLock { table in
            let key = Key(registry: identifier, entity: entity)
            if let feed = table.feeds[key]?.object { return feed }
            let listening = table.listening[identifier]?.object ?? Turn()
            let feed = MapFeed(entity: entity, registry: registry, listening: listening)
            table.feeds = table.feeds.filter { $0.value.object != nil }
            table.listening = table.listening.filter { $0.value.object != nil }
            table.feeds[key] = Weak(object: feed)
            table.listening[identifier] = Weak(object: listening)
            return feed
        }
    }
}
