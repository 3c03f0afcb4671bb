internal import ArgumentParser

extension Serve {
  /// All that can be set: every option but those that say where settings are.
  static let settings = SettingTable(
    Serve.self, secrets: ["api-key"], except: ["help", "version", "config", "print-config"])

  /// What holds of what these arguments, from which this command was read, the environment and a file give.
  func choice(_ arguments: [String]) throws -> SettingChoice {
    let environment = try Self.settings.given { Environment[$0] }
    let file =
      try (config ?? Environment[Environment.configuration]).map { try SettingFile.read($0, Self.settings) } ?? []
    for given in environment + file { try Self.check(given) }
    let own = [try Self.settings.given(in: arguments), environment, file]
    let container = try ContainerSettings.given(ContainerSettings.folder, Self.settings, beside: own.flatMap(\.self))
    return SettingChoice(Self.settings, own + [container])
  }

  /// Throws, with its origin, where a value is not right by itself.
  private static func check(_ given: GivenSetting) throws(Failure) {
    do {
      _ = try parse(given.setting.options(given.values))
    } catch {
      throw GivenSetting.failure(message(for: error), given.origin)
    }
  }
}

extension SettingReport {
  /// Writes it to standard output: for a person at a terminal, else as YAML.
  func write() throws(OutputError) {
    let output = Output()
    for line in Terminal.isOutput ? table : yaml { try output.writeLine(line) }
    try output.flush()
  }
}
