// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Provisioning
import Synchronization

/// One line on a terminal's standard error that says what is going on, and is written over again and again.
final class ProgressLine: Sendable {
    private struct State {
        var view = RunProgressView()
        /// What stands there; nil for nothing.
        var shown: String?
        var paintedAt: ContinuousClock.Instant?
    }

    /// People see no more than that, and slow lines carry no more.
    private static let frame: Duration = .milliseconds(50)

    private let stream: Standard
    private let environment: [String: String]
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// - Parameter environment: says how the line may look, see ``Rendition``.
    init(_ stream: Standard, environment: [String: String]) {
        self.stream = stream
        self.environment = environment
    }

    private var time: Double { (ContinuousClock.now - start) / .seconds(1) }

    func say(_ text: String) {
        state.withLock { state in
            state.view.say(text)
            paint(&state)
        }
    }

    func note(_ event: RunEvent) {
        state.withLock { state in
            state.view.note(event, at: time)
            guard state.paintedAt.map({ ContinuousClock.now - $0 >= Self.frame }) ?? true else { return }
            paint(&state)
        }
    }

    func note(_ build: IndexBuild?) {
        state.withLock { $0.view.note(build, at: time) }
    }

    /// The table on which an index has been being built for a while.
    var indexedTable: UInt32? { state.withLock { $0.view.indexedTable(at: time) } }

    /// Lets times go on where nothing happens.
    func repaint() {
        state.withLock { state in
            // Not into what was written since.
            if state.shown != nil { paint(&state) }
        }
    }

    func clear() {
        state.withLock { erase(&$0) }
    }

    /// Writes whole lines where the progress stands, and the progress anew below them. Nothing is painted in between.
    func write(lines: String) {
        state.withLock { state in
            let wasShown = state.shown != nil
            erase(&state)
            stream.write(lines)
            if wasShown { paint(&state) }
        }
    }

    private func erase(_ state: inout State) {
        guard state.shown != nil else { return }
        state.shown = nil
        state.paintedAt = nil
        stream.write("\r\u{1B}[K")
    }

    /// The width is asked for each time: windows are resized.
    private func paint(_ state: inout State) {
        let text = state.view.text(at: time, Rendition(columns: stream.columns, environment: environment))
        state.paintedAt = .now
        guard text != state.shown else { return }
        state.shown = text
        stream.write("\r\u{1B}[K" + text)
    }
}
