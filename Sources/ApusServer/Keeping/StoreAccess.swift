internal import ApusStore
internal import Foundation
internal import Logging

extension ModelService {
  /// What the store gives; a refusal where there is none, or where it fails, which the log is told.
  func kept<Result: Sendable>(
    _ work: @Sendable (any DocumentStore) async throws(StoreError) -> Result
  ) async throws(Refusal) -> Result {
    guard let store = configuration.store else { throw .nothingKept }
    do {
      return try await work(store)
    } catch {
      if Task.isCancelled { throw .clientLeft }
      logger.error("the store failed", metadata: ["error": "\(error)"])
      throw .storeFailed
    }
  }
}

extension DocumentKey {
  /// A document that a client has named; nil for a name that is not 1 to 64 letters, digits, - or _.
  init?(_ kind: DocumentKind, owner: String, named id: String) {
    guard Self.isPlain(id) else { return nil }
    self.init(kind, owner: owner, id: id)
  }

  /// Whether a client may call a document so.
  static func isPlain(_ id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

extension Document {
  /// Now, as documents have it: milliseconds since 1970.
  static var now: Int { Int(Date().timeIntervalSince1970 * 1000) }
}
