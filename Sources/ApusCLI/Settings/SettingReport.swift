internal import ApusJSON

/// What holds for a command and where that was set, for a person or as a file of settings.
package struct SettingReport {
  private let rows: [(setting: Setting, given: [GivenSetting])]

  package init(_ choice: SettingChoice) {
    rows = choice.table.list.map { setting in (setting, choice.given.filter { $0.setting == setting }) }
  }

  /// One line for each setting: name, value, origin.
  package var table: [String] {
    var table = Table([.left])
    for (setting, given) in rows {
      let values = given.flatMap(\.values).map(Terminal.harmless).joined(separator: ", ")
      let value = given.isEmpty ? setting.defaultValue ?? "-" : Self.isSecret(setting, given) ? Self.hidden : values
      table.add(setting.name, value, Self.origin(given))
    }
    return table.lines(indent: "")
  }

  /// The same as YAML, which `--config` reads to the same effect, but for secrets.
  package var yaml: [String] {
    rows.map { setting, given in
      let origin = "  # " + Self.origin(given)
      guard !given.isEmpty else {
        guard let value = setting.defaultValue else { return "# \(setting.name): not set" }
        return "\(setting.name): \(Self.text(of: [value], isList: setting.isList))\(origin)"
      }
      if Self.isSecret(setting, given) { return "# \(setting.name): \(Self.hidden)\(origin)" }
      return "\(setting.name): \(Self.text(of: given.flatMap(\.values), isList: setting.isList))\(origin)"
    }
  }

  /// Whether a value must not be shown: a key, or an address that may have a password in it.
  private static func isSecret(_ setting: Setting, _ given: [GivenSetting]) -> Bool {
    setting.isSecret
      || given.contains { one in
        one.values.contains { isAddress($0) && ($0.contains("@") || $0.contains("password=")) }
      }
  }

  /// Whether it is an address, or was meant to be one: letters with a colon behind them.
  private static func isAddress(_ value: String) -> Bool {
    let scheme = value.prefix { $0.isLetter }
    return value.contains("://") || !scheme.isEmpty && value[scheme.endIndex...].first == ":"
  }

  private static let hidden = "(not shown)"

  private static func origin(_ given: [GivenSetting]) -> String {
    given.isEmpty ? "default" : given.map { singleLine($0.origin.description) }.joined(separator: ", ")
  }

  private static func singleLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  private static func text(of values: [String], isList: Bool) -> String {
    let texts = values.map(text)
    return isList ? "[\(texts.joined(separator: ", "))]" : texts[0]
  }

  /// A text that YAML reads as this one; JSON's form is YAML's, too.
  private static func text(_ value: String) -> String {
    let isPlain = value.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"),
        UInt8(ascii: "-"):
        true
      default: false
      }
    }
    let isNumberOrWord =
      isPlain && !value.isEmpty && value.utf8.first != UInt8(ascii: "-") && value.lowercased() != "null"
    return isNumberOrWord ? value : String(decoding: JSONValue.string(value).serialized(.compact), as: UTF8.self)
  }
}
