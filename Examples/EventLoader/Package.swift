// swift-tools-version: 6.2
import PackageDescription

// A package of its own, as an application would be: it names the libraries of partition-cli that it links, and nothing else of it.
let package = Package(
    name: "event-loader",
    dependencies: [
        .package(name: "partition-cli", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "EventLoader",
            dependencies: [
                .product(name: "PartitionLoading", package: "partition-cli"),
                .product(name: "PartitionMap", package: "partition-cli"),
                .product(name: "PartitionRouter", package: "partition-cli"),
                .product(name: "PartitionRegistryPostgres", package: "partition-cli"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
