internal import Apus
internal import ApusCore
internal import ApusJSON

#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

/// The messages of a chat, and their form on disk: `{"messages": [{"role": …, "content": …}, …]}`.
struct Conversation: Equatable {
  /// More messages than this are refused in a file.
  static let messageLimit = 2048
  /// Larger files are refused.
  static let byteLimit = 8 << 20

  var messages: [ChatMessage]

  /// An empty conversation, but for instructions.
  init(system: String? = nil) { messages = system.map { [.system($0)] } ?? [] }

  /// Reads a conversation that anybody may have written.
  init(json bytes: [UInt8]) throws {
    let value = try JSONParser.parse(bytes)
    guard case .array(let elements)? = value["messages"] ?? value.asArray else {
      throw Failure("expected an object with an array messages")
    }
    guard elements.count <= Self.messageLimit else {
      throw Failure("it has \(elements.count) messages, but may have at most \(Self.messageLimit)")
    }
    messages = try elements.enumerated().map { index, element in
      guard let role = try element.text("role"), let content = try element.text("content") else {
        throw Failure("message \(index + 1) needs the texts role and content")
      }
      guard Self.roles.contains(role) else {
        throw Failure("message \(index + 1) has a role other than \(Self.roles.joined(separator: ", "))")
      }
      return ChatMessage(role: .init(rawValue: role), content: content)
    }
  }

  private static let roles = ["system", "user", "assistant", "tool"]

  /// The form on disk.
  var json: [UInt8] {
    let elements = messages.map { message -> JSONValue in
      ["role": .string(message.role.rawValue), "content": .string(message.content)]
    }
    return (["messages": .array(elements)] as JSONValue).pretty
  }

  /// Reads the file at `path`.
  init(path: String) throws {
    let size = try MappedFile(path: path).byteCount
    guard size <= Self.byteLimit else { throw Failure("\(path) has more than \(Self.byteLimit >> 20) MiB") }
    do {
      try self.init(json: try readFile(path))
    } catch {
      throw Failure("\(path) is no conversation: \(error)")
    }
  }

  /// Writes the file at `path`, all of it or nothing.
  func save(to path: String) throws(Failure) {
    do {
      try Data(json).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Failure("\(path) cannot be written: choose another folder or make room")
    }
  }
}

extension JSONValue {
  /// The value itself, where it is an array.
  fileprivate var asArray: JSONValue? {
    if case .array = self { self } else { nil }
  }
}
