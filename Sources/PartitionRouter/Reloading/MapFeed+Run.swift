// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap

extension MapFeed {
    /// Keeps the map current until the task is cancelled, or waits while another task does.
    func run(_ reporter: FeedReporter) async {
        await turn.whenMine { await drive(reporter) }
    }

    private func drive(_ reporter: FeedReporter) async {
        let (inputs, inbox) = AsyncStream.makeStream(of: ReloadInput.self)
        // Before listening begins, so that no hint of it is missed.
        let hints = await registry.changes(entity)
        await withDiscardingTaskGroup { group in
            group.addTask { [listening, registry] in await listening.whenMine { await registry.run() } }
            group.addTask {
                for await _ in hints { inbox.yield(.hinted) }
            }
            group.addTask {
                while (try? await Task.sleep(for: .seconds(1))) != nil { inbox.yield(.ticked) }
            }
            inbox.yield(.started)
            // Ends when the task is cancelled.
            for await input in inputs {
                if case .failed(let error) = input { reporter.count(error) }
                for action in handle(input) {
                    switch action {
                    case .readHeader: group.addTask { inbox.yield(await self.readHeader()) }
                    case .readDocument(let identity, let sentAt):
                        group.addTask { inbox.yield(await self.readMap(identity, headerSentAt: sentAt)) }
                    case .take: reporter.took(current)
                    case .renew: reporter.confirmed()
                    case .report(let report): reporter.report(report, current)
                    }
                }
                reporter.record(age: age(at: .now()))
            }
            group.cancelAll()
        }
    }

    private func readHeader() async -> ReloadInput {
        let sentAt = MonotonicTime.now()
        do throws(RegistryError) {
            return .header(try await registry.header(entity), sentAt: sentAt)
        } catch {
            return .failed(error)
        }
    }

    /// The document behind a header that was read by a read sent then.
    private func readMap(_ identity: MapIdentity, headerSentAt: MonotonicTime) async -> ReloadInput {
        if let known = known(identity) { return .map(known, sentAt: headerSentAt) }
        let sentAt = MonotonicTime.now()
        do throws(RegistryError) {
            guard let map = try await registry.load(entity) else { return .map(nil, sentAt: sentAt) }
            guard map.document.table == entity else {
                throw RegistryError(.corrupt, "the published document is another table's")
            }
            return .map(PublishedSnapshot(header: map.header, snapshot: .of(map.document)), sentAt: sentAt)
        } catch {
            return .failed(error)
        }
    }
}
