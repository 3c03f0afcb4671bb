/// What is wrong with a file of keys.
package struct CredentialsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The line, counted from 1.
  package let line: Int
  /// What was expected there; never a part of the file.
  package let reason: String

  package var description: String { "line \(line): \(reason)" }
}

extension AccessKey {
  /// The keys of a file as AWS's own programs keep them in `~/.aws/credentials`, one for each profile.
  ///
  /// A profile is a name in brackets, and behind it `aws_access_key_id`, `aws_secret_access_key` and, for a temporary key,
  /// `aws_session_token`, each with `=` and a value. Its name is the key's. Other settings are left aside, and so are profiles without a key.
  package static func all(inCredentials text: String) throws(CredentialsError) -> [AccessKey] {
    var profiles: [CredentialsProfile] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmedOfSpace
      guard let first = line.first, first != "#", first != ";" else { continue }
      if first == "[" {
        profiles.append(CredentialsProfile(line: index + 1, name: name(inHeader: line)))
        continue
      }
      let sides = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !profiles.isEmpty else {
        throw CredentialsError(line: index + 1, reason: "expected '[PROFILE]', or 'NAME = VALUE' behind one")
      }
      profiles[profiles.count - 1].values[sides[0].trimmedOfSpace.lowercased()] = String(sides[1].trimmedOfSpace)
    }
    var keys: [AccessKey] = []
    for profile in profiles { if let key = try profile.key() { keys.append(key) } }
    return keys
  }

  /// What stands in brackets; nil for nothing, and for what a log would not show.
  private static func name(inHeader line: Substring) -> String? {
    let name = line.dropFirst().prefix { $0 != "]" }.trimmedOfSpace
    return (1...64).contains(name.utf8.count) && name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
      ? String(name) : nil
  }
}

/// The settings under one name.
private struct CredentialsProfile {
  let line: Int
  let name: String?
  var values: [String: String] = [:]

  func key() throws(CredentialsError) -> AccessKey? {
    let (id, secret) = (values["aws_access_key_id"] ?? "", values["aws_secret_access_key"] ?? "")
    guard !id.isEmpty || !secret.isEmpty else { return nil }
    guard !id.isEmpty, !secret.isEmpty else {
      throw CredentialsError(line: line, reason: "the profile needs aws_access_key_id and aws_secret_access_key")
    }
    return AccessKey(id: id, secret: secret, sessionToken: values["aws_session_token"], name: name)
  }
}

extension Substring {
  /// The text without white space around it.
  var trimmedOfSpace: Substring {
    let start = drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return start[...end]
  }
}
