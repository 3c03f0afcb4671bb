package import ApusCore
package import ApusGGUF

/// What an engine asks about a model, from its file's metadata.
///
/// The plan that it comes from has been checked: every value is in range and fits the others.
package struct ModelConfiguration: Sendable {
  /// The architecture's name as the file has it, for example `llama`.
  package let architecture: String
  package let layers: Int
  /// Positions that the model was trained for.
  package let contextLength: Int
  /// Values of one token's activations between layers.
  package let hiddenSize: Int
  package let vocabularySize: Int
  /// Keys and values of the layers that store their own, with the windows of those that keep one.
  package let cacheLayers: [KVLayerLayout]
  /// Values of each recurrent state of a sequence; none for a model without recurrent layers.
  package let states: [Int]
  /// How the model makes a vector or score of a sequence; nil for one that generates text.
  package let pooling: PoolingPlan?
  /// Positions that windowed layers keep, the next one included: the longest window; nil where all layers keep all.
  package var window: Int? { cacheLayers.lazy.compactMap(\.window).max() }
  /// Whether all tokens of a sequence are in one step, as a model that pools has no keys and values from step to step.
  package var needsWholeSequences: Bool { pooling != nil }
  /// Values of a vector that is made of rows: see `WantedRows.vectors`.
  package var vectorSize: Int { pooling?.columns ?? hiddenSize }
  /// The whole network.
  package let plan: NetworkPlan

  /// Reads the metadata of `file`, and which tensors there are.
  package init(_ file: GGUFFile) throws(ModelError) {
    do throws(GGUFError) {
      try self.init(file.metadata, tensors: file)
    } catch {
      throw .file(error)
    }
  }

  /// The same from metadata that say something else about the tensors of `file`: for tests.
  package init(_ metadata: GGUFMetadata, tensorsOf file: GGUFFile) throws(GGUFError) {
    try self.init(metadata, tensors: file)
  }

  init(_ metadata: GGUFMetadata, tensors: any TensorCatalog) throws(GGUFError) {
    let entry = try Architectures.entry(for: metadata)
    let keys = ConfigurationReader(metadata, prefix: entry.name)
    let reader = try PlanReader(keys, tensors, mayPredictFurther: entry.type.mayPredictFurther)
    var plan = try entry.type.plan(reader)
    try reader.poolIfStated(&plan)
    try keys.refuseUnread()
    architecture = entry.name
    layers = reader.layers
    contextLength = reader.contextLength
    hiddenSize = reader.hiddenSize
    vocabularySize = reader.vocabularySize
    states = plan.states
    pooling = if case .pooled(let pooling) = plan.output.head { pooling } else { nil }
    // What a model that pools stores does not outlive a step.
    cacheLayers = pooling == nil ? plan.windowedCacheLayers : plan.cacheLayers
    self.plan = plan
  }

  /// KV blocks of windowed layers in an engine that has `blocks` others; nil for a model without such layers.
  ///
  /// Each sequence has what its window and a step need, and for texts that are kept there is as much again for each
  /// `context` that the other blocks have room for. No text has more window blocks than others.
  package func windowBlocks(besides blocks: Int, context: Int, sequences: Int, batchRows: Int) -> Int? {
    guard let window else { return nil }
    let contextBlocks = max(1, KVCacheLayout.blocks(forPositions: context))
    let (positions, isLarge) = (window - 1).addingReportingOverflow(batchRows)
    // Its first position may be the last one of a block.
    let own = isLarge ? contextBlocks : min(contextBlocks, KVCacheLayout.blocks(forPositions: positions) + 1)
    let (contexts, rest) = blocks.quotientAndRemainder(dividingBy: contextBlocks)
    let (places, overflow) = sequences.addingReportingOverflow(contexts)
    let (all, allOverflow) = places.multipliedReportingOverflow(by: own)
    let part = rest.multipliedFullWidth(by: own)
    let (sum, sumOverflow) = all.addingReportingOverflow(contextBlocks.dividingFullWidth(part).quotient)
    return overflow || allOverflow || sumOverflow ? blocks : min(blocks, sum)
  }

  /// The KV cache for `slots` sequences of `positions` positions each.
  ///
  /// Where the model has recurrent layers, it has `stateSlots` state slots; nil for one for each sequence. Where it has
  /// windowed layers, these have `windowBlocks` KV blocks; nil for as many as the others. For a model that pools it
  /// serves one layer at a time, is F32 whatever `format` says, and keeps no states.
  package func kvCacheLayout(
    format: KVFormat, positions: Int, slots: Int = 1, windowBlocks: Int? = nil, stateSlots: Int? = nil
  ) -> KVCacheLayout? {
    let stateSlots = states.isEmpty || pooling != nil ? 0 : stateSlots ?? slots
    guard positions >= 0, slots >= 0, stateSlots >= 0 else { return nil }
    let (blocks, overflow) = KVCacheLayout.blocks(forPositions: positions).multipliedReportingOverflow(by: slots)
    guard !overflow else { return nil }
    return KVCacheLayout(
      layers: cacheLayers, format: pooling == nil ? format : .f32, blocks: blocks,
      windowBlocks: window == nil ? 0 : windowBlocks ?? blocks, states: states, stateSlots: stateSlots)
  }
}
