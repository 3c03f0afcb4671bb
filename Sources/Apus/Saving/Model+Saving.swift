internal import ApusCore
internal import ApusModels
internal import ApusText

/// A prompt that was read from a file.
public struct RestoredPrompt: Sendable, Equatable {
  /// Its tokens.
  public let tokens: [Token]
  /// The adapters that it was computed with: choose them for what goes on from it.
  public let adapters: [AdapterChoice]
  /// Tokens at its beginning that need not be computed, as long as their keys and values are kept.
  public let restoredTokens: Int
}

extension Model {
  /// Writes a prompt to a file, with the keys, values and states that are kept of it.
  ///
  /// Saved is what is there, in whole blocks of 32 tokens: to have all of it, compute the prompt first, with the same
  /// adapters. Completions go on meanwhile; a megabyte at a time is copied between their steps. The file holds the text's
  /// tokens and what the model makes of them: keep it as private as the text. Only its owner may read it. It has its name
  /// once it is complete.
  ///
  /// The first time the whole model file is read, to know it again.
  ///
  /// - Parameters:
  ///   - tokens: The prompt, and what followed it.
  ///   - adapters: What it was computed with.
  ///   - cacheSalt: `GenerationOptions.cacheSalt` of what has computed it; the file does not have it.
  ///   - path: The file; one that is there is replaced.
  /// - Returns: Tokens whose keys and values are in the file.
  /// - Throws: `ApusError`: `cannotSave`, `invalidRequest`, `modelChanged`, `unsuitableModel`, and `stopped` where the
  ///   task is cancelled.
  @discardableResult
  public func savePrompt(
    _ tokens: [Token], adapters: [AdapterChoice] = [], cacheSalt: String? = nil, to path: String
  ) async throws(ApusError) -> Int {
    try await save(tokens, adapters, cacheSalt, transcript: [], to: path)
  }

  /// Reads a prompt that `savePrompt` or ``ChatSession/save(to:)`` has written, and puts its keys, values and states where
  /// completions find them.
  ///
  /// A completion that begins with its tokens has the same result as if it had computed them, to the bit. Cached texts
  /// give way to it, running ones never; where there is no room, less is restored.
  ///
  /// The file is checked against damage, not against forgery: restore only what you have saved yourself. Others that begin
  /// with the same tokens, and have the same salt, go on from it too.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - cacheSalt: `GenerationOptions.cacheSalt` of the completions that find it.
  /// - Returns: The prompt, and how much of it was restored.
  /// - Throws: `ApusError`: `cannotRestore`, which says what does not fit, `modelChanged`, `unsuitableModel`, and
  ///   `stopped` where the task is cancelled.
  public func restorePrompt(
    from path: String, cacheSalt: String? = nil
  ) async throws(ApusError) -> RestoredPrompt {
    try await checkKeepsTexts()
    return try await onStoppableThread("apus-restore") { isStopped throws(ApusError) in
      try self.restore(try SavedStateFile(restoring: path), cacheSalt, isStopped)
    }
  }

  func save(
    _ tokens: [Token], _ adapters: [AdapterChoice], _ cacheSalt: String?, transcript: [UInt8], to path: String
  ) async throws(ApusError) -> Int {
    try await checkKeepsTexts()
    let uses = try adapters.uses(of: information.adapters)
    return try await onStoppableThread("apus-save") { isStopped throws(ApusError) in
      let state = try self.state(tokens, uses, transcript, isStopped)
      let root = BlockTree.Root(adapters: uses, salt: cacheSalt)
      return try StateSaver(engine: self.engine, state: state, root: root, path: path).run(isStopped: isStopped)
    }
  }

  private func state(
    _ tokens: [Token], _ adapters: [AdapterUse], _ transcript: [UInt8], _ isStopped: () -> Bool
  ) throws(ApusError) -> SavedState {
    let adapters = try adapters.map { use throws(ApusError) in
      SavedState.Adapter(
        name: information.adapters[use.number],
        digest: try known(identity.adapter(use.number, shouldStop: isStopped)), scale: use.scale)
    }
    return SavedState(
      architecture: information.architecture, model: try known(identity.model(shouldStop: isStopped)),
      kernels: information.kernels, kvFormat: KVFormat(information.kvFormat), adapters: adapters, tokens: tokens,
      transcript: transcript)
  }

  /// Restores what a file has, on a thread that may block.
  func restore(
    _ file: SavedStateFile, _ cacheSalt: String?, _ isStopped: @Sendable () -> Bool
  ) throws(ApusError) -> RestoredPrompt {
    let uses = try uses(of: file, isStopped)
    let root = BlockTree.Root(adapters: uses, salt: cacheSalt)
    let restored = try StateRestorer(engine: engine, file: file, root: root).run(isStopped: isStopped)
    return RestoredPrompt(
      tokens: file.state.tokens,
      adapters: uses.map { AdapterChoice(information.adapters[$0.number], scale: $0.scale) }, restoredTokens: restored)
  }

  /// The adapters of a file's text; throws where the file is not of this model, as it was loaded.
  private func uses(of file: SavedStateFile, _ isStopped: () -> Bool) throws(ApusError) -> [AdapterUse] {
    let state = file.state
    func refusal(_ reason: String) -> ApusError {
      .cannotRestore(
        path: file.path,
        reason: "\(file.path) \(reason)" + (state.transcript.isEmpty ? "" : ", or go on with its transcript alone"))
    }
    guard state.model == (try known(identity.model(shouldStop: isStopped))) else {
      throw refusal("was saved with another model, or with another context of one with LongRoPE: load that one")
    }
    guard state.kvFormat == KVFormat(information.kvFormat) else {
      throw refusal("was saved with a KV cache of \(state.kvFormat.rawValue): load the model with that")
    }
    guard state.kernels == information.kernels else {
      throw refusal(
        "was saved with the kernels \(state.kernels.shortened(toByteCount: 40)), and these are "
          + "\(information.kernels): load the model with those")
    }
    return try state.adapters.map { adapter throws(ApusError) in
      for number in information.adapters.indices {
        if try known(identity.adapter(number, shouldStop: isStopped)) == adapter.digest {
          return AdapterUse(number, scale: adapter.scale)
        }
      }
      throw refusal(
        "was saved with the adapter '\(adapter.name.shortened(toByteCount: 80))': load it beside the model")
    }
  }

  /// Throws for a model that keeps nothing of its texts, and where the model's file has changed.
  func checkKeepsTexts() async throws(ApusError) {
    if let pooling = engine.pooling { throw .cannotGenerate(pooling) }
    try await engine.checkFile()
  }

  private func known(_ digest: UInt64?) throws(ApusError) -> UInt64 {
    guard let digest else { throw .stopped }
    return digest
  }
}

extension SavedStateFile {
  /// Opens the file at `path`.
  init(restoring path: String) throws(ApusError) {
    do throws(ModelError) {
      try self.init(path: path)
    } catch {
      throw .cannotRestore(path: path, reason: error.description)
    }
  }
}
