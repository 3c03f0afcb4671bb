internal import Apus
internal import ApusJSON
internal import Hummingbird

/// A path that tells of models or changes their names, and needs none of them loaded.
struct OllamaStoreEndpoint: ReplyEndpoint, OllamaEndpoint {
  let service: ModelService
  let key: APIKey?
  let reply: @Sendable (RequestFields, OllamaModels) throws -> JSONValue
  var promptField: String { "model" }

  func target(_ fields: RequestFields, _ request: Request) throws(Refusal) -> RequestTarget {
    var target = RequestTarget(model: nil, isStreamed: false)
    do {
      target.reply = WholeReply(try reply(fields, OllamaModels(service: service, key: key)))
    } catch {
      throw Refusal(known: error) ?? .failure
    }
    return target
  }

  /// There is none: the target has the reply.
  func work(_ fields: RequestFields, _ setting: JobSetting) throws -> ReplyWork { throw Refusal.failure }
}
