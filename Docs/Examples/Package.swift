// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [.swiftLanguageMode(.v6), .strictMemorySafety()]

func example(_ name: String) -> Target {
  .executableTarget(name: name, dependencies: [.product(name: "Apus", package: "apus")], swiftSettings: swift)
}

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "apus", path: "../..", traits: [])],
  targets: [example("Chat"), example("Classify"), example("Search"), example("Together"), example("Tools")]
)
