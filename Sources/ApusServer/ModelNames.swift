/// Which model answers a request, and under which name.
struct ModelChoice: Sendable, Equatable {
  /// The model, by its number among the server's.
  let model: Int
  /// The name in the answer.
  let name: String
}

/// The names of the server's models: what a request's `model` means, in one place.
struct ModelNames: Sendable {
  /// By the models' numbers; the first is the default.
  let list: [String]
  /// Adapters of the default model, each of which is asked for by its name.
  let adapters: [String]
  /// Whether only these names are answered to; several models always are told apart.
  private let isStrict: Bool

  /// - Precondition: `list` is not empty.
  init(_ list: [String], adapters: [String] = [], isStrict: Bool) {
    self.list = list
    self.adapters = adapters
    self.isStrict = isStrict || list.count > 1
  }

  /// The model that answers a request for `name`: the default, where the request names none, or where its name may be
  /// whatever the client likes.
  func choice(for name: String?) throws(Refusal) -> ModelChoice {
    guard let name, !name.isEmpty else { return ModelChoice(model: 0, name: list[0]) }
    if let number = list.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
      return ModelChoice(model: number, name: name)
    }
    guard !isStrict || adapters.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { throw unknown }
    return ModelChoice(model: 0, name: name)
  }

  private var unknown: Refusal {
    .unknownModel(known: list.count > 1 ? list : [])
  }
}
