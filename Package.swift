// swift-tools-version: 6.2
import PackageDescription

// The architecture, top to bottom: a module may use only modules above it.
// ARCHITECTURE.md says what each one is for.
let modules: [Target] =
  systemLibrary("CBrotli", pkgConfig: "libbrotlidec", apt: "libbrotli-dev")
  + systemLibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev")
  + systemLibrary("CPcap", pkgConfig: "libpcap", apt: "libpcap-dev")
  + systemLibrary("CSnappy", pkgConfig: "snappy", apt: "libsnappy-dev")
  + systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev")
  + systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev")
  + shim("CLinux")
  + versionText("CVersion")
  + shim("CRE2", links: "re2")
  + shim("CAEAD")
  + module(
    "Bytes", uses: "CLinux",
    settings: [.enableExperimentalFeature("Lifetimes"), .strictMemorySafety()])
  + module("JSON", uses: "Bytes")
  + module("Decompression", uses: "Bytes", "CBrotli", "CLZ4", "CSnappy", "CZlib", "CZstd")
  + module("Packets", uses: "Bytes", "CZlib", "CZstd")
  + module("PacketFilters", uses: "Packets", "Bytes", "CPcap")
  + module("Ring", uses: "PacketFilters", "Packets", "Bytes")
  + module(
    "Snapshots", uses: "Ring", "PacketFilters", "Packets", "JSON", "Bytes", products: [.crypto])
  + module("Capture", uses: "PacketFilters", "Packets", "Bytes", "CLinux", "CPcap")
  + module("Layers", uses: "Packets", "Bytes")
  + module("Flows", uses: "Layers", "Packets", "Bytes")
  + module("Entries", uses: "JSON", "Bytes")
  + module(
    "Dissectors",
    uses: "Flows", "Layers", "Packets", "Entries", "Decompression", "JSON", "Bytes", "CAEAD",
    products: [.crypto, .cryptoExtras], testProducts: [.nioCore, .nioHPACK])
  + module("Store", uses: "Entries", "Bytes", "CZstd", products: [.grdb])
  + module("KFL", uses: "Bytes", "CRE2")
  + module("Query", uses: "KFL", "Store", "Entries", "JSON", "Bytes")
  + module(
    "Pipeline",
    uses: "Packets", "Capture", "Layers", "Flows", "Dissectors", "Entries", "Store", "Ring",
    "Decompression", "JSON", "Bytes", "CLinux")
  + module("Shipping", uses: "Pipeline", "Store", "Ring", "JSON", "Bytes")
  + module("Identity", uses: "Entries", "JSON", "Bytes", products: [.yams])
  + module("ToolKit", uses: "JSON", "Bytes")
  + module(
    "ObjectStorage", uses: "ToolKit", "Ring", "Bytes",
    products: [.asyncHTTPClient, .crypto, .nioCore])
  + module(
    "Tools",
    uses: "ToolKit", "ObjectStorage", "Query", "Shipping", "Pipeline", "Snapshots", "Ring",
    "Capture",
    "Identity", "KFL", "Store", "Dissectors", "Entries", "Flows", "Layers", "Packets",
    "Decompression", "JSON", "Bytes",
    products: [.crypto])
  + module("MCP", uses: "ToolKit", "JSON", "Bytes", products: [.crypto, .logging])
  + module(
    "Hub", uses: "MCP", "ToolKit", "Tools", "Shipping", "Ring", "Decompression", "JSON", "Bytes",
    products: [
      .hummingbird, .hummingbirdCore, .hummingbirdTLS, .logging, .nioCore, .nioHTTP1, .nioSSL,
      .serviceLifecycle,
    ])
  + module(
    "HubClient", uses: "ToolKit", "JSON", "Bytes",
    products: [.asyncHTTPClient, .crypto, .nioCore, .nioPosix, .nioSSL])
  + module(
    "KubeAPI", uses: "HubClient", "Identity", "JSON", "Bytes",
    products: [.asyncHTTPClient, .nioCore, .nioSSL])
  + module(
    "NodeAgent",
    uses: "KubeAPI", "HubClient", "ToolKit", "Shipping", "Identity", "Pipeline", "Capture",
    "Snapshots", "Ring",
    "Store", "Packets",
    "Flows", "Dissectors", "Entries", "KFL", "JSON", "Bytes",
    products: [.asyncHTTPClient, .nioCore, .nioSSL])
  + module(
    "Cluster", uses: "HubClient", "ToolKit", "KFL", "JSON", "Bytes", "CLinux", "CZlib",
    testProducts: [.yams])
  + command(
    "kubeshark",
    uses: "MCP", "Cluster", "NodeAgent", "KubeAPI", "Shipping", "HubClient", "Hub", "Tools",
    "ToolKit", "ObjectStorage", "Snapshots",
    "Ring", "Capture", "Identity", "Pipeline", "Query", "KFL", "Store", "Entries", "Dissectors",
    "Flows", "Layers", "Packets", "JSON", "Bytes", "CVersion",
    products: [.argumentParser, .logging, .serviceLifecycle, .asyncHTTPClient, .yams])
  + example("mcp-fixture", path: "MCPFixture", uses: "Hub", "MCP", "ToolKit", "JSON")
  + benchmark(
    "kubeshark-bench",
    uses: "Shipping", "Pipeline", "Query", "KFL", "Store", "Entries", "Dissectors", "Flows",
    "Layers",
    "Packets", "JSON", "Bytes", products: [.argumentParser, .asyncHTTPClient, .nioCore])
  + fuzzing(
    uses: "MCP", "ToolKit", "Identity", "Shipping", "Query", "KFL", "Store", "Dissectors",
    "Entries", "Flows",
    "Layers", "Packets", "Decompression", "JSON", "Bytes", "CZlib", "CZstd",
    products: [.crypto, .cryptoExtras])

