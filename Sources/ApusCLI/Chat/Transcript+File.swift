internal import Apus
internal import ApusCore
internal import ApusJSON

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// A conversation's form on disk, the one of chat APIs: `{"messages": [{"role": …, "content": …}, …]}`.
extension Transcript {
  /// More messages than this are refused in a file.
  private static let messageLimit = 2048
  /// Larger files are refused.
  private static let byteLimit = 8 << 20

  /// Reads the file at `path`, which anybody may have written.
  init(path: String) throws {
    let size = try MappedFile(path: path).byteCount
    guard size <= Self.byteLimit else { throw Failure("\(path) has more than \(Self.byteLimit >> 20) MiB") }
    do {
      try self.init(json: try readFile(path))
    } catch {
      throw Failure("\(path) is no conversation: \(error)")
    }
  }

  private init(json bytes: [UInt8]) throws {
    let value = try JSONParser.parse(bytes)
    guard case .array(let elements)? = value["messages"] ?? value.asArray else {
      throw Failure("expected an object with an array messages")
    }
    guard elements.count <= Self.messageLimit else {
      throw Failure("it has \(elements.count) messages, but may have at most \(Self.messageLimit)")
    }
    self.init(
      entries: try elements.enumerated().map { index, element in
        guard let role = try element.text("role"), let content = try element.text("content") else {
          throw Failure("message \(index + 1) needs the texts role and content")
        }
        guard let entry = Self.entry(role, content) else {
          throw Failure("message \(index + 1) has a role other than system, user and assistant")
        }
        return entry
      })
  }

  private static func entry(_ role: String, _ content: String) -> Entry? {
    switch role {
    case "system": .instructions(text: content)
    case "user": .prompt(text: content)
    case "assistant": .response(text: content, finishReason: .stop)
    default: nil
    }
  }

  /// Writes the file at `path`, all of it or nothing.
  func save(to path: String) throws(Failure) {
    let bytes = try json.pretty
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure("\(path) cannot be written: choose another folder or make room")
    }
  }

  private var json: JSONValue {
    get throws(Failure) {
      let messages = try entries.map { entry throws(Failure) -> JSONValue in
        switch entry {
        case .instructions(let text): ["role": "system", "content": .string(text)]
        case .prompt(let text): ["role": "user", "content": .string(text)]
        case .response(let text, _): ["role": "assistant", "content": .string(text)]
        case .toolCalls:
          throw Failure("the conversation has calls of tools, for which this file has no room: use --session")
        }
      }
      return ["messages": .array(messages)]
    }
  }
}

extension JSONValue {
  /// The value itself, where it is an array.
  fileprivate var asArray: JSONValue? {
    if case .array = self { self } else { nil }
  }
}
