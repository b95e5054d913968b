// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "partition-cli",
    products: [
        .executable(name: "partition-cli", targets: ["partition-cli"]),
        .library(name: "PartitionMap", targets: ["PartitionMap"]),
        .library(name: "PartitionRouter", targets: ["PartitionRouter"]),
        .library(name: "PartitionLoading", targets: ["PartitionLoading"]),
        .library(name: "PartitionRegistryHTTP", targets: ["PartitionRegistryHTTP"]),
        .library(name: "PartitionRegistryPostgres", targets: ["PartitionRegistryPostgres"]),
        .library(name: "PartitionRegistryRedis", targets: ["PartitionRegistryRedis"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        // Of the benchmarks alone.
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // libpq through pkg-config, with a C header for what Swift can't import.
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "LibPQ", dependencies: ["CLibPQ", .product(name: "Logging", package: "swift-log")]),

        // The pure half: values and functions, no I/O, no clock, no Foundation.
        .target(name: "Partitioning"),
        // The grammar of partitions.yaml, on libyaml's events.
        .target(name: "PolicyFile", dependencies: ["Partitioning", .product(name: "Yams", package: "Yams")]),
        .target(name: "PartitionMap", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),

        .target(
            name: "PartitionRouter",
            dependencies: [
                "PartitionMap", .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ]
        ),
        // COPY into the partitions that a router found.
        .target(
            name: "PartitionLoading",
            dependencies: ["PartitionRouter", "LibPQ", .product(name: "Logging", package: "swift-log")]
        ),
        .target(
            name: "PartitionRegistryPostgres",
            dependencies: ["PartitionMap", "PartitionRouter", "LibPQ", .product(name: "Logging", package: "swift-log")]
        ),
        // What drivers that speak over a network of their own share: TLS, secrets in files, words for what broke.
        .target(
            name: "RegistryNetwork",
            dependencies: [
                "PartitionRouter",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // etcd and Consul.
        .target(
            name: "PartitionRegistryHTTP",
            dependencies: [
                "PartitionMap", "PartitionRouter", "RegistryNetwork",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        .target(
            name: "PartitionRegistryRedis",
            dependencies: [
                "PartitionMap", "PartitionRouter", "RegistryNetwork",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),

        .target(
            name: "Provisioning",
            dependencies: [
                "LibPQ", "Partitioning", "PartitionMap", "PartitionRouter",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // What a run tells other programs: metrics in a file or pushed, alerts. It knows nothing of PostgreSQL.
        .target(
            name: "Telemetry",
            dependencies: [
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // A PostgreSQL cluster of our own in a temporary directory: for `demo` and for the tests.
        .target(name: "LocalPostgres"),
        .executableTarget(
            name: "partition-cli",
            dependencies: [
                "LibPQ", "LocalPostgres", "Partitioning", "PartitionMap", "PartitionRouter",
                "PartitionRegistryHTTP", "PartitionRegistryPostgres", "PartitionRegistryRedis", "PolicyFile",
                "Provisioning", "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // What a lookup costs: `make bench-router`. The C target counts allocations in this executable alone.
        .target(name: "CAllocationCounter"),
        .executableTarget(
            name: "RouterBenchmarks",
            dependencies: [
                "CAllocationCounter", "LibPQ", "LocalPostgres", "PartitionMap", "PartitionRouter",
                "PartitionRegistryPostgres", "PartitionRegistryRedis",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // The benchmarks: what is measured, counted and drawn as values; and who measures, with servers, behind `make bench`.
        .target(
            name: "BenchmarkReport",
            dependencies: [.product(name: "Histogram", package: "hdrhistogram-swift")]
        ),
        .executableTarget(
            name: "PartitionBenchmarks",
            dependencies: [
                "BenchmarkReport", "LibPQ", "LocalPostgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // What is random in tests is the same in every run.
        .target(name: "SeededRandom", path: "Tests/SeededRandom"),
        .target(
            name: "TestSupport",
            dependencies: [
                "LibPQ", "LocalPostgres", "PartitionMap", "PartitionRouter",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/TestSupport"
        ),
        .testTarget(
            name: "LibPQTests",
            dependencies: ["LibPQ", "LocalPostgres", "TestSupport", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(name: "PartitioningTests", dependencies: ["Partitioning", "SeededRandom"]),
        .testTarget(name: "BenchmarkTests", dependencies: ["BenchmarkReport"]),
        .testTarget(name: "PolicyFileTests", dependencies: ["PolicyFile", "Partitioning", "SeededRandom"]),
        .testTarget(name: "PartitionMapTests", dependencies: ["PartitionMap", "SeededRandom"]),
        .testTarget(
            name: "RouterTests",
            dependencies: [
                "PartitionMap", "PartitionRouter",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ]
        ),
        // A process that looks keys up and loads rows, for the tests with real processes.
        .executableTarget(
            name: "RouterProbe",
            dependencies: [
                "PartitionLoading", "PartitionMap", "PartitionRegistryHTTP", "PartitionRegistryRedis",
                "PartitionRouter",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/RouterProbe"
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "PartitionMap", "PartitionRouter", "TestSupport", .product(name: "Logging", package: "swift-log"),
                "LibPQ", "PartitionRegistryHTTP", "PartitionRegistryRedis", "RouterProbe",
            ]
        ),
        .testTarget(
            name: "PartitionLoadingTests",
            dependencies: ["PartitionLoading", "PartitionMap", "PartitionRouter", "LibPQ", "TestSupport"]
        ),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "PartitionMap", "PartitionRouter", "PartitionRegistryHTTP", "PartitionRegistryPostgres",
                "PartitionRegistryRedis", "TestSupport", "LibPQ", "LocalPostgres",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "ProvisioningTests",
            dependencies: [
                "Provisioning", "Partitioning", "PartitionMap", "PartitionRegistryPostgres", "PartitionRouter", "LibPQ",
                "LocalPostgres", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "Telemetry", "TestSupport",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "partition-cli", "LibPQ", "LocalPostgres", "PartitionMap", "PartitionRegistryHTTP", "PartitionRouter",
                "Partitioning", "PolicyFile", "Provisioning", "Telemetry", "SeededRandom", "TestSupport",
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            // `any P` is spelled out, so that the cost of an existential is seen where it is paid.
            .enableUpcomingFeature("ExistentialAny"),
            // A file imports what it uses; a transitive import can't hide a layering mistake.
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            // An async function stays on its caller's executor unless it says otherwise.
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
