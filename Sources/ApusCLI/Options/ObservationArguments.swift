internal import ApusServer
internal import ArgumentParser

/// What operators want to know of a running server.
struct ObservationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What an hour of this machine costs, such as 0.17: /admin/usage and /metrics tell what a million tokens cost.",
      valueName: "dollars"))
  var instancePrice: Double?
  @Option(
    help: ArgumentHelp(
      "How long a step may take before /health says that the engine makes no progress.", valueName: "seconds"))
  var stallTimeout = 60

  func validate() throws {
    if let instancePrice, !(0...1_000_000).contains(instancePrice) {
      throw ValidationError("--instance-price must be 0 to 1000000 dollars, not \(instancePrice)")
    }
    guard (1...86_400).contains(stallTimeout) else {
      throw ValidationError("--stall-timeout must be 1 to 86400, not \(stallTimeout)")
    }
  }

  func apply(to configuration: inout ServerConfiguration) {
    configuration.instancePrice = instancePrice
    configuration.timeouts.engineStall = .seconds(stallTimeout)
  }
}
