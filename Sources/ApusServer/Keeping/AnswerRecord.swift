internal import ApusStore

/// What is to be kept of an answer that has ended.
struct AnswerRecord: Sendable {
  let key: DocumentKey
  /// The document's body; made of the one that it has, as others may have gone on with it in the meantime.
  let body: @Sendable (_ earlier: Document?) -> [UInt8]
}

/// Keeps answers before their clients are told that they have ended, so that whoever has seen the end finds them again.
struct AnswerKeeper: Sendable {
  let service: ModelService

  /// The most bytes of one document.
  private static let byteCount = 16 << 20

  /// Keeps what is to be kept of a choice that has ended, and tells its encoder where that is not done: where it is not
  /// possible, or where the answer was cut by something that nobody asked for.
  func keep(_ result: ChoiceResult, of encoder: inout any AnswerEncoder) async {
    guard result.end.error == nil else { return encoder.recordFailed() }
    if let record = encoder.record(result), await !keep(record) { encoder.recordFailed() }
  }

  /// Keeps an answer; false where that is not possible, which the log is told.
  private func keep(_ record: AnswerRecord) async -> Bool {
    do throws(Refusal) {
      return try await service.kept { store throws(StoreError) in
        try await store.update(record.key) { earlier in
          let body = record.body(earlier)
          return body.count <= Self.byteCount ? Document(record.key, time: Document.now, body: body) : nil
        }
      }
    } catch {
      return false
    }
  }
}
