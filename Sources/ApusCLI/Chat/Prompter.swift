/// Asks a person, or a pipe, for the next line of a chat.
protocol Prompter: AnyObject {
  /// The next line; nil when there are no more.
  func nextLine() throws -> String?
}

/// Reads lines as they are, from a pipe or a simple terminal.
final class PlainPrompter: Prompter {
  private let input = Input()

  func nextLine() throws -> String? {
    if Terminal.isInput { StandardError.write("> ") }
    guard let line = try input.nextLine() else { return nil }
    guard case .text(let bytes) = line else { throw Failure("the line has more than 8 MiB: use --file") }
    return try StoredText.text(bytes, from: "the line")
  }
}
