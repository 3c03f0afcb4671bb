internal import ApusServer
internal import ArgumentParser

/// The keys of which a server's clients must send one, all together.
struct KeyArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A key that clients must send; may be repeated. Other users of this machine can see it: better use a file.",
      valueName: "key"))
  var apiKey: [String] = []
  @Option(
    help: ArgumentHelp(
      """
      A file of keys, one a line, with what their clients may do: 'apus keys new' makes lines. It is read again when it \
      changes.
      """,
      valueName: "path"),
    completion: .file())
  var apiKeyFile: String?

  /// The file, as the server reads it; nil for none.
  var file: (any ChangingFile)? { apiKeyFile.map(WatchedFile.init) }

  /// What to say of a file that every user of the machine can read; nil where there is nothing to say.
  var warning: String? {
    apiKeyFile.flatMap(WatchedFile.warning(ofSecretAt:))
  }
}
