internal import ApusJSON
internal import ArgumentParser

/// The settings of a command, read from where its options are declared: there alone a setting has its name, its type, its
/// default and its help.
package struct SettingTable: Sendable {
  package let list: [Setting]
  /// Options that are no settings.
  private let others: [Setting]

  package init(_ list: [Setting], others: [Setting] = []) {
    self.list = list
    self.others = others
  }

  /// The options and arguments of `command`, but for those named in `except`; those named in `secrets` hide their values.
  init(_ command: any ParsableArguments.Type, secrets: Set<String>, except: Set<String>) {
    let description = try? JSONParser.parse(command._dumpHelp())
    var all: [Setting] = []
    if case .array(let arguments)? = description?["command"]?["arguments"] {
      all = arguments.compactMap { Setting($0, secrets) }
    }
    self.init(all.filter { !except.contains($0.name) }, others: all.filter { except.contains($0.name) })
  }

  package subscript(name: String) -> Setting? { list.first { $0.name == name } }

  /// The name of a setting that somebody may mean who writes `name`.
  package func nearest(to name: String) -> String? {
    let distances = list.map { ($0.name, editDistance(name, $0.name)) }
    guard let best = distances.min(by: { $0.1 < $1.1 }), best.1 <= max(1, best.0.utf8.count / 3) else { return nil }
    return best.0
  }

  /// What these arguments of a command line give, which the command has understood.
  package func given(in arguments: [String]) throws(Failure) -> [GivenSetting] {
    var values: [String: [String]] = [:]
    var rest = arguments.prefix { $0 != "--" }[...]
    while let argument = rest.popFirst() {
      guard let (setting, value) = option(argument) else {
        if let positional { values[positional.name, default: []].append(argument) }
        continue
      }
      let isFlag = setting.form == .flag
      values[setting.name, default: []].append(value ?? (isFlag ? "true" : rest.popFirst() ?? ""))
    }
    if let positional { values[positional.name, default: []] += arguments.drop { $0 != "--" }.dropFirst() }
    var given: [GivenSetting] = []
    for setting in list {
      guard let all = values[setting.name], let last = all.last else { continue }
      given.append(try GivenSetting(setting, setting.isList ? all : [last], .commandLine))
    }
    return given
  }

  /// What the environment gives; a list's values are separated by commas.
  package func given(inEnvironment value: (String) -> String?) throws(Failure) -> [GivenSetting] {
    var given: [GivenSetting] = []
    for setting in list {
      guard let text = value(setting.environmentName) else { continue }
      let isSplit = setting.isList && !setting.isSecret
      given.append(
        try GivenSetting(
          setting, isSplit ? text.split(separator: ",").map(String.init) : [text],
          .environment(setting.environmentName)))
    }
    return given
  }

  private var positional: Setting? { list.first { $0.form == .arguments } }

  /// The option that an argument names, and its value where that stands behind `=`; nil for what is no option.
  private func option(_ argument: String) -> (Setting, value: String?)? {
    guard argument.utf8.count > 1, argument.utf8.first == UInt8(ascii: "-") else { return nil }
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let setting = (list + others).first { "--\($0.name)" == parts[0] || $0.shortName.map { "-\($0)" } == parts[0] }
    return setting.map { ($0, parts.count > 1 ? parts[1] : nil) }
  }
}

extension Setting {
  /// A setting as ArgumentParser describes it; nil for what is none.
  fileprivate init?(_ argument: JSONValue, _ secrets: Set<String>) {
    guard case .string(let kind)? = argument["kind"], case .string(let valueName)? = argument["valueName"] else {
      return nil
    }
    let isRepeating = argument["isRepeating"] == true
    let form: Form? =
      switch kind {
      case "flag": .flag
      case "option": isRepeating ? .values : .value
      default: isRepeating ? .arguments : nil
      }
    guard let form else { return nil }
    let names = Self.names(argument)
    let name = names["long"] ?? valueName
    var defaultValue = form == .flag ? "false" : nil
    if case .string(let text)? = argument["defaultValue"] { defaultValue = text }
    self.init(
      name, form, shortName: names["short"], defaultValue: defaultValue, isSecret: secrets.contains(name))
  }

  /// The names of an argument by their kinds.
  private static func names(_ argument: JSONValue) -> [String: String] {
    guard case .array(let list)? = argument["names"] else { return [:] }
    var names: [String: String] = [:]
    for entry in list {
      if case .string(let kind)? = entry["kind"], case .string(let name)? = entry["name"] { names[kind] = name }
    }
    return names
  }
}

/// How many letters must be added, removed or changed to make one text of the other; at most 64 of each are looked at.
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let changed = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
