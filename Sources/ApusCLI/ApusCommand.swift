internal import Apus
internal import ApusBenchmark
internal import ApusEvaluation
private import ApusSystem
internal import ArgumentParser

/// The program `apus`: finds the command, runs it, and turns errors into a sentence and an exit code.
@main
struct ApusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Answers prompts with a language model on this machine's CPU.",
    discussion: """
      A model is one GGUF file. Ask it something:

        apus run model.gguf "Why is the sky blue?"

      or talk to it (Ctrl-C stops an answer, /help lists the commands, /exit ends):

        apus run model.gguf

      Exit codes: 0 for success, 1 for a failure, 64 for a wrong command line, 130 after Ctrl-C.
      """,
    version: "apus \(Program.version)",
    subcommands: [
      Run.self, Serve.self, Keys.self, Check.self, Inspect.self, Fit.self, Doctor.self, Tokenize.self, Detokenize.self,
      Template.self, Embed.self, Evaluate.self, Synthesize.self, Bench.self,
    ])

  /// Runs the program; never returns an error.
  static func main() async {
    Signals.install()
    Descriptors.keepStandardError()
    if Descriptors.areTooFew { say("too few file descriptors: raise the limit with 'ulimit -n 1024'", code: 1) }
    do {
      var command = try parseAsRoot()
      if let serve = command as? Serve {
        let arguments = Array(CommandLine.arguments.dropFirst(2))
        let choice = try serve.choice(arguments)
        if serve.printConfig { return try SettingReport(choice).write() }
        command = try Serve.parse(choice.completing(arguments))
      }
      if var asynchronous = command as? any AsyncParsableCommand {
        try ThreadRoom.check(for: threads(of: command))
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      end(with: error)
    }
  }

  /// Threads that an asynchronous command needs beside the first.
  private static func threads(of command: any ParsableCommand) -> Int {
    switch command {
    case let command as Serve: ThreadRoom.needs(serving: command.load.threads)
    case let command as Run: ThreadRoom.needs(computing: command.load.threads)
    case let command as Embed: ThreadRoom.needs(computing: command.load.threads)
    default: 0
    }
  }

  /// Says what went wrong, in one sentence, and exits with the code for it.
  private static func end(with error: any Error) -> Never {
    switch error {
    case OutputError.closed: leave(0)
    case let error as Failure: say(error.description, code: error.code)
    case let error as ApusError: say(error.onCommandLine, code: error.exitCode)
    case let error as BenchmarkError: say(error.onCommandLine, code: 1)
    case let error as EvaluationError: say(error.onCommandLine, code: 1)
    default:
      // Help, the version and wrong command lines are ArgumentParser's to print.
      if Self.exitCode(for: error) != .failure || error is ExitCode { Self.exit(withError: error) }
      say("\(error)", code: 1)
    }
  }

  private static func say(_ message: String, code: Int32) -> Never {
    StandardError.writeLast("Error: \(message)\n")
    leave(code)
  }
}

/// Ends the process with this code.
private func leave(_ code: Int32) -> Never { exit(code) }

extension ApusError {
  /// 64 where the command line asked for something impossible, else 1.
  fileprivate var exitCode: Int32 {
    switch self {
    case .invalidOption, .invalidRequest: Failure.usage
    default: 1
    }
  }
}
