/// One step of the chain from logits to token; the raw value is its name in requests and on the command line.
package enum SamplingStage: String, CaseIterable, Sendable {
  // The order of the cases is the default order, the one that llama.cpp's documentation gives for its `--samplers`.
  case penalties
  case dry
  case topNSigma = "top_n_sigma"
  case topK = "top_k"
  case typical = "typ_p"
  case topP = "top_p"
  case minP = "min_p"
  case xtc
  case temperature

  /// The order that applies where none is asked for.
  package static let defaultOrder = allCases

  /// The other names in use, with `_` for `-`.
  private static let aliases: [String: SamplingStage] = [
    "typical": .typical, "typical_p": .typical, "typ": .typical, "nucleus": .topP, "temp": .temperature,
  ]

  /// The stage of that name or alias; `-` and `_` are the same.
  package init?(name: String) {
    let bytes = name.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
    let canonical = String(decoding: bytes, as: UTF8.self)
    guard let stage = SamplingStage(rawValue: canonical) ?? Self.aliases[canonical] else { return nil }
    self = stage
  }

  /// The order written as names between semicolons, such as `penalties;top_k;temperature`; empty text is no stage.
  package static func order(from text: String) throws(SamplingError) -> [SamplingStage] {
    guard !text.isEmpty else { return [] }
    var names: [String] = []
    for name in text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
      guard names.count <= allCases.count else { break }
      names.append(String(decoding: name, as: UTF8.self))
    }
    return try order(named: names)
  }

  /// The order given as a list of names; a name may stand in it once.
  package static func order(named names: [String]) throws(SamplingError) -> [SamplingStage] {
    var order: [SamplingStage] = []
    for name in names {
      guard let stage = SamplingStage(name: name) else { throw .unknownStage(name: name) }
      guard !order.contains(stage) else { throw .repeatedStage(name: name) }
      order.append(stage)
    }
    return order
  }

  /// The order as text: names between semicolons.
  package static func text(of order: [SamplingStage]) -> String {
    order.map(\.rawValue).joined(separator: ";")
  }
}
