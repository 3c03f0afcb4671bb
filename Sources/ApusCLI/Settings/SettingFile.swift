internal import ApusText
internal import Yams

/// A file of settings: YAML, a mapping of their names to a text, a number, true or false, or a list of these.
package enum SettingFile {
  /// Bytes of a file: far more than all settings need.
  private static let limit = 1 << 20

  /// What the file at `path` gives; throws, with the line, where it has anything else.
  package static func read(_ path: String, _ table: SettingTable) throws -> [GivenSetting] {
    let bytes = try readFile(path)
    guard bytes.count <= limit else { throw Failure("\(path) has more than 1 MiB: settings need far less") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("\(path) is not UTF-8 text") }
    return try parse(text, path, table)
  }

  /// What `text` gives, which stands in the file at `path`.
  package static func parse(_ text: String, _ path: String, _ table: SettingTable) throws(Failure) -> [GivenSetting] {
    guard let root = try compose(text, path) else { return [] }
    guard let mapping = root.mapping else {
      throw failure("settings are lines such as 'queue: 16'", root, path)
    }
    var given: [GivenSetting] = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else { throw failure("a setting has a name, such as 'queue'", key, path) }
      guard let setting = table[name] else { throw failure(unknown(name, table), key, path) }
      given.append(try GivenSetting(setting, values(value, of: setting, path), origin(key, path)))
    }
    return given
  }

  private static func unknown(_ name: String, _ table: SettingTable) -> String {
    let shown = Terminal.harmless(name).shortened(toByteCount: 60, mark: "…")
    let advice = table.nearest(to: name).map { "did you mean '\($0)'?" } ?? "--print-config shows them all"
    return "there is no setting '\(shown)': \(advice)"
  }

  private static func values(_ node: Node, of setting: Setting, _ path: String) throws(Failure) -> [String] {
    var values: [String] = []
    // A mapping is another way to write what has the form NAME=VALUE.
    if setting.isList, let pairs = node.mapping, !pairs.isEmpty {
      for (name, meant) in pairs {
        values.append(try value(name, of: setting, path) + "=" + value(meant, of: setting, path))
      }
      return values
    }
    for node in node.sequence.map(Array.init) ?? [node] { values.append(try value(node, of: setting, path)) }
    return values
  }

  /// One value, or a part of one.
  private static func value(_ node: Node, of setting: Setting, _ path: String) throws(Failure) -> String {
    guard let scalar = node.scalar else {
      throw failure("\(setting.name) takes \(setting.isList ? "a list of texts" : "one value")", node, path)
    }
    guard scalar.style != .plain || !["", "~", "null", "Null", "NULL"].contains(scalar.string) else {
      throw failure("\(setting.name) has no value: give one, or leave the line out", node, path)
    }
    return scalar.string
  }

  private static func compose(_ text: String, _ path: String) throws(Failure) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw failure(error, in: text, path)
    } catch {
      throw Failure("\(path) is not YAML", code: Failure.usage)
    }
  }

  private static func failure(_ error: YamlError, in text: String, _ path: String) -> Failure {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      GivenSetting.failure("this is not YAML: \(problem)", .file(path: path, line: mark.line))
    case .duplicatedKeysInMapping(let names, let context):
      twice(names, lines(of: names.first ?? "", in: text), context.mark.line, path)
    default: Failure("\(path) is not YAML: it has characters that no text has", code: Failure.usage)
    }
  }

  /// Names that stand there twice: the first of them in these lines, all in a mapping that begins in another.
  private static func twice(_ names: [String], _ lines: [Int], _ start: Int, _ path: String) -> Failure {
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    guard lines.count > 1 else {
      return GivenSetting.failure("\(list) stands there twice", .file(path: path, line: start))
    }
    return GivenSetting.failure(
      "\(list) stands there twice, in line \(lines[0]), too", .file(path: path, line: lines[1]))
  }

  /// The lines that begin with a name and a colon.
  private static func lines(of name: String, in text: String) -> [Int] {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return lines.indices.filter { index in
      let key = lines[index].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      return key.count == 2 && key[0].filter { !" '\"".contains($0) } == name
    }.map { $0 + 1 }
  }

  private static func origin(_ node: Node, _ path: String) -> SettingOrigin {
    .file(path: path, line: node.mark?.line ?? 1)
  }

  private static func failure(_ reason: String, _ node: Node, _ path: String) -> Failure {
    GivenSetting.failure(reason, origin(node, path))
  }
}
