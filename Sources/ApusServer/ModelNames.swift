internal import Apus

/// Which model answers a request, and under which name.
struct ModelChoice: Sendable {
  /// The model, by its number among the server's.
  let model: Int
  /// The name in the answer.
  let name: String
  /// The name whose variants it was chosen among; nil where it is no variant.
  var shared: String?
  /// What was made of the model under that name; nil for the model as it is.
  var made: MadeModel?
}

/// The names of the server's models: what a request's `model` means, in one place.
///
/// A name without a tag is the same as with `:latest`, as Ollama has it. A name is looked for among the models' own, those
/// given while the server runs, those of variants, and at last the aliases, of which the first that fits counts.
struct ModelNames: Sendable {
  private let models: ServedModels
  /// Adapters of the default model, each of which is asked for by its name.
  let adapters: [String]
  /// Further names of the models, which they got while the server runs.
  let given = GivenNames()
  private let aliases: [ModelAlias]
  private let variants: [ModelVariant]
  /// Whether a single model, too, is asked for by its names alone.
  private let isStrict: Bool

  init(_ models: ServedModels, adapters: [String] = [], _ configuration: ServerConfiguration) {
    self.models = models
    self.adapters = adapters
    (aliases, variants) = (configuration.aliases, configuration.variants)
    // Where models come and go, a name must not mean now one and then another.
    isStrict = configuration.hasStrictModels || configuration.modelFolders != nil
  }

  /// The models' own names; the first is the default.
  var list: [String] { models.names }

  /// The model that answers a request for `name`: the default, where the request names none, or where its name may be
  /// whatever the client likes.
  ///
  /// A model that the client's key does not open is unknown to it, whatever name it has in the request: the model's own
  /// name counts. Of variants one is chosen by chance among those that the key opens, or `variant`, where that is one.
  func choice(
    for name: String?, by key: APIKey? = nil, variant: String? = nil
  ) throws(Refusal) -> ModelChoice {
    guard let choice = choice(for: name, variant, key), isOpen(choice.model, to: key) else {
      let list = list
      throw .unknownModel(name, known: list.count > 1 ? list.filter { key?.allows(model: $0) ?? true } : [])
    }
    return choice
  }

  private func isOpen(_ model: Int, to key: APIKey?) -> Bool { key?.allows(model: models[model].name) ?? true }

  private func choice(for name: String?, _ variant: String?, _ key: APIKey?) -> ModelChoice? {
    guard let standard = models.numbers.first else { return nil }
    guard let name, !name.isEmpty else { return ModelChoice(model: standard, name: models[standard].name) }
    if let number = ownModel(named: name) { return ModelChoice(model: number, name: name) }
    if let entry = given.entry(named: name) { return ModelChoice(model: entry.model, name: name, made: entry.made) }
    let meant = variants(of: name).isEmpty ? aliases.first { $0.matches(name) }?.name ?? name : name
    if let number = ownModel(named: meant) { return ModelChoice(model: number, name: name) }
    let variants = variants(of: meant)
    guard variants.isEmpty else {
      return chosen(among: variants, variant, key).map { ModelChoice(model: $0, name: name, shared: variants[0].name) }
    }
    // Several models always are told apart.
    let isAny = !isStrict && models.numbers.count == 1
    guard isAny || adapters.contains(where: { $0.utf8.elementsEqual(name.utf8) }) else { return nil }
    return ModelChoice(model: standard, name: name)
  }

  private func variants(of name: String) -> [ModelVariant] { variants.filter { $0.name.isSameModelName(as: name) } }

  /// The variant of that name, or one by chance.
  private func chosen(among variants: [ModelVariant], _ variant: String?, _ key: APIKey?) -> Int? {
    let open = variants.compactMap { variant in
      ownModel(named: variant.model).flatMap { isOpen($0, to: key) ? (model: $0, weight: variant.weight) : nil }
    }
    if let variant { return open.first { models[$0.model].name.isSameModelName(as: variant) }?.model }
    guard !open.isEmpty else { return nil }
    var point = Int.random(in: 0..<open.reduce(0) { $0 + $1.weight })
    return open.first { variant in
      point -= variant.weight
      return point < 0
    }?.model
  }

  /// Names beside the models' own that a list shows, each with a model that it means: those given, those of variants,
  /// and aliases that are no patterns.
  var further: [GivenNames.Entry] {
    let shared = variants.indices.filter { index in
      !variants[..<index].contains { $0.name.isSameModelName(as: variants[index].name) }
    }.map { variants[$0].name }
    let fixed = (shared + aliases.filter(\.isPlain).map(\.pattern)).compactMap { name in
      choice(for: name, nil, nil).map { GivenNames.Entry(name: name, model: $0.model) }
    }
    return given.list + fixed.filter { model(named: $0.name) == nil }
  }

  /// The model that has this very name; nil for none.
  func model(named name: String) -> Int? { ownModel(named: name) ?? given.model(named: name) }

  /// The same, where the name is the model's own.
  func ownModel(named name: String) -> Int? { models.number(named: name) }
}

extension ModelNames {
  /// Throws where a name of the configuration means two things, or an alias or a variant no model of `pool`.
  static func check(_ pool: ModelPool, _ configuration: ServerConfiguration) throws(ServerError) {
    let names = pool.names
    let adapters = names.first.map(pool.adapters) ?? []
    let variants = configuration.variants
    func isModel(_ name: String) -> Bool { names.contains { $0.isSameModelName(as: name) } }
    if let name = adapters.first(where: { names.contains($0) }) {
      throw .invalidSetting(name: "adapters", reason: "has '\(name)', which is also a model: give one another name")
    }
    let known = "the server has " + names.joined(separator: ", ")
    for variant in variants {
      guard isModel(variant.model) else {
        throw .invalidSetting(name: "variants", reason: "names '\(variant.model)', which is no model: \(known)")
      }
      guard !isModel(variant.name), !adapters.contains(variant.name) else {
        throw .invalidSetting(
          name: "variants", reason: "has '\(variant.name)', which is also a model: give the variants another name")
      }
    }
    for alias in configuration.aliases {
      guard isModel(alias.name) || variants.contains(where: { $0.name.isSameModelName(as: alias.name) }) else {
        throw .invalidSetting(
          name: "aliases", reason: "means '\(alias.name)', which is no model and no name of variants: \(known)")
      }
    }
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
