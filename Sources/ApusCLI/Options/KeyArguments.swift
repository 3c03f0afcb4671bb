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
  @Option(
    help: ArgumentHelp(
      """
      A file of keys with which clients of Bedrock and SageMaker sign, in the form of ~/.aws/credentials. It is read \
      again when it changes.
      """,
      valueName: "path"),
    completion: .file())
  var awsCredentials: String?
  @Option(
    name: .customLong("sigv4"),
    help: ArgumentHelp(
      """
      What is made of their signatures: ignore, verify (right ones let in, as other keys do; wrong ones are refused), \
      require (nothing else opens their paths). (default: verify, with --aws-credentials)
      """,
      valueName: "mode"))
  var signatureMode: SignatureMode?
  @Flag(
    help: """
      Let requests of all keys use what is kept of each other's prompts. Then who has a key can find out what others ask.
      """)
  var sharePrompts = false

  /// What is made of signatures.
  ///
  /// One may be given on the command line and the other elsewhere, so only all settings together tell.
  func mode() throws(Failure) -> SignatureMode {
    guard awsCredentials != nil || signatureMode ?? .ignore == .ignore else {
      throw Failure(
        "--sigv4 needs --aws-credentials FILE: signatures are checked with the keys there", code: Failure.usage)
    }
    return signatureMode ?? .verify
  }

  /// The file of keys to sign with; nil for none.
  var accessKeyFile: (any ChangingFile)? { awsCredentials.map(WatchedFile.init) }

  /// The file, as the server reads it; nil for none.
  var file: (any ChangingFile)? { apiKeyFile.map(WatchedFile.init) }

  /// What to say of each file that every user of the machine can read.
  var warnings: [String] {
    [apiKeyFile, awsCredentials].compactMap { $0.flatMap(WatchedFile.warning(ofSecretAt:)) }
  }
}

extension SignatureMode: ExpressibleByArgument {}
