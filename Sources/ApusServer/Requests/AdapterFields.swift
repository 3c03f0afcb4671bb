internal import Apus
internal import ApusJSON

extension RequestFields {
  /// The adapters that a request chooses: by the model's name, as in vLLM, or by numbers in `lora`, as in llama.cpp.
  func adapters(model: String?, among names: [String]) throws(Refusal) -> [AdapterChoice] {
    let named = names.filter { $0 == model }.map { AdapterChoice($0) }
    guard let entries = try array("lora") else { return named }
    guard named.isEmpty else { throw .invalid("lora", "the model's name chooses an adapter already: leave out lora") }
    guard entries.count <= names.count else { throw mismatch("lora", "an array of at most \(names.count) adapters") }
    var choices: [AdapterChoice] = []
    for (index, entry) in entries.enumerated() {
      guard case .object(let object) = entry else { throw mismatch("lora", "an array of objects with id and scale") }
      let fields = nested(object, "lora[\(index)]")
      guard let id = try fields.int("id", in: 0...max(0, names.count - 1)) else { throw fields.mismatch("id", "given") }
      guard let scale = try fields.number("scale", in: -Self.largestScale...Self.largestScale) else {
        throw fields.mismatch("scale", "given")
      }
      choices.append(AdapterChoice(names[id], scale: Float(scale)))
    }
    return choices
  }

  /// Far beyond all use, and finite as a Float.
  private static var largestScale: Double { 1e6 }
}
