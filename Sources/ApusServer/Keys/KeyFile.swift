/// Why a text is no list of keys; never holds a part of it, which may be a key.
package struct KeyFileError: Error, Sendable, Equatable, CustomStringConvertible {
  package let line: Int
  package let reason: String

  package init(line: Int, reason: String) { (self.line, self.reason) = (line, reason) }

  package var description: String { "line \(line): \(reason)" }
}

/// What is wrong with one key; never holds a part of it either.
struct KeyLineError: Error, Sendable, Equatable {
  let reason: String
}

/// The file of a server's keys: one a line, with what its client may do; lines with `#` are comments.
///
///     alice sha256:4f…9b requests-per-minute=60 tokens-per-minute=20000 concurrent=2 models=small,large expires=2027-01-01
///     root sha256:03…ac admin
///
/// A line of one word is a key as it is sent, for keys that someone else makes.
package enum KeyFile {
  /// Bytes of a file: some ten thousand keys.
  package static let byteLimit = 1 << 20

  /// The keys that `bytes` lists; those without a name are called by numbers, from `number` on.
  package static func parse(_ bytes: [UInt8], number: Int = 1) throws(KeyFileError) -> [APIKey] {
    guard bytes.count <= byteLimit else { throw KeyFileError(line: 1, reason: "the file has more than 1 MiB") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw KeyFileError(line: 1, reason: "this is not UTF-8 text")
    }
    var keys: [APIKey] = []
    var names: Set<String> = []
    let lines = text.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "\n" }
    for (index, line) in lines.enumerated() {
      let words = line.split { [" ", "\t", "\r", "\u{FEFF}"].contains($0) }.map(String.init)
      guard let first = words.first, first.utf8.first != UInt8(ascii: "#") else { continue }
      let key: APIKey
      do {
        key = words.count == 1 ? try plainKey(first, number: number + keys.count) : try self.key(words)
      } catch {
        throw KeyFileError(line: index + 1, reason: error.reason)
      }
      guard names.insert(key.name).inserted else {
        throw KeyFileError(line: index + 1, reason: "another key has this name: give each its own")
      }
      keys.append(key)
    }
    return keys
  }

  /// A key that is sent as it is here; 1 to 1024 visible ASCII characters.
  static func plainKey(_ text: String, number: Int) throws(KeyLineError) -> APIKey {
    guard (1...1024).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw KeyLineError(reason: "a key has 1 to 1024 visible ASCII characters, without spaces")
    }
    // No name of a line holds a space, so this is none of them.
    return APIKey(name: "key \(number)", digest: KeyDigest(of: text))
  }

  /// The key that a line's words describe: a name, a hash, and what else there is to say.
  private static func key(_ words: [String]) throws(KeyLineError) -> APIKey {
    let form = "a line is 'NAME sha256:HASH', as 'apus keys new' writes it, or a key alone"
    guard words.count >= 2, let digest = KeyDigest(words[1]) else { throw KeyLineError(reason: form) }
    guard (1...64).contains(words[0].utf8.count), words[0].utf8.allSatisfy(isNameByte) else {
      throw KeyLineError(reason: "a name has 1 to 64 letters, digits, '.', '_', '-' and '@'")
    }
    var key = APIKey(name: words[0], digest: digest)
    var said: Set<String> = []
    for word in words.dropFirst(2) {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard said.insert(parts[0]).inserted else { throw KeyLineError(reason: "something is said twice") }
      try apply(parts[0], parts.count > 1 ? parts[1] : nil, to: &key)
    }
    return key
  }

  private static func apply(_ name: String, _ value: String?, to key: inout APIKey) throws(KeyLineError) {
    switch (name, value) {
    case ("requests-per-minute", let value?):
      key.limits.requestsPerMinute = try number(value, name, upTo: 1_000_000)
    case ("tokens-per-minute", let value?):
      key.limits.tokensPerMinute = try number(value, name, upTo: 1_000_000_000)
    case ("concurrent", let value?): key.limits.concurrent = try number(value, name, upTo: 10_000)
    case ("models", let value?):
      let models = value.split(separator: ",").map(String.init)
      guard !models.isEmpty else { throw KeyLineError(reason: "models names at least one, as in models=small,large") }
      key.models = models
    case ("expires", let value?):
      guard let time = unixTime(ofDate: value) else {
        throw KeyLineError(
          reason: "expires is a day, as in expires=2027-01-31: from its beginning (UTC) on the key is refused")
      }
      key.expiry = time
    case ("admin", nil): key.isAdmin = true
    default:
      throw KeyLineError(
        reason: "behind the hash may stand requests-per-minute=N, tokens-per-minute=N, concurrent=N, models=A,B, "
          + "expires=YYYY-MM-DD and admin")
    }
  }

  private static func number(_ text: String, _ name: String, upTo limit: Int) throws(KeyLineError) -> Int {
    guard text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }), let number = Int(text),
      (1...limit).contains(number)
    else { throw KeyLineError(reason: "\(name) is a number from 1 to \(limit)") }
    return number
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "@"):
      true
    default: false
    }
  }
}

extension KeyFile {
  /// A new key: 256 random bits in 43 letters, digits, `-` and `_`, behind `apus_`, by which scanners of sources know it.
  package static func newKey() -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var generator = SystemRandomNumberGenerator()
    // 43 letters of 6 bits hold 258.
    let letters = (0..<43).map { _ in alphabet[Int.random(in: 0..<64, using: &generator)] }
    return "apus_" + String(decoding: letters, as: UTF8.self)
  }
}
