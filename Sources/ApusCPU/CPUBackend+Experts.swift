package import ApusCore

// A routed feed-forward layer is three lists of work: the products of the gate and of the matrix beside it with the
// activation, those of the last matrix, and the sums. A tile of a product has some outputs of one expert for all rows
// that were sent there; with a single row the outputs of all its experts are one list. Every product is a function of
// its row and expert only, and the sums go in the order of choice: so results do not depend on what shares the batch.

extension CPUBackend {
  package func _experts(
    _ x: Buffer, _ routing: Routing, _ experts: ExpertWeights, batchRows: [Int]?, into y: Buffer
  ) {
    guard x.rows > 0, let layer = expertLayer(experts) else { return }
    let most = ExpertRoom.rowsAtOnce(layer, used: routing.used)
    let parts = (x.rows + most - 1) / most
    for part in 0..<parts {
      let rows = x.rows * part / parts..<x.rows * (part + 1) / parts
      guard feedForward(x.cpu, routing, rows: rows, layer, of: experts, batchRows, into: y.cpu) else { return }
    }
  }

  /// Some rows of a layer; false (and a failure kept) where there is no memory.
  private func feedForward(
    _ x: CPURows, _ routing: Routing, rows: Range<Int>, _ layer: ExpertLayer, of experts: ExpertWeights,
    _ batchRows: [Int]?, into y: CPURows
  ) -> Bool {
    let choice = unsafe routing.cpu.rows
    unsafe expertPlan.group(choice, rows: rows, experts: routing.experts)
    let damaged = damagedExperts(experts)
    // What is computed with a damaged matrix is in the results of these rows only.
    for row in damaged.isEmpty ? 0..<0 : rows {
      if let error = unsafe choice.damage(row, damaged) { fail(row: batchRows?[row] ?? row, error) }
    }
    expertPlan.cut(layer, threads: pool.threadCount)
    do throws(BackendError) {
      let places = unsafe try expertRoom.reserve(
        layer, rows: rows.count, pairs: rows.count * routing.used, workers: pool.threadCount)
      unsafe expertPlan.withLists { plan in
        unsafe run(
          ExpertJob(
            kernels: kernels, layer: layer, plan: plan, places: places, choice: choice, x: x, y: y, rows: rows),
          before: experts.down.cpu)
      }
      return true
    } catch {
      fail(error)
      return false
    }
  }

  /// Threads fetch what comes next while they wait for it; `last` remembers what came after it.
  private func run(_ job: ExpertJob, before last: CPUWeight) {
    let (layer, threads) = (job.layer, pool.threadCount)
    let waitsForMemory = job.rows.count <= Self.decodeRows
    if waitsForMemory {
      unsafe pool.fetch(expertPlan.heads(layer.gate ?? layer.up, expertPlan.firstTiles, threads: threads))
    }
    let quantized = ExpertRoom.quantizedRows
    pool.run(tiles: (job.rows.count + quantized - 1) / quantized) { tile, worker in
      job.takeInputs(tile, worker: worker)
    }
    if waitsForMemory { unsafe pool.fetch(expertPlan.heads(layer.down, expertPlan.downTiles, threads: threads)) }
    pool.run(tiles: expertPlan.firstTiles.count) { tile, worker in job.takeFirst(tile, worker: worker) }
    if waitsForMemory { unsafe pool.fetch(last.nextHeads) }
    lastMultiplied = last
    pool.run(tiles: expertPlan.downTiles.count) { tile, _ in job.takeDown(tile) }
    unsafe forEachRow(job.rows.count, columns: layer.hidden * job.choice.used) { row in
      job.sum(job.rows.lowerBound + row)
    }
  }

  /// What is wrong with experts that are used; their matrices are looked at when they are used for the first time.
  private func damagedExperts(_ experts: ExpertWeights) -> [Int32: BackendError] {
    var new: [CPUMatrix] = []
    for weight in experts.matrices.map(\.cpu) {
      for group in expertPlan.groups where weight.digests[group.expert] == 0 {
        new.append(CPUMatrix(weight: weight, index: group.expert))
      }
    }
    var damaged: [Int32: BackendError] = [:]
    for case (let matrix, let error?) in zip(new, new.isEmpty ? [] : damage(of: new, .loading)) {
      let expert = Int32(matrix.index)
      damaged[expert] = damaged[expert] ?? error
    }
    for table in experts.tables.map(\.cpu) where !isSound(table) {
      for group in expertPlan.groups where damaged[Int32(group.expert)] == nil {
        damaged[Int32(group.expert)] = damage(of: table, expert: group.expert, count: experts.up.count)
      }
    }
    return damaged
  }

  /// The layer's weights; nil (and a failure kept) where there is no memory for biases or factors.
  private func expertLayer(_ experts: ExpertWeights) -> ExpertLayer? {
    do throws(BackendError) {
      let gate = try experts.gate.map { weight throws(BackendError) in
        try matrices(weight, bias: experts.gateBias, factors: experts.gateFactors)
      }
      let up = try matrices(experts.up, bias: experts.upBias, factors: experts.upFactors)
      let down = try matrices(experts.down, bias: experts.downBias, factors: experts.downFactors)
      return ExpertLayer(gate: gate, up: up, down: down, activation: experts.activation)
    } catch {
      fail(error)
      return nil
    }
  }

  private func matrices(_ weight: Weight, bias: Weight?, factors: Weight?) throws(BackendError) -> ExpertMatrices {
    let bias = unsafe try bias?.cpu.vectors(kernels)
    // One row has those of all experts.
    let factors = unsafe try factors.map { factors throws(BackendError) in
      unsafe CPUVectors(values: try factors.cpu.vectors(kernels).values, stride: 1)
    }
    return unsafe ExpertMatrices(weight.cpu, bias: bias, factors: factors)
  }
}
