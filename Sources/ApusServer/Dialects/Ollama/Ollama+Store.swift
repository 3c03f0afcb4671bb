internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

extension Ollama {
  /// The paths that tell of models, and change which names they have.
  ///
  /// Models are files that the server was started with, or that a client had it load; there is no store that others could
  /// be fetched into.
  var storeRoutes: [Route] {
    [
      Route(.get, "/api/tags", OllamaDialect()) { [service] in
        try await OllamaModels(service: service, key: $1.key).list($1)
      },
      Route(.get, "/api/ps", OllamaDialect()) { [service] in
        try await OllamaModels(service: service, key: $1.key).loaded($1)
      },
      store(.post, "/api/show") { fields, models in
        fields.accept(["verbose"])
        return try models.description(of: try fields.modelName())
      },
      store(.post, "/api/copy", Self.copy), store(.delete, "/api/delete", Self.delete),
      store(.post, "/api/create", Self.create), store(.post, "/api/pull", Self.pull),
      store(.post, "/api/push") { _, _ in throw Self.noStore },
      Route(.get, "/api/blobs/*", OllamaDialect()) { _, _ in throw Refusal(.notFound, "there is no such blob") },
      Route(.post, "/api/blobs/*", OllamaDialect()) { _, _ in throw Self.noStore },
    ]
  }

  private func store(
    _ method: HTTPRequest.Method, _ path: String,
    _ reply: @escaping @Sendable (RequestFields, OllamaModels) throws -> JSONValue
  ) -> Route {
    let generator = Generator(service: service)
    return Route(method, path, OllamaDialect()) { [service] in
      try await generator.respond(OllamaStoreEndpoint(service: service, key: $1.key, reply: reply), to: $0, $1)
    }
  }

  private static let success: JSONValue = ["status": "success"]
  private static let noStore = Refusal(
    .unsupported, "this server has no model store yet: start it with the model's file, under the name that you want")

  /// One more name for a model, until the server ends.
  private static func copy(_ fields: RequestFields, _ models: OllamaModels) throws -> JSONValue {
    let (source, name) = (try fields.modelName("source"), try fields.modelName("destination"))
    let choice = try models.service.names.choice(for: source, by: models.key)
    try give(name, to: choice, choice.made, in: models)
    return [:]
  }

  private static func give(
    _ name: String, to choice: ModelChoice, _ made: MadeModel?, in models: OllamaModels
  ) throws(Refusal) {
    try models.key.checkMayChangeModels()
    let names = models.service.names
    guard names.ownModel(named: name) == nil else {
      throw .invalid(nil, "the server has a model of this name already: give another one")
    }
    try names.given.give(name, to: choice.model, made)
  }

  /// Takes a name away that `copy` or `create` has given.
  private static func delete(_ fields: RequestFields, _ models: OllamaModels) throws -> JSONValue {
    let (name, names) = (try fields.modelName(), models.service.names)
    try models.key.checkMayChangeModels()
    if names.given.take(name) { return [:] }
    guard names.ownModel(named: name) == nil else {
      throw Refusal(
        .unsupported,
        "this is a model's own name: only names that were given by /api/copy or /api/create can be deleted here")
    }
    throw Refusal.unknownModel(name, known: names.given.list.map(\.name))
  }

  /// One more name for a model, with what is made of it; other weights need a store.
  private static func create(_ fields: RequestFields, _ models: OllamaModels) throws -> JSONValue {
    for name in ["files", "quantize"] where fields[name] != nil {
      throw Refusal.unsupported(name, "a model with \(name) of its own")
    }
    fields.accept(["stream"])
    let (name, source) = (try fields.modelName(), try fields.modelName("from"))
    let service = models.service
    let choice = try service.names.choice(for: source, by: models.key)
    let made = try MadeModel(
      fields, of: choice.made, adapters: service.pool.adapters(of: service.models[choice.model].name),
      service.configuration.limits)
    try give(name, to: choice, made, in: models)
    return success
  }

  /// Nothing is to be fetched for a model that is there, under whatever name it answers to.
  private static func pull(_ fields: RequestFields, _ models: OllamaModels) throws -> JSONValue {
    fields.accept(["stream", "insecure"])
    let name = try fields.modelName()
    guard (try? models.service.names.choice(for: name, by: models.key)) != nil else { throw noStore }
    return success
  }
}

extension RequestFields {
  /// The model that is meant, by the newer or older name of the field.
  fileprivate func modelName() throws(Refusal) -> String {
    let name = try only(["model", "name"]) { name throws(Refusal) in try string(name) }
    guard let name, !name.isEmpty else { throw .invalid("model", "model is required") }
    return name
  }

  fileprivate func modelName(_ field: String) throws(Refusal) -> String {
    guard let name = try string(field), !name.isEmpty else { throw .invalid(field, "\(field) is required") }
    return name
  }
}
