internal import ApusCore
internal import ApusModels
internal import ApusSampling

extension Lane {
  /// Whether the model's file is the one that was loaded; compares what was used of one that was touched.
  func hasItsFile() -> Bool {
    guard let watch else { return true }
    if watch.look() == .touched { watch.settle { model.isUnchanged { inbox.noteProgress() } } }
    return watch.look() != .changed
  }

  mutating func step(_ batch: ScheduledBatch) {
    let start = inbox.now()
    for part in batch.parts { generations[part.id]?.start(cached: part.progress.cached, at: start) }
    inbox.note(running: scheduler.runningCount)
    var batch = batch
    let verdicts = verdicts(on: &batch)
    let time = inbox.now()
    costs.note(batch, start.duration(to: time))
    proposers.note(batch, verdicts, took: start.duration(to: time))
    scheduler.complete(batch, verdicts)
    // Before any reader knows of its end, so that whoever has waited for it finds it counted.
    note(report(batch, verdicts, from: start, to: time))
    for (part, verdict) in zip(batch.parts, verdicts) { deliver(verdict, to: part, at: time) }
    // Those that were parked.
    proposers.keepOnly(scheduler.runningIDs)
  }

  /// What a step was, and when the tokens came that it brought.
  private func report(
    _ batch: ScheduledBatch, _ verdicts: [Verdict], from start: ContinuousClock.Instant,
    to end: ContinuousClock.Instant
  ) -> EngineStep {
    var report = EngineStep(batch, took: start.duration(to: end))
    for (part, verdict) in zip(batch.parts, verdicts) {
      guard case .tokens(let tokens, _) = verdict, let generation = generations[part.id] else { continue }
      report.note(tokens.count, of: generation, at: end)
    }
    return report
  }

  private mutating func note(_ report: EngineStep) {
    let draftTime = proposers.takeDraftTime()
    let (scheduler, proposers) = settled()
    inbox.note(step: report) { metrics in
      metrics.steps += 1
      metrics.busyTime += report.duration + draftTime
      metrics.draftTime += draftTime
      metrics.note(scheduler, proposers)
    }
  }

  /// Computes a step, and what it brings for each part.
  ///
  /// Proposed rows that failed are taken out of it.
  private mutating func verdicts(on batch: inout ScheduledBatch) -> [Verdict] {
    do throws(BackendError) {
      let failed = try compute(batch)
      batch.dropProposed(failed)
      return judge(batch, failures: batch.failures(failed))
    } catch {
      return batch.parts.map { _ in .failed(ApusError(error)) }
    }
  }

  /// Computes the logits and vectors of a step; gives the failures of single rows, throws where all failed.
  private mutating func compute(_ batch: ScheduledBatch) throws(BackendError) -> [RowFailure] {
    let (model, cache) = (model, cache)
    let count = batch.logitRows.count * model.configuration.vocabularySize
    if logits.count < count {
      // The old ones go first: both together would be the most memory.
      logits = []
      logits = [Float](repeating: 0, count: count)
    }
    var all = logits.mutableSpan
    var wanted = all._mutatingExtracting(..<count)
    var vectors = [Float](repeating: 0, count: batch.vectorRows.count * model.configuration.vectorSize)
    defer { self.vectors = vectors }
    var vectorRoom = vectors.mutableSpan
    for copy in batch.copies {
      model.backend.copyBlock(copy.kind, from: copy.from, to: copy.to, positions: copy.positions, in: cache)
    }
    return try model.forward(
      tokens: batch.tokens, batch: batch.attention, adapters: batch.adapters, cache: cache,
      wanted: WantedRows(logits: batch.logitRows, vectors: batch.vectorRows), into: &wanted, &vectorRoom)
  }

  /// Judges side by side all parts that have not failed.
  private func judge(_ batch: ScheduledBatch, failures: [BackendError?]) -> [Verdict] {
    let (logits, vectors, workspaces) = (logits, vectors, workspaces)
    let (size, vectorSize) = (model.configuration.vocabularySize, model.configuration.vectorSize)
    let judged = zip(batch.parts, failures).map { part, failure in failure == nil ? generations[part.id] : nil }
    model.backend.workers.run(tiles: batch.parts.count) { tile, worker in
      let part = batch.parts[tile]
      if part.vectors.isEmpty {
        let own = logits.span.extracting(part.logits.lowerBound * size..<part.logits.upperBound * size)
        judged[tile]?.judge(part, own, &workspaces[worker].workspace)
      } else {
        judged[tile]?.judge(
          vectors.span.extracting(part.vectors.lowerBound * vectorSize..<part.vectors.upperBound * vectorSize),
          count: part.vectors.count)
      }
    }
    return zip(judged, failures).map { generation, failure in
      failure.map { .failed(ApusError($0)) } ?? generation?.verdict ?? .chunk
    }
  }

  /// Tells a reader what a step brought; the scheduler knows already.
  private mutating func deliver(
    _ verdict: Verdict, to part: ScheduledBatch.Part, at time: ContinuousClock.Instant
  ) {
    guard let generation = generations[part.id] else { return }
    switch verdict {
    case .chunk: generation.send(part.progress)
    case .tokens(_, nil):
      guard generation.sendDelta() else { return }
      scheduler.park(part.id)
      stalls.set(part.id, to: readerStall.map { time.advanced(by: $0) })
    case .tokens(_, let ending?): end(part.id, ending)
    case .vector: end(part.id, Ending(.length))
    case .failed(let error): fail(part.id, error)
    }
  }
}

/// What one of the backend's workers chooses tokens in.
final class WorkerSpace {
  var workspace = Workspace()
}
