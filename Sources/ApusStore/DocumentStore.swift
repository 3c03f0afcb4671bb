/// Keeps what clients want to find again: conversations, answers that others follow.
///
/// What has been put is there after a crash of the program or the machine. All calls may wait for a disk or another
/// server; none blocks a thread of the caller.
package protocol DocumentStore: Sendable {
  /// Keeps a document, in place of the one with its kind, owner and id.
  ///
  /// Where its owner has more than `StoreLimits` allow then, those that were put first are dropped.
  func put(_ document: Document) async throws(StoreError)
  /// Puts what `change` makes of the document that is there, with nobody else's change between the two.
  ///
  /// `change` is called on a thread that may wait, and may be called again; where it gives nil, nothing is put.
  ///
  /// - Returns: Whether something was put.
  func update(
    _ key: DocumentKey, _ change: @escaping @Sendable (Document?) -> Document?
  ) async throws(StoreError) -> Bool
  /// A document; nil where there is none.
  func document(_ key: DocumentKey) async throws(StoreError) -> Document?
  /// Drops a document; false where there is none.
  func drop(_ key: DocumentKey) async throws(StoreError) -> Bool
  /// Drops what of a kind was put before `time` and not since: milliseconds since 1970.
  func drop(_ kind: DocumentKind, before time: Int) async throws(StoreError)
  /// What an owner has of a kind, the last put first: at most `limit`, all put before `time`.
  func list(
    _ kind: DocumentKind, of owner: String, before time: Int, limit: Int
  ) async throws(StoreError) -> [DocumentSummary]
}

/// What documents are.
package enum DocumentKind: String, Sendable, CaseIterable {
  /// A conversation of the chat page.
  case conversation
  /// An answer of `/v1/responses`, with all that came before it.
  case response
  /// What was said under one `X-Session`.
  case session
  /// What clients have used, in all.
  case usage

  /// Those of which the oldest go where an owner has too many.
  static let bounded: [DocumentKind] = [.conversation, .response, .session]
  /// The names of these, as SQL lists them.
  static let boundedNames = bounded.map { "'\($0.rawValue)'" }.joined(separator: ", ")
}

/// How much a store keeps for one owner.
package struct StoreLimits: Sendable {
  /// Documents of each kind.
  package var documents = 10_000
  /// Bytes of all their bodies together.
  package var byteCount = 1 << 30

  package init() {}

  /// Documents that are dropped at once, so that others need not wait long.
  static let dropCount = 1000
}

/// What tells documents apart.
package struct DocumentKey: Sendable, Hashable {
  package let kind: DocumentKind
  /// Whose it is: nobody else finds it.
  package let owner: String
  package let id: String

  package init(_ kind: DocumentKind, owner: String, id: String) {
    self.kind = kind
    self.owner = owner
    self.id = id
  }
}

/// Something that is kept.
package struct Document: Sendable, Equatable {
  package let key: DocumentKey
  /// What a list shows of it.
  package var title: String
  /// When it was put: milliseconds since 1970.
  package var time: Int
  package var body: [UInt8]

  package init(_ key: DocumentKey, title: String = "", time: Int, body: [UInt8]) {
    self.key = key
    self.title = title
    self.time = time
    self.body = body
  }
}

/// A document in a list.
package struct DocumentSummary: Sendable, Equatable {
  package let id: String
  package let title: String
  /// When it was put: milliseconds since 1970.
  package let time: Int

  package init(id: String, title: String, time: Int) {
    self.id = id
    self.title = title
    self.time = time
  }
}

/// Why something could not be kept, or not be found.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do.
  package let description: String

  package init(_ description: String) { self.description = description }
}
