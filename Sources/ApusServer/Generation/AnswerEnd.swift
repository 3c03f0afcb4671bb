internal import Apus

/// How an answer ends, as `finish_reason` tells it: OpenAI's words, and ours where those have none.
///
/// Docs/Endings.md lists what ends an answer, and what each front end says of it.
package enum AnswerEnd: String, Sendable, CaseIterable {
  /// The model ended its text, or a stop text or token came.
  case stop
  /// As many tokens were produced as were asked for, or as fit into the context.
  case length
  /// It was worked on for as long as an answer that is sent as a whole may take.
  case deadline
  /// It waited for other requests for as long as a request may.
  case queueTimeout = "queue_timeout"
  /// The server ended before it.
  case shutdown
  /// Nobody read it for as long as it may wait for its reader.
  case readerStalled = "reader_stalled"
  /// Nobody is there to read it.
  case clientLeft = "client_left"

  /// How a completion ended, where `interruption` is why it was cancelled, if the server did that itself.
  init(_ reason: FinishReason, interruption: AnswerEnd?) {
    switch reason {
    case .stop: self = .stop
    case .length: self = .length
    case .stalled: self = .readerStalled
    case .deadline: self = .deadline
    case .cancelled: self = interruption ?? .shutdown
    }
  }

  /// The error in place of an answer that ended so before it began; nil for the ends that were asked for.
  var error: Refusal? {
    switch self {
    case .stop, .length: nil
    case .deadline: .deadlineExceeded
    case .queueTimeout: .queueTimeout
    case .shutdown: .shuttingDown
    case .readerStalled: .readerStalled
    case .clientLeft: .clientLeft
    }
  }
}
