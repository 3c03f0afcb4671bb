internal import ApusCore

/// How several residual streams begin and end: see `StreamsPlan`.
struct Streams {
  private let plan: StreamsPlan
  private let begin: Weight
  private let end: Weight

  init(_ plan: StreamsPlan, _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    begin = try weights.weight(plan.begin)
    end = try weights.weight(plan.end)
  }

  /// Makes all streams from the first.
  func begin(_ step: borrowing ForwardStep) {
    let (backend, hidden) = (step.backend, plan.hiddenSize)
    let others = step.arena(.otherStreams, (plan.count - 1) * hidden)
    let streams = step.arena(.streams, plan.count * hidden)
    backend.matmul(step.stream, [begin], into: [others])
    backend.match(others, to: step.stream)
    backend.copyHeads(step.stream, heads: 1, from: 0..<hidden, into: streams, at: 0)
    backend.copyHeads(others, heads: 1, from: 0..<others.columns, into: streams, at: hidden)
  }

  /// Makes one stream of all.
  func end(_ step: borrowing ForwardStep) {
    let (backend, hidden, count) = (step.backend, plan.hiddenSize, plan.count)
    let streams = step.arena(.streams, count * hidden)
    let others = step.arena(.otherStreams, (count - 1) * hidden)
    let ended = step.arena(.endedStreams, (count - 1) * hidden)
    backend.copyHeads(streams, heads: 1, from: 0..<hidden, into: step.stream, at: 0)
    backend.copyHeads(streams, heads: 1, from: hidden..<count * hidden, into: others, at: 0)
    backend.matmulHeads(others, end, into: ended)
    backend.match(ended, to: step.stream)
    backend.mix(ended, width: hidden, plus: 1, into: step.stream)
    backend.scale(step.stream, by: 1 / Float(count))
  }
}

/// What a layer does with several residual streams: see `LayerStreamsPlan`.
final class LayerStreams {
  private let plan: LayerStreamsPlan
  private let routerNorm: Norm
  private let router: Projection
  private let predict: Projection
  private let correct: Projection
  private let inputFactors: Weight

  init?(_ plan: LayerStreamsPlan?, _ weights: WeightMap) throws(ModelError) {
    guard let plan else { return nil }
    self.plan = plan
    routerNorm = try Norm(plan.routerNorm, weights)
    router = try Projection(plan.router, weights)
    predict = try Projection(plan.predict, weights)
    correct = try Projection(plan.correct, weights)
    inputFactors = try weights.weight(plan.inputFactors)
  }

  /// All streams of the current rows.
  func all(_ step: borrowing ForwardStep) -> Buffer { step.arena(.streams, plan.count * step.hiddenSize) }

  /// Predicts all streams from all; the first is then the stream that the layer works on.
  func predict(_ step: borrowing ForwardStep) {
    let (streams, hidden) = (all(step), step.hiddenSize)
    takeFirst(step)
    let factors = factors(predict, plan.count * plan.count, step)
    step.backend.mix(streams, width: hidden, by: factors, into: streams)
    takeFirst(step)
  }

  /// Corrects all streams by what the layer changed in the first; that one is then the stream.
  func correct(_ step: borrowing ForwardStep) {
    let (backend, streams, hidden) = (step.backend, all(step), step.hiddenSize)
    let factors = factors(correct, plan.count, step)
    let predicted = step.arena(.projected, hidden)
    backend.copyHeads(streams, heads: 1, from: 0..<hidden, into: predicted, at: 0)
    backend.add(predicted, to: step.stream, factor: -1)
    backend.mix(step.stream, width: hidden, by: factors, plus: 1, into: streams)
    takeFirst(step)
  }

  /// Adds what `input` makes of the first stream to the others.
  func add(_ input: LayerInput, _ step: borrowing ForwardStep, layer: Int) {
    let backend = step.backend
    backend.multiply(step.stream, by: inputFactors)
    let result = input.result(of: step.stream, step, layer: layer)
    backend.mix(result, width: step.hiddenSize, plus: 1, into: all(step), at: 1)
  }

  private func takeFirst(_ step: borrowing ForwardStep) {
    step.backend.copyHeads(all(step), heads: 1, from: 0..<step.hiddenSize, into: step.stream, at: 0)
  }

  /// Factors of the streams, by the router's view of the stream.
  private func factors(_ projection: Projection, _ count: Int, _ step: borrowing ForwardStep) -> Buffer {
    let (backend, arena) = (step.backend, step.arena)
    let normed = arena(.normed, step.hiddenSize)
    let routed = arena(.streamRouter, plan.count)
    let factors = arena(.streamFactors, count)
    routerNorm.forward(step.stream, into: normed, backend)
    backend.scale(normed, by: plan.routerScale)
    router.forward(normed, into: routed, step)
    // A cap at 1 is tanh.
    backend.cap(routed, at: 1)
    projection.forward(routed, into: factors, step)
    return factors
  }
}

/// A branch of low rank beside the mixer: see `LowRankPlan`.
final class LowRankBranch {
  private let plan: LowRankPlan
  private let down: Projection
  private let up: Projection
  private let norm: Norm

  init?(_ plan: LowRankPlan?, _ weights: WeightMap) throws(ModelError) {
    guard let plan else { return nil }
    self.plan = plan
    down = try Projection(plan.down, weights)
    up = try Projection(plan.up, weights)
    norm = try Norm(plan.norm, weights)
  }

  /// Adds the branch from `x`, what the mixer read, to the stream behind the mixer.
  func add(from x: Buffer, _ step: borrowing ForwardStep) {
    let backend = step.backend
    let inner = step.arena(.lowRank, plan.down.rows)
    let result = step.arena(.projected, step.hiddenSize)
    down.forward(x, into: inner, step)
    up.forward(inner, into: result, step)
    norm.forward(result, into: result, backend)
    backend.add(x, to: result)
    backend.add(result, to: step.stream)
    backend.scale(step.stream, by: Float(0.5).squareRoot())
  }
}
