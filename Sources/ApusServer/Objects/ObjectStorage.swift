/// Where requests that are worked on later come from, and their answers go to.
package protocol ObjectStorage: Sendable {
  /// The bytes of an object, at most `byteCount`.
  func object(at place: ObjectPlace, upTo byteCount: Int) async throws(ObjectError) -> [UInt8]
  /// Writes an object, in place of one that may be there; it is kept when this has returned.
  func put(_ bytes: [UInt8], at place: ObjectPlace, contentType: String) async throws(ObjectError)
}

/// Why an object was not read or written.
package enum ObjectError: Error, Sendable, Equatable, CustomStringConvertible {
  case missing
  /// The server's credentials do not allow it.
  case denied
  case tooLarge(limit: Int)
  /// The store does not work as it should.
  case failed(reason: String)

  package var description: String {
    switch self {
    case .missing: "there is no such object"
    case .denied: "the server's credentials do not allow it"
    case .tooLarge(let limit): "the object has more than \(limit) bytes"
    case .failed(let reason): "the store does not work: \(reason)"
    }
  }
}