// Why each one is here: ARCHITECTURE.md, "Dependencies, with reasons".
extension Target.Dependency {
  static var argumentParser: Self {
    .product(name: "ArgumentParser", package: "swift-argument-parser")
  }
  static var asyncHTTPClient: Self {
    .product(name: "AsyncHTTPClient", package: "async-http-client")
  }
  static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
  static var cryptoExtras: Self { .product(name: "CryptoExtras", package: "swift-crypto") }
  static var grdb: Self { .product(name: "GRDB", package: "GRDB.swift") }
  static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
  static var hummingbirdCore: Self { .product(name: "HummingbirdCore", package: "hummingbird") }
  static var hummingbirdTLS: Self { .product(name: "HummingbirdTLS", package: "hummingbird") }
  static var logging: Self { .product(name: "Logging", package: "swift-log") }
  static var nioCore: Self { .product(name: "NIOCore", package: "swift-nio") }
  static var nioHPACK: Self { .product(name: "NIOHPACK", package: "swift-nio-http2") }
  static var nioHTTP1: Self { .product(name: "NIOHTTP1", package: "swift-nio") }
  static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
  static var nioSSL: Self { .product(name: "NIOSSL", package: "swift-nio-ssl") }
  static var serviceLifecycle: Self {
    .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
  }
  static var yams: Self { .product(name: "Yams", package: "Yams") }
}

