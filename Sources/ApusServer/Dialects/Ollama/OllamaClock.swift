internal import Apus
internal import ApusJSON
internal import Foundation

/// The times that an answer of Ollama's API tells.
struct OllamaClock: Sendable {
  /// When the request came.
  private let began: ContinuousClock.Instant
  /// When its model was there, and the time since 1970 then.
  private let loaded: ContinuousClock.Instant
  private let moment: Duration

  /// The clock of a request whose model is there now.
  init(began: ContinuousClock.Instant, moment: Duration) {
    self.began = began
    self.moment = moment
    loaded = .now
  }

  /// What stands at the beginning of every line.
  var createdAt: (String, JSONValue) { ("created_at", .string(Self.text(moment + loaded.duration(to: .now)))) }

  /// How long it took until now, and how much of that until the model was there.
  var durations: JSONMembers {
    [
      ("total_duration", Self.nanoseconds(began.duration(to: .now))),
      ("load_duration", Self.nanoseconds(began.duration(to: loaded))),
    ]
  }

  /// The durations of an answer, with the tokens that it took.
  func durations(_ summary: GenerationSummary?) -> JSONMembers {
    guard let summary else { return durations }
    return durations + [
      ("prompt_eval_count", .int(summary.usage.promptTokens)),
      ("prompt_eval_duration", Self.nanoseconds(summary.timings.prefill)),
      ("eval_count", .int(summary.usage.completionTokens)),
      ("eval_duration", Self.nanoseconds(summary.timings.decode)),
    ]
  }

  /// A moment as RFC 3339 has it, with microseconds.
  static func text(_ moment: Duration) -> String {
    let (whole, fraction) = moment.components
    let microseconds = String(fraction / 1_000_000_000_000)
    let digits = String(repeating: "0", count: max(0, 6 - microseconds.utf8.count)) + microseconds
    let date = Date(timeIntervalSince1970: Double(whole))
    return "\(date.ISO8601Format().dropLast()).\(digits)Z"
  }

  private static func nanoseconds(_ duration: Duration) -> JSONValue {
    .int(Int((duration / .nanoseconds(1)).rounded()))
  }
}
