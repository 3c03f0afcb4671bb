internal import Apus
internal import ApusJSON
internal import Hummingbird

/// `GET /apus/status`: what the status view of the chat page shows.
struct Status: Sendable {
  let service: ModelService

  var routes: [Route] {
    [
      Route(.get, "/apus/status", Routes.standardDialect) { _, _ in
        Response(
          status: .ok, headers: LateForm.jsonHeaders, body: ResponseBody(byteBuffer: ByteBuffer(json: status)))
      }
    ]
  }

  private var status: JSONValue {
    let loaded = service.pool.loadedModels
    return ["models": .array(service.models.map { Self.status($0.name, loaded[$0.name]) })]
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
