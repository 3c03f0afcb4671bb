/// Which model answers a request, and under which name.
struct ModelChoice: Sendable, Equatable {
  /// The model, by its number among the server's.
  let model: Int
  /// The name in the answer.
  let name: String
}

/// The names of the server's models: what a request's `model` means, in one place.
///
/// A name without a tag is the same as with `:latest`, as Ollama has it.
struct ModelNames: Sendable {
  /// By the models' numbers; the first is the default.
  let list: [String]
  /// Adapters of the default model, each of which is asked for by its name.
  let adapters: [String]
  /// Further names of the models, which they got while the server runs.
  let given = GivenNames()
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
  ///
  /// A model that the client's key does not open is unknown to it.
  func choice(for name: String?, by key: APIKey? = nil) throws(Refusal) -> ModelChoice {
    guard let choice = choice(for: name), key?.allows(model: list[choice.model]) ?? true else {
      throw .unknownModel(known: list.count > 1 ? list.filter { key?.allows(model: $0) ?? true } : [])
    }
    return choice
  }

  private func choice(for name: String?) -> ModelChoice? {
    guard let name, !name.isEmpty else { return ModelChoice(model: 0, name: list[0]) }
    if let number = model(named: name) { return ModelChoice(model: number, name: name) }
    guard !isStrict || adapters.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { return nil }
    return ModelChoice(model: 0, name: name)
  }

  /// The model that has this very name; nil for none.
  func model(named name: String) -> Int? { ownModel(named: name) ?? given.model(named: name) }

  /// The same, where it has had the name from the start.
  func ownModel(named name: String) -> Int? {
    list.firstIndex { $0.utf8.elementsEqual(name.utf8) } ?? list.firstIndex { $0.isSameModelName(as: name) }
  }
}

extension String {
  private static var latest: String { ":latest" }

  /// Whether both name the same model: equal, where no tag is the same as `:latest`.
  func isSameModelName(as other: String) -> Bool { withoutLatest.utf8.elementsEqual(other.withoutLatest.utf8) }

  private var withoutLatest: Substring { utf8.hasSuffix(Self.latest) ? dropLast(Self.latest.count) : self[...] }
}

extension String.UTF8View {
  fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
