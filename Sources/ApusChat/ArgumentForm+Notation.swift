internal import ApusSchema

extension ArgumentForm {
  /// How a tool's arguments are written in a format.
  init(_ arguments: CallSyntax.Arguments, _ tool: ToolTable.Tool, _ marks: MarkTexts) {
    self.init()
    takesOthers = tool.takesOthers
    switch arguments {
    case .value(.json): break
    case .value(.python):
      quotes = .python
      words = ("None", "True", "False")
      members = Members(behindKey: [UInt8(ascii: "=")], separator: Array(", ".utf8))
      canWrite = { tool.knows($0) && Self.isKeyword($0) }
    case .value(.marked(let mark)):
      quotes = .mark(marks.bytes(mark), text: Array(mark.utf8))
      hasBareKeys = true
    case .tagged(let tags): setTags(tags, tool, marks)
    }
  }

  /// A reader takes a line break behind the opening mark and one before the closing mark for the format's.
  private mutating func setTags(_ tags: CallSyntax.Tags, _ tool: ToolTable.Tool, _ marks: MarkTexts) {
    let open = tags.value.open.withoutOuterSpace + (tags.value.open.hasSuffix("\n") ? "\n" : "")
    let close = (tags.value.close.hasPrefix("\n") ? "\n" : "") + tags.value.close.withoutOuterSpace
    var list = Members(behindKey: marks.bytes(tags.key.close + open), separator: marks.bytes(tags.separator))
    list.beforeKey = marks.bytes(tags.key.open)
    list.behindValue = marks.bytes(close)
    members = list
    let end = Array(tags.key.close.withoutOuterSpace.utf8)
    canWrite = { key in
      let text = String(decoding: key, as: UTF8.self)
      return tool.knows(key) && !key.isEmpty && key.count < 256 && text.withoutOuterSpace == text
        && !key.contains { $0 == end.first }
    }
    for (key, kinds) in tool.parameters where kinds != .any && kinds.contains(.text) {
      plainTexts[key] = kinds.contains(.null)
    }
    avoided = Array(tags.value.close.withoutOuterSpace.utf8)
  }

  private static func isKeyword(_ key: [UInt8]) -> Bool {
    !key.isEmpty && key.count < 256
      && key.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), 0x80...: true
        default: false
        }
      }
  }
}

extension ToolTable.Tool {
  /// Whether an argument of that name is taken.
  func knows(_ key: [UInt8]) -> Bool { takesOthers || parameters[key] != nil }
}