let package = Package(
  name: "kubeshark",
  platforms: [.macOS(.v26)],
  products: [.executable(name: "kubeshark", targets: ["kubeshark"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Sources/CAEAD calls its BoringSSL by the names that this version has.
    .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.2")),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: modules,
  cxxLanguageStandard: .cxx17
)

/// What every Swift target of ours is compiled with.
nonisolated var house: [SwiftSetting] {
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
    // Tests run on the one release build, and some of them look inside a module.
    .unsafeFlags(["-enable-testing"]),
    // The data plane is many modules: what is small is compiled into its callers in others. That
    // nobody changes what another is reading is checked while debug builds run, here at compile
    // time only.
    .unsafeFlags(
      ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
      .when(configuration: .release)),
  ] + (isForFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : profile)
}

/// Whether the build is one for `make fuzz`: our modules count what they run through.
nonisolated var isForFuzzing: Bool { Context.environment["KUBESHARK_FUZZ"] != nil }

/// What runs often, for the compiler: a release build is told, and one for `Scripts/profile` counts it.
/// (The driver's own flags for it do not reach the compiler, and an older one cannot read the file.)
nonisolated var profile: [SwiftSetting] {
  let file = "\(Context.packageDirectory)/Scripts/kubeshark.profdata"
  let flag = isForCounting ? "-ir-profile-generate" : "-ir-profile-use=\(file)"
  #if compiler(>=6.3)
    return [.unsafeFlags(["-Xfrontend", flag], .when(configuration: .release))]
  #else
    return []
  #endif
}

/// Whether the build is one for `make profile`.
nonisolated var isForCounting: Bool { Context.environment["KUBESHARK_COUNTS"] != nil }

/// A library target in `Sources/NAME` and its tests in `Tests/NAMETests`.
func module(
  _ name: String, uses: String..., products: [Target.Dependency] = [],
  testProducts: [Target.Dependency] = [], settings: [SwiftSetting] = []
) -> [Target] {
  let uses = uses.map { Target.Dependency.target(name: $0) }
  return [
    .target(name: name, dependencies: uses + products, swiftSettings: house + settings),
    .testTarget(
      name: name + "Tests",
      dependencies: [.target(name: name), "TestSupport"] + uses + products
        + testProducts,
      swiftSettings: house),
  ]
}

/// The command in `Sources/NAME`; `Tests/NAMETests` speaks to the built binary from outside.
func command(_ name: String, uses: String..., products: [Target.Dependency]) -> [Target] {
  let uses = uses.map { Target.Dependency.target(name: $0) }
  return [
    .executableTarget(name: name, dependencies: uses + products, swiftSettings: house),
    .target(
      name: "TestSupport", dependencies: ["Bytes", "JSON"], path: "Tests/TestSupport",
      swiftSettings: house),
    .testTarget(
      name: name + "Tests",
      dependencies: [.target(name: name), "TestSupport", "JSON", "Bytes"], swiftSettings: house),
    .testTarget(name: "TidyTests", dependencies: ["TestSupport"], swiftSettings: house),
  ]
}

/// The measuring program in `Benchmarks`; it is in this package because modules are not public.
func benchmark(_ name: String, uses: String..., products: [Target.Dependency]) -> [Target] {
  let uses = uses.map { Target.Dependency.target(name: $0) }
  return [
    .executableTarget(
      name: name, dependencies: uses + products, path: "Benchmarks", exclude: ["budgets.json"],
      swiftSettings: house)
  ]
}

/// The entries for hostile bytes in `Fuzz/Targets`, their tests, and in builds for `make fuzz` the
/// program that libFuzzer drives.
func fuzzing(uses: String..., products: [Target.Dependency]) -> [Target] {
  let uses = uses.map { Target.Dependency.target(name: $0) }
  let targets = Target.target(
    name: "FuzzTargets", dependencies: uses + products, path: "Fuzz/Targets", swiftSettings: house)
  if !isForFuzzing {
    return [
      targets,
      .testTarget(
        name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"], swiftSettings: house),
    ]
  }
  return [
    targets,
    .executableTarget(
      name: "kubeshark-fuzz", dependencies: [.target(name: "FuzzTargets")] + uses,
      path: "Fuzz/Driver", swiftSettings: house,
      // The runtime of libFuzzer; other linkers stumble over its debug information.
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ]
}

/// A small program in `Examples/PATH` that shows how a module is used; the end-to-end tests run it.
func example(_ name: String, path: String, uses: String...) -> [Target] {
  [
    .executableTarget(
      name: name,
      dependencies: uses.map { Target.Dependency.target(name: $0) } + [.logging],
      path: "Examples/" + path, swiftSettings: house)
  ]
}

/// A C library of the system, named in `Sources/NAME/module.modulemap`.
func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> [Target] {
  [.systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])]
}

/// C functions of ours over the system, or over one of its C++ libraries, in `Sources/NAME`.
func shim(_ name: String, links library: String? = nil) -> [Target] {
  [.target(name: name, linkerSettings: library.map { [.linkedLibrary($0)] } ?? [])]
}

/// The version as C text, which `make` fills in: `KUBESHARK_VERSION` in the environment, by
/// `Scripts/version`. Nothing but its one file is compiled anew when it changes.
func versionText(_ name: String) -> [Target] {
  let version = Context.environment["KUBESHARK_VERSION"].flatMap { $0.isEmpty ? nil : $0 }
  return [
    .target(
      name: name,
      cSettings: version.map { [.define("KUBESHARK_VERSION", to: "\"\($0)\"")] } ?? [])
  ]
}
