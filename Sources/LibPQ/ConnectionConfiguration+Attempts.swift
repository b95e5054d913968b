// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension ConnectionConfiguration {
    /// The settings of each connection attempt, in order: one host each.
    ///
    /// libpq goes through a host list by itself but can't give up a silent host without blocking, so each host gets an
    /// attempt, and a deadline, of its own. `prefer-standby` takes two rounds, as in libpq.
    package func attempts() -> [[String: String]] {
        var base = explicit
        base["application_name"] = applicationName
        // Rows are read as UTF-8; a PGCLIENTENCODING of something else must not garble names.
        base["client_encoding"] = "UTF8"
        base["connect_timeout"] = String(max(1, connectTimeout.components.seconds))
        let unlessSet = [
            "keepalives": "1",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "3",
            "tcp_user_timeout": String(tcpUserTimeout / .milliseconds(1)).prefix { $0 != "." }.description,
        ]
        for (keyword, value) in unlessSet where effective(keyword) == nil {
            base[keyword] = value
        }

        var places = singleHosts()
        if effective("load_balance_hosts") == "random" { places.shuffle() }
        let rounds =
            effective("target_session_attrs") == "prefer-standby"
            ? [["target_session_attrs": "standby"], ["target_session_attrs": "any"]]
            : [[:]]
        return rounds.flatMap { round in
            places.map { place in
                base.merging(place) { _, new in new }.merging(round) { _, new in new }
            }
        }
    }

    /// Host, address and port of each element of the lists. As in libpq: `hostaddr` counts if it is set; a single port is
    /// for all. Lists of different lengths are left to libpq, which says what is wrong with them.
    private func singleHosts() -> [[String: String]] {
        let lists = ["hostaddr", "host", "port"].compactMap { keyword in
            effective(keyword).map { value in
                (keyword, value.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
            }
        }
        let count = lists.first { keyword, _ in keyword != "port" }?.1.count ?? 1
        guard count > 1, lists.allSatisfy({ $1.count == count || $0 == "port" && $1.count == 1 }) else { return [[:]] }
        return (0..<count).map { index in
            Dictionary(uniqueKeysWithValues: lists.map { ($0, $1.count == 1 ? $1[0] : $1[index]) })
        }
    }
}
