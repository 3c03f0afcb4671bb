/// One thing that can be set for a command: an option of its command line, which environment and file can give too.
package struct Setting: Sendable, Equatable {
  /// What is given for it.
  package enum Form: Sendable, Equatable {
    /// Whether it holds.
    case flag
    case value
    /// Any number of values.
    case values
    /// The same, as arguments without an option.
    case arguments
  }

  /// Its name in a file; behind two dashes, that of the option.
  package let name: String
  package let form: Form
  /// The option's other name, one letter.
  package let shortName: String?
  /// What holds where nothing is given; nil where that is found at start.
  package let defaultValue: String?
  /// Whether its values must not be shown.
  ///
  /// Secrets are keys: those of one origin do not take the place of another's, and a comma does not end one.
  package let isSecret: Bool

  package init(
    _ name: String, _ form: Form, shortName: String? = nil, defaultValue: String? = nil, isSecret: Bool = false
  ) {
    self.name = name
    self.form = form
    self.shortName = shortName
    self.defaultValue = defaultValue
    self.isSecret = isSecret
  }

  /// Its name in the environment.
  package var environmentName: String { "APUS_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }

  /// Whether it has a list of values.
  var isList: Bool { form == .values || form == .arguments }

  /// These values as options of the command line.
  func options(_ values: [String]) -> [String] {
    switch form {
    case .flag: values == ["true"] ? ["--\(name)"] : []
    case .value, .values: values.map { "--\(name)=\($0)" }
    case .arguments: []
    }
  }
}

/// Where a setting was given.
package enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
  case commandLine
  /// The name of the variable.
  case environment(String)
  case file(path: String, line: Int)
  /// The folder in which a platform has put the model of its container.
  case container(folder: String)

  package var description: String {
    switch self {
    case .commandLine: "command line"
    case .environment(let name): name
    case .file(let path, let line): Terminal.harmless("\(path):\(line)")
    case .container(let folder): folder
    }
  }
}

/// A setting with what was given for it.
package struct GivenSetting: Sendable, Equatable {
  package let setting: Setting
  package let values: [String]
  package let origin: SettingOrigin

  /// Checks the number of values, and reads whether a flag holds.
  package init(_ setting: Setting, _ values: [String], _ origin: SettingOrigin) throws(Failure) {
    self.setting = setting
    self.origin = origin
    guard !values.isEmpty, setting.isList || values.count == 1 else {
      throw Self.failure(
        "\(setting.name) takes \(setting.isList ? "at least one value" : "one value, not a list")", origin)
    }
    guard setting.form == .flag else {
      self.values = values
      return
    }
    guard let holds = Self.truth[values[0].lowercased()] else {
      throw Self.failure("\(setting.name) is true or false", origin)
    }
    self.values = [holds ? "true" : "false"]
  }

  private static let truth = [
    "true": true, "yes": true, "on": true, "1": true, "false": false, "no": false, "off": false, "0": false,
  ]

  /// What is wrong with a setting, and where.
  static func failure(_ reason: String, _ origin: SettingOrigin) -> Failure {
    Failure("\(origin): \(reason)", code: Failure.usage)
  }
}
