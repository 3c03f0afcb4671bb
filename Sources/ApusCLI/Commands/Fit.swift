internal import ApusCPU
internal import ApusCore
internal import ApusGGUF
internal import ApusJSON
internal import ApusModels
internal import ArgumentParser

/// `apus fit`: whether a model fits into this machine's memory.
struct Fit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells whether a model fits into this machine's memory.",
    discussion: """
      Adds up weights, KV cache and scratch for what you want to do, without loading the model:

        apus fit model.gguf --context 8192 --slots 4 --kv q8_0

      Memory limits of control groups (containers) count. The exit code is 1 where it does not fit.
      """)

  @OptionGroup var model: ModelArgument
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("Tokens of each sequence; by default what the model was trained for.", valueName: "tokens"))
  var context: Int?
  @Option(help: ArgumentHelp("Sequences at the same time.", valueName: "n")) var slots = 1
  @Option(help: ArgumentHelp("How keys and values are kept: f16, q8_0 or f32.", valueName: "format"))
  var kv = KVFormat.f16
  @Flag(help: "Answer in JSON.") var json = false

  func validate() throws {
    if let context, context < 1 { throw ValidationError("--context must be at least 1, not \(context)") }
    if slots < 1 { throw ValidationError("--slots must be at least 1, not \(slots)") }
  }

  func run() throws {
    let file = try model.open()
    let configuration = try ModelConfiguration(file)
    var use = ModelFootprint.Use(context: context ?? configuration.contextLength)
    use.slots = slots
    use.format = kv
    use.isInEngine = true
    guard let footprint = ModelFootprint(file, configuration, use) else {
      throw Failure(
        "\(slots) times \(use.context) tokens with a \(kv.rawValue) KV cache are not possible with this model: "
          + "use fewer, or --kv f16")
    }
    let fitting = FitReport(file: file, configuration: configuration, use: use, footprint: footprint)
    let output = Output()
    if json { try output.write(fitting.json.pretty) } else { try fitting.write(to: output) }
    try output.flush()
    if !fitting.fits { throw ExitCode(1) }
  }
}

/// What one use of a model takes, and what this machine has.
private struct FitReport {
  let file: GGUFFile
  let configuration: ModelConfiguration
  let use: ModelFootprint.Use
  let footprint: ModelFootprint
  let machine = Machine.current()

  var fits: Bool { footprint.total <= machine.freeByteCount }

  func largestContext(_ format: KVFormat) -> Int? {
    var use = use
    use.format = format
    return ModelFootprint.largestContext(file, configuration, use, budget: machine.freeByteCount)
  }

  /// How many sequences of this context fit at the same time; nil for a model that keeps nothing of a text.
  var mostSlots: Int? {
    guard configuration.pooling == nil else { return nil }
    return ModelFootprint.mostSlots(file, configuration, use, budget: machine.freeByteCount)
  }

  func write(to output: Output) throws(OutputError) {
    let slots = use.slots == 1 ? "" : "\(use.slots) times "
    try output.writeLine("\(slots)\(use.context) tokens of context, KV cache in \(use.format.rawValue)")
    var table = Table([.left, .right])
    table.add("weights", readable(bytes: footprint.weights))
    table.add("KV cache", readable(bytes: footprint.kvCache))
    table.add("scratch", readable(bytes: footprint.activations))
    table.add("together", readable(bytes: footprint.total))
    table.add("free memory", readable(bytes: machine.freeByteCount), "(of \(memory))")
    for line in table.lines() { try output.writeLine(line) }
    try output.writeLine(fits ? "It fits." : "It does not fit.")
    if let mostSlots {
      try output.writeLine("Sequences of \(use.context) tokens that fit at the same time: \(mostSlots).")
    }
    try output.writeLine("Largest context that fits: \(largest) (trained for \(configuration.contextLength)).")
  }

  private var memory: String {
    let all = readable(bytes: machine.memoryByteCount)
    guard let limit = machine.memoryLimit else { return all }
    return "\(all), limited to \(readable(bytes: limit.byteCount)) by the control group"
  }

  private var largest: String {
    let possible = KVFormat.allCases.compactMap { format in
      largestContext(format).map { "\($0) with \(format.rawValue)" }
    }
    return possible.joined(separator: ", ")
  }

  var json: JSONValue {
    let contexts = KVFormat.allCases.map { ($0.rawValue, largestContext($0).map { .int($0) } ?? JSONValue.null) }
    return [
      "context": .int(use.context), "slots": .int(use.slots), "kv": .string("\(use.format.rawValue)"),
      "bytes": [
        "weights": .int(footprint.weights), "kv_cache": .int(footprint.kvCache),
        "scratch": .int(footprint.activations), "total": .int(footprint.total),
      ],
      "free_bytes": .int(machine.freeByteCount), "memory_bytes": .int(machine.memoryByteCount),
      "memory_limit_bytes": machine.memoryLimit.map { .int($0.byteCount) } ?? .null,
      "fits": .bool(fits), "largest_context": .object(JSONObject(contexts)),
      "largest_slots": mostSlots.map { .int($0) } ?? .null,
      "trained_context": .int(configuration.contextLength),
    ]
  }
}
