internal import HTTPTypes

/// Refuses bodies whose headers say that their bytes are something else than JSON text in UTF-8.
enum BodyEncoding {
  /// Throws 415 or 501 for a coding that is not undone here.
  static func check(_ headers: HTTPFields) throws(Refusal) {
    if let coding = coding(in: headers[.contentEncoding], known: ["identity"]) {
      var error = Refusal.unsupportedEncoding("Content-Encoding", coding, "send the body as it is")
      error.headers[.acceptEncoding] = "identity"
      throw error
    }
    if let coding = coding(in: headers[.transferEncoding], known: ["chunked", "identity"]) {
      throw .unsupportedEncoding("Transfer-Encoding", coding, "send the body as it is", kind: .unsupportedTransfer)
    }
  }

  /// Throws 415 where the content type names a character set in which these bytes may be another text.
  static func check(_ bytes: [UInt8], _ headers: HTTPFields) throws(Refusal) {
    guard let charset = charset(in: headers[.contentType] ?? ""), charset != "utf-8", charset != "utf8",
      charset.hasPrefix("utf") || bytes.contains(where: { $0 >= 0x80 })
    else { return }
    throw .unsupportedEncoding("charset", charset, "send the body in UTF-8")
  }

  /// The first coding of a list that is not among `known`, as it was written.
  private static func coding(in list: String?, known: Set<String>) -> String? {
    (list ?? "").split(separator: ",").map(trimmed).first { !$0.isEmpty && !known.contains($0.lowercased()) }
  }

  private static func charset(in type: String) -> String? {
    for parameter in type.split(separator: ";").dropFirst() {
      let parts = parameter.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, trimmed(parts[0]).lowercased() == "charset" else { continue }
      return trimmed(parts[1]).filter { $0 != "\"" }.lowercased()
    }
    return nil
  }

  private static func trimmed(_ text: Substring) -> String {
    let isSpace = { (character: Character) in character == " " || character == "\t" }
    let start = text.drop(while: isSpace)
    guard let end = start.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(start[...end])
  }
}
