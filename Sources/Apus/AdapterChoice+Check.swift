internal import ApusModels

extension [AdapterChoice] {
  /// The model's adapters that these are, `names` being all that it has; those without effect are left out.
  func uses(of names: [String]) throws(ApusError) -> [AdapterUse] {
    var uses: [AdapterUse] = []
    for choice in self {
      guard let number = names.firstIndex(of: choice.name) else {
        throw Self.invalid("there is no adapter '\(choice.name)' here: \(Self.advice(names))")
      }
      guard choice.scale.isFinite else {
        throw Self.invalid("the scale of adapter '\(choice.name)' is \(choice.scale), but must be a number")
      }
      guard !uses.contains(where: { $0.number == number }) else {
        throw Self.invalid("adapter '\(choice.name)' is chosen twice: choose it once, with the sum of the scales")
      }
      uses.append(AdapterUse(number, scale: choice.scale))
    }
    // The order of a request changes no bit.
    return uses.filter { $0.scale != 0 }.sorted { $0.number < $1.number }
  }

  private static func advice(_ names: [String]) -> String {
    names.isEmpty ? "the model was loaded without any" : "choose among \(names.joined(separator: ", "))"
  }

  private static func invalid(_ reason: String) -> ApusError { .invalidRequest(field: "lora", reason: reason) }
}
