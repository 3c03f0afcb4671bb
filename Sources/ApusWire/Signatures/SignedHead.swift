internal import ApusText

/// The head of a request as it came over the wire: what a signature covers, beside the body.
package struct SignedHead: Sendable {
  private let method: String
  private let path: [UInt8]
  /// The parts of the query, their escapes undone.
  let query: [(name: [UInt8], value: [UInt8])]
  /// The values of each header in the order in which they came, by its name in small letters.
  private let fields: [String: [String]]

  /// Takes a head apart.
  ///
  /// - Parameters:
  ///   - method: The method, in capital letters.
  ///   - target: Path and query, their escapes as they came.
  ///   - fields: All headers, `host` among them, which in HTTP/2 is the authority.
  package init(method: String, target: String, fields: some Sequence<(name: String, value: String)>) {
    self.method = method
    let parts = Array(target.utf8).split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    path = Array(parts.first ?? [])
    let pairs = parts.count > 1 ? parts[1].split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) : []
    query = pairs.filter { !$0.isEmpty || pairs.count > 1 }.map { pair in
      let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      return (PercentEncoding.decoded(sides[0]), sides.count > 1 ? PercentEncoding.decoded(sides[1]) : [])
    }
    self.fields = fields.reduce(into: [:]) { $0[$1.name.lowercased(), default: []].append($1.value) }
  }

  /// Whether it says anything of a signature, in its header or its query.
  package var isSigned: Bool {
    only("authorization")?.hasPrefix("AWS4-") ?? has("authorization") || isPresigned
  }

  /// Whether it says so in its query.
  var isPresigned: Bool { query.contains { $0.name.elementsEqual("X-Amz-Algorithm".utf8) } }

  /// The value of a header; nil where it is missing or there are several.
  func only(_ name: String) -> String? {
    guard let values = fields[name], values.count == 1 else { return nil }
    return values[0]
  }

  /// Whether there is such a header.
  func has(_ name: String) -> Bool { fields[name] != nil }

  /// Everything of the canonical request that stands before the digest of the body.
  ///
  /// - Parameters:
  ///   - names: The headers that are signed, in small letters, in order.
  ///   - omitted: A part of the query that is not signed.
  ///   - keepsPath: Whether the path is signed as it is sent, as S3 has it, and not in a canonical form.
  /// - Returns: The lines, each with its end; nil where a header is missing.
  func canonical(signing names: [String], withoutQuery omitted: String?, keepsPath: Bool = false) -> [UInt8]? {
    let path = keepsPath ? path : canonicalPath
    var bytes = Array(method.utf8) + [0x0A] + path + [0x0A] + canonicalQuery(without: omitted) + [0x0A]
    for name in names {
      guard let values = fields[name] else { return nil }
      let value = values.map(Self.trimmed).joined(separator: ",")
      bytes += Array("\(name):\(value)\n".utf8)
    }
    bytes += Array("\n\(names.joined(separator: ";"))\n".utf8)
    return bytes
  }

  /// The path without empty parts and dots, its escapes escaped once more.
  private var canonicalPath: [UInt8] {
    var parts: [ArraySlice<UInt8>] = []
    for part in path.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
      if part.elementsEqual("..".utf8) { _ = parts.popLast() } else { parts.append(part) }
    }
    let slash = UInt8(ascii: "/")
    let joined = [slash] + parts.joined(separator: [slash])
    let isFolder = path.last == slash && !parts.isEmpty
    return PercentEncoding.encoded(joined + (isFolder ? [slash] : []), keepsSlashes: true)
  }

  private func canonicalQuery(without omitted: String?) -> [UInt8] {
    let omitted = omitted.map { Array($0.utf8) }
    let pairs = query.filter { $0.name != omitted }.map { pair in
      (name: PercentEncoding.encoded(pair.name), value: PercentEncoding.encoded(pair.value))
    }
    let sorted = pairs.sorted { a, b in
      a.name == b.name ? a.value.lexicographicallyPrecedes(b.value) : a.name.lexicographicallyPrecedes(b.name)
    }
    return Array(sorted.map { $0.name + [UInt8(ascii: "=")] + $0.value }.joined(separator: [UInt8(ascii: "&")]))
  }

  /// A header's value without space around it, and with one blank for any space within.
  private static func trimmed(_ value: String) -> String {
    value.unicodeScalars.split { $0.properties.isWhitespace }.map(String.init).joined(separator: " ")
  }
}
