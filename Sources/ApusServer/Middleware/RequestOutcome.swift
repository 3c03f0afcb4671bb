internal import HTTPTypes
internal import Synchronization

/// How one request ended, for its line in the log: told where it is known, read when the line is written.
///
/// The first end that is told stays, as what follows comes of it.
final class RequestOutcome: Sendable {
  /// What is known about an end that nobody asked for.
  struct End: Sendable {
    /// The word for it: the refusal's, or the answer's that was cut.
    let name: String
    /// What went wrong in the server itself, without a part of the request.
    var failure: String?
    /// Whether there was nobody to be told.
    var isClientGone: Bool { name == AnswerEnd.clientLeft.rawValue }
  }

  /// Its part in a trace, where it has one.
  let trace: RequestTrace?
  private let told = Mutex<End?>(nil)
  private let known = Mutex(Parties())
  private let work = Mutex(Work())

  init(_ trace: RequestTrace? = nil) { self.trace = trace }

  /// Who asked whom.
  struct Parties: Sendable {
    /// The name of the client's key.
    var key: String?
    /// The model that answers, once that is known.
    var model: String?
    /// The same, where it was chosen among the variants of a name.
    var variant: String?
  }

  /// Who has asked whom, as far as that is known by now.
  var parties: Parties { known.withLock { $0 } }

  /// What it took until now.
  var used: Work { work.withLock { $0 } }

  func note(key: String) { known.withLock { $0.key = key } }

  func note(model: String) { known.withLock { $0.model = model } }

  func note(variant: String) { known.withLock { $0.variant = variant } }

  func count(_ more: Work) { work.withLock { $0.add(more) } }

  /// The end; nil for an answer that ended as it was asked to.
  var end: End? { told.withLock { $0 } }

  /// A refusal took the answer's place or followed it; `cause` is what the client must not see of a failure.
  func note(_ refusal: Refusal, cause: String? = nil) {
    tell(End(name: refusal.word, failure: refusal.kind == .failure ? cause ?? refusal.message : nil))
  }

  /// The answer ended so; what was asked for is nothing to note.
  func note(_ end: AnswerEnd) {
    if end.error != nil { tell(End(name: end.rawValue)) }
  }

  private func tell(_ end: End) { told.withLock { $0 = $0 ?? end } }
}
