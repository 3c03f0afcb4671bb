// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Chat",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "apus", path: "../../..", traits: [])],
  targets: [
    .executableTarget(name: "Chat", dependencies: [.product(name: "Apus", package: "apus")])
  ]
)
