package import ApusCore
internal import ApusText

/// What an error is about.
package enum GGUFSubject: Sendable, Equatable {
  case file
  /// A field of the header, by the specification's name.
  case header(String)
  case key(String)
  case tensor(String)
  /// One file of a split model, counted from 1.
  case part(Int, of: Int)
}

/// Why a GGUF file, key or tensor cannot be used: where, what was expected and what was found.
package struct GGUFError: Error, Sendable, Equatable {
  /// The kind of failure, for callers that act on it.
  package enum Kind: Sendable, Equatable {
    /// The operating system did not give, or take, the bytes.
    case unreadable
    /// The file ends before what it announces.
    case truncated
    /// A field has a value that the format or Apus's limits rule out.
    case malformed
    /// A valid file that Apus does not read or compute with.
    case unsupported
    /// A key or tensor that is needed is not there.
    case missing
    /// A value of another type than its key calls for.
    case wrongType
    /// The parts of a split model do not belong together.
    case split
  }

  package let kind: Kind
  package let path: String
  /// Where in the file, in bytes.
  package let offset: Int?
  package let subject: GGUFSubject
  package let expected: String
  package let found: String

  package init(
    _ kind: Kind, path: String, offset: Int? = nil, _ subject: GGUFSubject, expected: String, found: String
  ) {
    self.kind = kind
    self.path = path
    self.offset = offset
    self.subject = subject
    self.expected = expected
    self.found = found
  }

  package init(_ error: FileError, _ subject: GGUFSubject = .file) {
    self.init(.unreadable, path: error.path, subject, expected: "a readable file", found: error.reason)
  }
}

extension GGUFError: CustomStringConvertible {
  /// One sentence of at most 512 bytes, whatever the file holds.
  package var description: String {
    let place = offset.map { ", offset \($0)" } ?? ""
    let what = subject == .file ? "" : " \(subject)"
    let found = printable(found, limit: 90)
    return switch kind {
    case .unreadable: "\(printablePath):\(what) \(found)"
    case .missing: "\(printablePath):\(what) is missing"
    default: "\(printablePath)\(place):\(what) expected \(printable(expected, limit: 130)), found \(found)"
    }
  }

  /// The end of a long path says more than its start.
  private var printablePath: String {
    let limit = 120
    guard path.utf8.count > limit else { return printable(path, limit: limit) }
    return "…" + printable(path.utf8.suffix(limit - 6), limit: limit - 3)
  }
}

extension GGUFSubject: CustomStringConvertible {
  /// The subject in at most 90 bytes; "file" for the file as a whole.
  package var description: String {
    switch self {
    case .file: "file"
    case .header(let field): "header field \(field)"
    case .key(let name): "key '\(printable(name, limit: 80))'"
    case .tensor(let name): "tensor '\(printable(name, limit: 80))'"
    case .part(let number, let count): "part \(number) of \(count)"
    }
  }
}
