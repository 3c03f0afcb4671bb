private import ApusSystem
internal import ArgumentParser

/// The keys of which a server's clients must send one: from arguments, a file and the environment, all together.
struct KeyArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A key that clients must send; may be repeated. Other users of this machine can see it: better use a file.",
      valueName: "key"))
  var apiKey: [String] = []
  @Option(
    help: ArgumentHelp(
      "A file of such keys, one key per line; lines with # are comments. APUS_API_KEY in the environment is one more key.",
      valueName: "path"),
    completion: .file())
  var apiKeyFile: String?

  /// The keys; throws where the file cannot be read or has none, so that a server is never open by mistake.
  func keys() throws -> [String] {
    try apiKey + (Environment[Environment.apiKey].map { [$0] } ?? []) + (apiKeyFile.map(Self.keys(inFile:)) ?? [])
  }

  private static func keys(inFile path: String) throws -> [String] {
    guard let text = String(validating: try readFile(path), as: UTF8.self) else {
      throw Failure("\(path) is not UTF-8 text: write one key per line")
    }
    let lines = text.unicodeScalars.split { $0 == "\n" || $0 == "\r" || $0 == "\u{FEFF}" }
    let keys = lines.map(trimmed).filter { !$0.isEmpty && $0.utf8.first != UInt8(ascii: "#") }
    guard !keys.isEmpty else { throw Failure("\(path) has no key: write one key per line") }
    return keys
  }

  private static func trimmed(_ line: Substring.UnicodeScalarView) -> String {
    let start = line.drop { $0 == " " || $0 == "\t" }
    let end = start.lastIndex { $0 != " " && $0 != "\t" }
    return end.map { String(start[...$0]) } ?? ""
  }

  /// What to say of a file that every user of the machine can read; nil where there is nothing to say.
  var warning: String? {
    var status = stat()
    guard let apiKeyFile, unsafe stat(apiKeyFile, &status) == 0, status.st_mode & S_IROTH != 0 else { return nil }
    return "\(apiKeyFile) can be read by every user of this machine: chmod o-r would keep its keys secret"
  }
}
