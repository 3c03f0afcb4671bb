internal import ApusModels

extension ChatSession {
  /// Writes the conversation to a file: the transcript, and the keys, values and states that are kept of it.
  ///
  /// ``Model/session(restoring:tools:options:)`` goes on with it, without computing what was said again. For the cost,
  /// and for what the file holds, see ``Model/savePrompt(_:adapters:cacheSalt:to:)``. A response that is being produced
  /// is no part of it.
  ///
  /// - Parameter path: The file; one that is there is replaced.
  /// - Returns: Tokens of the conversation whose keys and values are in the file.
  /// - Throws: `ApusError`: `cannotSave`, `modelChanged`, and `stopped` where the task is cancelled.
  @discardableResult
  public func save(to path: String) async throws(ApusError) -> Int {
    let (transcript, generation) = (transcript, options.generation)
    return try await model.save(
      try await knownTokens(behind: transcript), generation.adapters, generation.cacheSalt,
      transcript: transcript.coded, to: path)
  }
}

extension Model {
  /// The conversation that ``ChatSession/save(to:)`` has written to a file, to go on with as if it had never been
  /// interrupted.
  ///
  /// Less than a block of 32 tokens of it is computed again, where there is room for its keys and values and nothing was
  /// lost when it was saved; `Usage.cachedTokens` of the next response tells. Where they are of another model, or of one
  /// that was loaded otherwise, that is an error: ``Transcript/init(savedAt:)`` still has what was said.
  ///
  /// - Parameters:
  ///   - path: The file. Restore only what you have saved yourself: see ``restorePrompt(from:cacheSalt:)``.
  ///   - tools: What the model may call; give those of the session that was saved.
  ///   - options: What holds for all responses; give those of the session that was saved. The adapters must be the same.
  /// - Returns: The session.
  /// - Throws: As for a transcript, and as ``restorePrompt(from:cacheSalt:)``.
  public func session(
    restoring path: String, tools: [any Tool] = [], options: SessionOptions = SessionOptions()
  ) async throws(ApusError) -> ChatSession {
    let chosen = try options.generation.adapters.uses(of: information.adapters)
    try await checkKeepsTexts()
    let (transcript, restored) = try await onStoppableThread("apus-restore") { isStopped throws(ApusError) in
      let file = try SavedStateFile(restoring: path)
      return (try Transcript(file), try self.restore(file, options.generation.cacheSalt, isStopped))
    }
    guard try restored.adapters.uses(of: information.adapters) == chosen else {
      let names = restored.adapters.map { "\($0.name) (\($0.scale))" }
      throw .cannotRestore(
        path: path,
        reason: "\(path) was saved with "
          + (names.isEmpty ? "no adapters" : "the adapters \(names.joined(separator: ", "))")
          + ": choose the same in the options of the session")
    }
    return try session(transcript: transcript, tools: tools, options: options)
  }
}

extension Transcript {
  /// What was said in the conversation that ``ChatSession/save(to:)`` has written to a file, whatever the model.
  ///
  /// - Parameter path: The file.
  /// - Throws: `ApusError.cannotRestore` where there is no conversation in it.
  public init(savedAt path: String) async throws(ApusError) {
    self = try await onStoppableThread("apus-restore") { _ throws(ApusError) in
      try Transcript(SavedStateFile(restoring: path))
    }
  }

  fileprivate init(_ file: SavedStateFile) throws(ApusError) {
    guard let transcript = Transcript(coded: file.state.transcript) else {
      throw .cannotRestore(
        path: file.path, reason: "\(file.path) holds a prompt and no conversation: restore it as a prompt")
    }
    self = transcript
  }
}
