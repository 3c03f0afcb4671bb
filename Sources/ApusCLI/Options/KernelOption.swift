internal import ApusCPU
internal import ArgumentParser

/// Which kernels compute.
struct KernelOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The kernels to use: one of \(Kernels.supportedLevelNames.joined(separator: ", ")) on this machine; by default the \
      last of them. The environment variable \(Environment.kernels) says the same.
      """,
      valueName: "level"))
  var kernels: String?

  func validate() throws {
    if let name { try Self.check(name, source: kernels == nil ? Environment.kernels : "--kernels") }
  }

  /// Throws where this machine has no kernels `name`; `source` is who asked for them.
  static func check(_ name: String, source: String) throws {
    guard !Kernels.supportedLevelNames.contains(name) else { return }
    let reason = Kernels.levelNames.contains(name) ? "this machine cannot run" : "do not exist"
    let supported = Kernels.supportedLevelNames.joined(separator: ", ")
    throw ValidationError("\(source) asks for kernels '\(name)', which \(reason): use one of \(supported)")
  }

  /// The level asked for by option or environment; nil for the best.
  var name: String? { kernels ?? Environment[Environment.kernels] }

  /// The level to use.
  var level: Kernels { name.flatMap { Kernels(level: $0) } ?? .best() }
}
