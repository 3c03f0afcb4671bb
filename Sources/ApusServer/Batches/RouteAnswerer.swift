internal import ApusJSON
internal import HTTPTypes
internal import NIOCore

/// Answers the requests of batches through the server's own paths, as requests without a connection.
struct RouteAnswerer: BatchAnswerer {
  let client: OwnClient

  private var service: ModelService { client.service }

  var together: Int { service.background.limit }

  func answer(_ line: BatchLine, of batch: Batch, _ presence: ClientPresence) async -> BatchEnd {
    let answer = await client.post(
      batch.endpoint, [.contentType: "application/json"], ByteBuffer(json: line.body), presence, batch: batch.id
    ) { () throws(Refusal) in
      try key(of: batch)
    }
    guard presence.departure == nil, !service.admission.isClosed else { return .ended }
    if let wait = answer.wait { return .mustWait(seconds: min(wait, 60)) }
    return .answered(
      BatchAnswer(
        requestID: answer.requestID, status: answer.status, body: (try? JSONParser.parse(answer.body)) ?? .null))
  }

  /// The key of a batch's owner, as it is now.
  private func key(of batch: Batch) throws(Refusal) -> APIKey? {
    let keys = service.keys.ring().keys
    guard !keys.isEmpty else { return nil }
    guard let key = keys.first(where: { $0.owner == batch.owner }) else { throw .unauthorized }
    guard key.expiry.map({ service.configuration.unixTime() < $0 }) ?? true else { throw .expiredKey }
    return key
  }
}
