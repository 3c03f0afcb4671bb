internal import ApusServer
internal import ArgumentParser

/// What every address may ask a server for.
struct AddressArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("Requests that one address may send in a minute; by default no limit.", valueName: "n"))
  var addressRequestsPerMinute: Int?
  @Option(
    help: ArgumentHelp(
      "Tokens of prompts and completions that one address may use in a minute; by default no limit.", valueName: "n"))
  var addressTokensPerMinute: Int?
  @Option(
    help: ArgumentHelp("Requests of one address at the same time; by default no limit.", valueName: "n"))
  var addressConcurrent: Int?

  func validate() throws {
    let limits = [
      ("--address-requests-per-minute", addressRequestsPerMinute, 1_000_000),
      ("--address-tokens-per-minute", addressTokensPerMinute, 1_000_000_000),
      ("--address-concurrent", addressConcurrent, 10_000),
    ]
    for (name, value, limit) in limits {
      if let value, !(1...limit).contains(value) {
        throw ValidationError("\(name) must be 1 to \(limit), not \(value)")
      }
    }
  }

  var limits: UsageLimits {
    UsageLimits(
      requestsPerMinute: addressRequestsPerMinute, tokensPerMinute: addressTokensPerMinute,
      concurrent: addressConcurrent)
  }
}
