internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `GET /apus/status`: what the status view of the chat page shows.
struct Status: Sendable {
  let service: ModelService

  var routes: [Route] {
    [
      Route(.get, "/apus/status", Routes.standardDialect) { Response(json: status(for: $1.key)) }
        .described(.status)
    ]
  }

  /// How the models do that a key may know of.
  private func status(for key: APIKey?) -> JSONValue {
    let loaded = service.pool.loadedModels
    let known = service.models.names.filter { key?.sees(model: $0) ?? true }
    return ["models": .array(known.map { Self.status($0, loaded[$0]) })]
  }

  private static func status(_ name: String, _ model: Model?) -> JSONValue {
    guard let model else { return ["name": .string(name), "loaded": false, "completion_tokens": 0] }
    let (metrics, health) = (model.engine.metrics, model.engine.health)
    return [
      "name": .string(name), "loaded": true, "running": .int(health.running), "waiting": .int(health.queued),
      "context": .int(model.information.contextLength), "kv_blocks": .int(model.engine.configuration.kvBlocks),
      "kv_blocks_used": .int(metrics.usedBlocks), "kv_blocks_cached": .int(metrics.cachedBlocks),
      "prompt_tokens": .int(metrics.promptTokens), "completion_tokens": .int(metrics.completionTokens),
    ]
  }
}
