internal import Apus
internal import ApusJSON
internal import HTTPTypes
internal import Hummingbird

/// Whether the server works, for load balancers and supervisors.
struct Health: Sendable {
  let service: ModelService

  var routes: [Route] {
    let dialect = Routes.standardDialect
    return [
      Route(.get, "/", dialect, access: .open) { root($0, $1) }.described(.root),
      Route(.get, "/health", dialect, access: .open) { try live($0, $1) }.described(.health),
      Route(.get, "/health/ready", dialect, access: .open) { try await ready($0, $1) }.described(.ready),
    ]
  }

  /// `GET /`: what a person or a load balancer's default check finds.
  func root(_ request: Request, _ context: APIRequestContext) -> Response {
    let isAlive = isAlive
    if isAlive, let page = Page.page(for: request) { return page }
    return Response(
      status: isAlive ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(
        byteBuffer: ByteBuffer(string: isAlive ? "Apus is running\n" : "The engine shows no progress\n")))
  }

  /// `GET /health`: how busy it is; 503 when the engine has work and does not move, so that a supervisor starts the server
  /// again.
  func live(_ request: Request, _ context: APIRequestContext) throws -> Response {
    guard isAlive else { throw stuck }
    return ok
  }

  /// `GET /health/ready`: 503 also while the server drains and once the default model's file was changed, so that no new
  /// requests are sent to it.
  func ready(_ request: Request, _ context: APIRequestContext) async throws -> Response {
    guard isAlive else { throw stuck }
    guard !service.admission.isClosed else { throw Refusal.shuttingDown }
    if let standard = service.models.list.first, let model = service.pool.loadedModels[standard.name] {
      try await standard.file.check(model, context.logger)
    }
    return ok
  }

  private var isAlive: Bool {
    let stall = service.configuration.timeouts.engineStall
    return service.loadedModels.allSatisfy { $0.engine.health.isResponsive(within: stall) }
  }

  /// Of all models together: completions that are worked on, at most `parallel`, and that wait; requests with a place, at
  /// most `limit`.
  private var ok: Response {
    let models = service.loadedModels
    let engines = models.map(\.engine.health)
    return Response(json: [
      "status": "ok", "running": .int(engines.reduce(0) { $0 + $1.running }),
      "queued": .int(engines.reduce(0) { $0 + $1.queued }),
      "parallel": .int(models.reduce(0) { $0 + $1.information.parallel }),
      "requests": .int(service.admission.count), "limit": .int(service.admission.limit),
    ])
  }

  /// One step may take so long where the model is large and the machine slow: the words do not promise that all is lost.
  private var stuck: Refusal {
    let limit = service.configuration.timeouts.engineStall.components.seconds
    return Refusal(
      .engineStuck,
      "the engine has ended no step for more than \(limit) s: where steps never take so long on this machine, start the "
        + "server again; where they do, raise --stall-timeout")
  }
}
