internal import ApusCore
internal import ApusGGUF

/// A network that turns tokens into activations: its weights and the order of its operations.
protocol Architecture: AnyObject, SendableMetatype {
  /// Takes all weights it needs out of `weights`.
  init(_ configuration: ModelConfiguration, _ weights: WeightMap) throws(ModelError)

  /// One step over all layers, up to the final norm: the normed activations of `step.keptRows`, if there are any,
  /// are in `step.activations.normed` then.
  func forward(_ step: borrowing ForwardStep)

  /// The projection from activations to logits, `[vocabularySize, hiddenSize]`.
  var output: Weight { get }
}

/// The registry of architectures, by the names that files have in `general.architecture`.
enum Architectures {
  struct Entry: Sendable {
    let name: String
    let pairing: RopeParameters.Pairing
    let type: any Architecture.Type
  }

  static let all: [Entry] = [
    Entry(name: "llama", pairing: .adjacent, type: Llama.self),
    Entry(name: "qwen2", pairing: .halves, type: Llama.self),
  ]

  /// The entry for the architecture of `file`.
  static func entry(for file: GGUFFile) throws(GGUFError) -> Entry {
    let key = "general.architecture"
    let name = try file.metadata.requireString(key)
    guard let entry = all.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      let known = all.map(\.name).joined(separator: ", ")
      throw file.metadata.error(
        key, .unsupported, expected: "an architecture that Apus computes (\(known))", found: "'\(name)'")
    }
    return entry
  }
}
