// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter
import ServiceLifecycle

struct RouterService: Service {
    let router: Router

    func run() async {
        await cancelWhenGracefulShutdown { await router.run() }
    }
}
