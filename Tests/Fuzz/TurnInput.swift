internal import ApusChat
internal import ApusJSON
internal import ApusTemplates
internal import Foundation

/// What a model might write, in a format of one of the known families.
///
/// The first byte of an input chooses the format, the second how it is read; the rest is the text.
struct TurnInput {
  private let format: TurnFormat
  private let flags: UInt8
  private let text: String

  init?(_ bytes: [UInt8]) {
    guard bytes.count > 2, !Self.formats.isEmpty else { return nil }
    format = Self.formats[Int(bytes[0]) % Self.formats.count]
    flags = bytes[1]
    text = String(decoding: bytes[2...], as: UTF8.self)
  }

  /// The formats of the templates in the folder `APUS_FUZZ_TEMPLATES`, in the order of their names.
  private static let formats: [TurnFormat] = {
    let folder = URL(filePath: ProcessInfo.processInfo.environment["APUS_FUZZ_TEMPLATES"] ?? ".")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "jinja" }.sorted { $0.path < $1.path }.compactMap { file in
      guard let source = try? String(contentsOf: file, encoding: .utf8),
        let template = try? ChatTemplate(source: source)
      else { return nil }
      return TurnFormat(source: source, template: template)
    }
  }()

  private static let tools: [JSONValue] = [
    [
      "type": "function",
      "function": ["name": "get_weather", "parameters": ["properties": ["city": ["type": "string"]]]],
    ],
    [
      "type": "function",
      "function": [
        "name": "set",
        "parameters": ["properties": ["on": ["type": "boolean"], "list": ["type": "array"]], "required": ["on"]],
      ],
    ],
  ]

  /// A turn means the same in whatever pieces it comes, and the arguments of complete calls are JSON objects.
  func read() {
    let whole = said([text])
    for size in [1, 3, 17] {
      let other = said(pieces(of: size))
      require(other == whole, "in pieces of \(size): \(other), whole: \(whole)")
    }
    for call in whole.calls where call.isComplete {
      let arguments = try? JSONParser.parse(call.arguments)
      if case .object? = arguments { continue }
      require(false, "the arguments of a complete call are no object: \(call.arguments)")
    }
  }

  private func pieces(of size: Int) -> [String] {
    let characters = Array(text.unicodeScalars)
    return stride(from: 0, to: characters.count, by: size).map { start in
      var piece = String.UnicodeScalarView()
      piece.append(contentsOf: characters[start..<min(characters.count, start + size)])
      return String(piece)
    }
  }

  private func said(_ pieces: [String]) -> Said {
    var parser = TurnParser(
      format, tools: Self.tools, allowsSeveral: flags & 1 == 0, isConstrained: flags & 2 != 0,
      callsComeFirst: flags & 4 != 0, startsInReasoning: flags & 8 != 0)
    var said = Said()
    for piece in pieces { said.add(parser.feed(piece)) }
    said.add(parser.finish(isCut: flags & 16 != 0))
    return said
  }

  private struct Said: Equatable {
    var content = ""
    var reasoning = ""
    var calls: [Call] = []

    struct Call: Equatable {
      let id: String?
      let name: String
      var arguments = ""
      var isComplete = false
    }

    mutating func add(_ events: [TurnEvent]) {
      for event in events {
        switch event {
        case .content(let text): content += text
        case .reasoning(let text): reasoning += text
        case .callBegins(let index, let id, let name):
          require(index == calls.count, "calls are not told in their order")
          calls.append(Call(id: id, name: name))
        case .callArguments(let index, let text): calls[index].arguments += text
        case .callEnds(let index): calls[index].isComplete = true
        }
      }
    }
  }
}
