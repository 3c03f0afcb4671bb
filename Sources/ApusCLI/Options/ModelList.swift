internal import Apus
internal import ApusModels
internal import ApusServer
internal import ApusText
internal import ArgumentParser

/// The models of a server, and what they share.
struct ModelList: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      The models: GGUF files (any part of a split one), or names of some in the model folder; NAME=MODEL gives one \
      another name than its own. The first answers requests that name none.
      """,
      valueName: "model"),
    completion: .file(extensions: ["gguf"]))
  var models: [String] = []

  @Option(help: ArgumentHelp("The name of a single model; by default its own.", valueName: "name"))
  var modelName: String?
  @Option(
    help: ArgumentHelp(
      "Memory that all models together may take; by default what the machine and its control group leave.",
      valueName: "size"))
  var memory: ByteCount?
  @Option(
    help: ArgumentHelp(
      "Unload a model that nobody has used for so long, until it is asked for again.", valueName: "seconds"))
  var idleUnload: Int?
  @Option(
    help: ArgumentHelp(
      """
      A folder whose models clients may load and unload while the server runs, as SageMaker does with containers for \
      many models (POST /models); may be repeated. A server with one needs no model to start.
      """,
      valueName: "folder"),
    completion: .directory)
  var loadFrom: [String] = []
  @Flag(help: "Load all models at start, as far as memory allows, and not when they are first asked for.")
  var preload = false

  func validate() throws {
    guard modelName == nil || models.count <= 1 else {
      throw ValidationError("--model-name is for a single model: write NAME=MODEL for each of several")
    }
    guard modelName != "" else { throw ValidationError("--model-name must not be empty") }
    if let idleUnload, !(1...31_536_000).contains(idleUnload) {
      throw ValidationError("--idle-unload must be 1 to 31536000, not \(idleUnload)")
    }
  }

  /// The models with their names, each of which was found to be a file of one.
  ///
  /// Adapters and a draft model are the first one's.
  func sources(_ options: LoadOptions, adapters: [Adapter]) throws -> [ModelPool.Source] {
    guard !models.isEmpty || !loadFrom.isEmpty else {
      throw Failure(
        "no model is named: 'apus serve MODEL', APUS_MODEL, or 'model: MODEL' in the file of settings",
        code: Failure.usage)
    }
    var others = options
    others.draft = nil
    var sources = try models.map { try source($0, others) }
    guard !sources.isEmpty else {
      guard adapters.isEmpty, options.draft == nil else {
        throw Failure("--lora and --draft are for the first model: name one", code: Failure.usage)
      }
      return []
    }
    (sources[0].options.draft, sources[0].options.adapters) = (options.draft, adapters)
    let names = Dictionary(grouping: sources, by: \.name)
    if let twice = sources.first(where: { names[$0.name, default: []].count > 1 }) {
      throw Failure(
        "two models are called '\(twice.name)': give one another name, as in NAME=\(twice.path)", code: Failure.usage)
    }
    return sources
  }

  /// The folders from which clients may load models; nil for none.
  func folders(_ options: LoadOptions) throws(ServerError) -> ModelFolders? {
    guard !loadFrom.isEmpty else { return nil }
    var options = options
    options.draft = nil
    return try ModelFolders(loadFrom, options: options)
  }

  private func source(_ argument: String, _ options: LoadOptions) throws -> ModelPool.Source {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    let isNamed = parts.count == 2 && !parts[0].utf8.contains(UInt8(ascii: "/"))
    let path = ModelFolder.resolve(isNamed ? parts[1] : argument)
    let file: ModelFile
    do {
      file = try ModelFile(path: path)
    } catch {
      throw ApusError.cannotLoad(path: path, reason: error.description)
    }
    let name = (isNamed ? parts[0] : modelName) ?? file.name ?? path.split(separator: "/").last.map(String.init) ?? path
    return ModelPool.Source(
      name: name.shortened(toByteCount: RequestLimits().modelNameByteCount), path: path, options: options)
  }
}
