internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// What SageMaker asks of a container that has many models: to load, list and unload them.
struct ContainerModels: Sendable {
  /// Entries of one page of the list.
  private static let pageLength = 100
  let service: ModelService

  /// `POST /models`: loads the model at `url` and serves it as `model_name`.
  ///
  /// The answer comes when the model is loaded. Nothing is sent before, as its status says whether that went well.
  func load(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    let models = try models(context)
    let (body, reader) = (try await Intake(service: service).body(of: request, context), service.body)
    let permit = try service.admission.admit()
    defer { withExtendedLifetime(permit) {} }
    let (name, url) = try await service.preparation.run(for: context.client) { _ in
      let fields = RequestFields(try reader.object(of: body))
      return (try fields.text("model_name"), try fields.text("url"))
    }
    try await models.load(name, from: url, service, context)
    context.logger.info("a client has loaded a model", metadata: ["model": "\(name)"])
    return WholeReply(Self.description(name: name, url: url)).response
  }

  /// `GET /models`: those that were loaded so, a page at a time.
  func list(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let entries = try models(context).list
    var start = 0
    if let token = request.uri.queryParameters["next_page_token"], !token.isEmpty {
      guard let number = Int(token), (0...entries.count).contains(number) else {
        throw Refusal.invalid("next_page_token", "next_page_token must be the nextPageToken of a page before")
      }
      start = number
    }
    let page = entries[start...].prefix(Self.pageLength)
    var body = JSONObject([("models", .array(page.map { Self.description(name: $0.name, url: $0.url) }))])
    if page.endIndex < entries.count { body["nextPageToken"] = .string("\(page.endIndex)") }
    return WholeReply(.object(body)).response
  }

  /// `GET /models/{name}`: one of them.
  func describe(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let models = try models(context)
    let name = try Self.name(request)
    guard let entry = models.list.first(where: { $0.name == name }) else { throw Refusal.unknownModel(known: []) }
    return WholeReply(Self.description(name: entry.name, url: entry.url)).response
  }

  /// `DELETE /models/{name}`: unloads one of them.
  func unload(_ request: Request, _ context: APIRequestContext) throws -> Response {
    let models = try models(context)
    let name = try Self.name(request)
    guard models.unload(name, service) else { throw Refusal.unknownModel(known: []) }
    context.logger.info("a client has unloaded a model", metadata: ["model": "\(name)"])
    return WholeReply([:]).response
  }

  /// The models, for who may change and see them.
  private func models(_ context: APIRequestContext) throws(Refusal) -> ClientModels {
    try context.key.checkMayChangeModels()
    guard let models = service.loadedByClients else {
      throw Refusal(.unsupported, "this server loads no models while it runs: start it with --load-from FOLDER")
    }
    return models
  }

  private static func name(_ request: Request) throws(Refusal) -> String {
    guard let name = request.component(1) else { throw .unknownModel(known: []) }
    return name
  }

  private static func description(name: String, url: String) -> JSONValue {
    ["modelName": .string(name), "modelUrl": .string(url)]
  }
}
