internal import ApusJSON
internal import HTTPTypes

/// Remembers which fields of a request's objects were read, so that the answer can name those that it does not follow.
///
/// What is honoured is what is read: there is no second list of it to keep.
final class FieldRecord {
  /// One object of the request.
  final class Entry {
    fileprivate let prefix: String
    fileprivate let object: JSONObject
    fileprivate var read: Set<String> = []

    fileprivate init(_ object: JSONObject, _ prefix: String) {
      self.prefix = prefix
      self.object = object
    }

    /// Notes that the fields of these names were read, or are known to change nothing.
    func note(_ names: some Sequence<String>) { read.formUnion(names) }
  }

  private var entries: [Entry] = []

  /// Watches one more object, whose fields are named with `prefix` before them.
  func add(_ object: JSONObject, prefix: String) -> Entry {
    let entry = Entry(object, prefix)
    entries.append(entry)
    return entry
  }

  /// The fields that were not read; null is no field.
  var ignored: IgnoredFields {
    var ignored = IgnoredFields()
    for entry in entries {
      for (key, value) in zip(entry.object.keys, entry.object.values) where !entry.read.contains(key) {
        if case .null = value { continue }
        ignored.add(entry.prefix, key)
      }
    }
    return ignored
  }
}

/// The names of fields that an answer does not follow: each once, short, and not too many.
struct IgnoredFields: Sendable {
  private static let header = HTTPField.Name("X-Apus-Ignored-Fields")
  private static let nameLimit = 16
  private static let byteLimit = 48
  private var names: [String] = []
  /// Whether there are more than are named.
  private var isCut = false

  fileprivate mutating func add(_ prefix: String, _ key: String) {
    guard !isCut else { return }
    let name = Self.visible(prefix, isPrefix: true) + Self.visible(key, isPrefix: false)
    guard !names.contains(name) else { return }
    if names.count < Self.nameLimit { names.append(name) } else { isCut = true }
  }

  /// Names them in a response: `X-Apus-Ignored-Fields: top_a, messages[].weight`.
  func write(to headers: inout HTTPFields) {
    guard let header = Self.header, !names.isEmpty else { return }
    headers[header] = names.joined(separator: ", ") + (isCut ? ", ..." : "")
  }

  /// What was written to a response's headers; nil where there was nothing to name.
  static func text(in headers: HTTPFields) -> String? { header.flatMap { headers[$0] } }

  /// A name that a header and a log can hold; in a prefix, `[3]` becomes `[]`.
  private static func visible(_ name: String, isPrefix: Bool) -> String {
    var bytes: [UInt8] = []
    for byte in name.utf8.prefix(byteLimit) {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): if !isPrefix { bytes.append(byte) }
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"):
        bytes.append(byte)
      default: bytes.append(UInt8(ascii: "?"))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
