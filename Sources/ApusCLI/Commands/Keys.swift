internal import ApusServer
internal import ArgumentParser

/// `apus keys`: keys of the server's clients.
struct Keys: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes keys for clients of the server.",
    discussion: """
      The file that 'apus serve --api-key-file' reads has a line for each client: a name, the hash of its key, and what \
      it may do. The key itself stands nowhere:

        apus keys new --name alice >> keys.txt
      """,
    subcommands: [New.self])

  /// `apus keys new`: a random key, and its line for the file.
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a key, and its line for the file.",
      discussion: """
        The line goes to standard output, the key to standard error: it is shown this once. To take it back, remove the \
        line; a running server sees that within a second.
        """)

    @Option(help: "What the client is called: letters, digits, '.', '_', '-' and '@'.") var name: String
    @Option(help: ArgumentHelp("Requests that it may send in a minute; by default no limit.", valueName: "n"))
    var requestsPerMinute: String?
    @Option(help: ArgumentHelp("Tokens of prompts and completions in a minute; by default no limit.", valueName: "n"))
    var tokensPerMinute: String?
    @Option(help: ArgumentHelp("Requests at the same time; by default no limit.", valueName: "n"))
    var concurrent: String?
    @Option(
      help: ArgumentHelp(
        "Models that it may use, with commas between them and * for any text; by default all.", valueName: "names"))
    var models: String?
    @Option(help: ArgumentHelp("The day from which on it is refused (UTC); by default never.", valueName: "yyyy-mm-dd"))
    var expires: String?
    @Flag(help: "Let it see and change what only operators should.") var admin = false

    func run() throws {
      let key = KeyFile.newKey()
      let line = ([name, KeyDigest(of: key).text] + said).joined(separator: " ")
      try check(line)
      StandardError.write(
        "The key, shown only now:\n\n\(key)\n" + (Terminal.isOutput ? "\nIts line for the file:\n\n" : ""))
      let output = Output()
      try output.writeLine(line)
      try output.flush()
    }

    /// Throws where the file would not be read with this line, or as something else.
    private func check(_ line: String) throws(Failure) {
      guard !([name] + said).joined().contains(where: \.isWhitespace) else {
        throw Failure("names hold no spaces here: in --models, write * for one", code: Failure.usage)
      }
      do throws(KeyFileError) {
        guard try !KeyFile.parse(Array(line.utf8)).isEmpty else { throw .comment }
      } catch {
        throw Failure(error.reason, code: Failure.usage)
      }
    }

    private var said: [String] {
      let values = [
        ("requests-per-minute", requestsPerMinute), ("tokens-per-minute", tokensPerMinute),
        ("concurrent", concurrent), ("models", models), ("expires", expires),
      ]
      return values.compactMap { name, value in value.map { "\(name)=\($0)" } } + (admin ? ["admin"] : [])
    }
  }
}

extension KeyFileError {
  fileprivate static let comment = KeyFileError(line: 1, reason: "a line that begins with '#' is a comment")
}
