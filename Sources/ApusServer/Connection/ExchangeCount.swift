/// Which of a connection's requests is being read, and which is being answered.
///
/// Requests may follow each other before the first is answered; answers come in the same order.
struct ExchangeCount {
  private var begunRequests = 0
  private var readRequests = 0
  private var begunResponses = 0
  private var endedResponses = 0

  mutating func requestBegins() { begunRequests += 1 }
  mutating func requestEnds() { readRequests += 1 }
  mutating func responseBegins() { begunResponses += 1 }
  mutating func responseEnds() { endedResponses += 1 }

  /// Whether no request has begun yet.
  var isFresh: Bool { begunRequests == 0 }
  /// Whether every request that has begun has its complete answer.
  var isIdle: Bool { begunRequests == endedResponses }
  /// Whether a request's header has come and its body not yet as a whole.
  var isReading: Bool { begunRequests > readRequests }
  /// Whether a response is being written.
  var isAnswering: Bool { begunResponses > endedResponses }
  /// Whether the response being written, or just written, is that of the request that came last.
  var isAnsweringLast: Bool { begunResponses == begunRequests }
  /// Whether a request that came completely has no complete answer yet.
  var isAnsweringEarlier: Bool { endedResponses < readRequests }
}
