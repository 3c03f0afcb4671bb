internal import ApusCore

/// What mixes the tokens of a sequence in one layer.
enum Mixer {
  case attention(Attention)
  case latent(LatentAttention)
  case convolution(GatedConvolution)

  init(_ plan: MixerPlan, ropes: [RopePlan], _ weights: WeightMap) throws(ModelError) {
    switch plan {
    case .attention(let plan):
      self = .attention(
        try Attention(plan, pairing: plan.rope.map { ropes[$0].configuration.pairing }, weights))
    case .latent(let plan):
      self = .latent(try LatentAttention(plan, pairing: ropes[plan.rope].configuration.pairing, weights))
    case .convolution(let plan): self = .convolution(try GatedConvolution(plan, weights))
    }
  }

  /// Mixes; the result is not yet projected, so that rows can be left out before.
  func mix(_ x: Buffer, _ step: borrowing ForwardStep) -> Buffer {
    switch self {
    case .attention(let attention): attention.attend(from: x, step)
    case .latent(let attention): attention.attend(from: x, step)
    case .convolution(let convolution): convolution.convolve(x, step)
    }
  }

  func project(_ mixed: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    switch self {
    case .attention(let attention): attention.project(mixed, into: y, step)
    case .latent(let attention): attention.project(mixed, into: y, step)
    case .convolution(let convolution): convolution.project(mixed, into: y, step)
    }
  }
}

/// What each token goes through by itself in one layer.
enum FeedForwardLayer {
  case dense(FeedForward)
  case experts(Experts)
  case denseAndExperts(DenseAndExperts)

  init(_ kind: FeedForwardKind, _ weights: WeightMap) throws(ModelError) {
    switch kind {
    case .dense(let plan): self = .dense(try FeedForward(plan, weights))
    case .experts(let plan): self = .experts(try Experts(plan, weights))
    case .denseAndExperts(let plan): self = .denseAndExperts(try DenseAndExperts(plan, weights))
    }
  }

  func forward(_ x: Buffer, into y: Buffer, _ step: borrowing ForwardStep) {
    switch self {
    case .dense(let layer): layer.forward(x, into: y, step)
    case .experts(let layer): layer.forward(x, into: y, step)
    case .denseAndExperts(let layer): layer.forward(x, into: y, step)
    }
  }
}

/// One layer: see `LayerPlan`.
///
/// It and its parts are classes: copies of what they hold, made in every step, took as long as the norms of a small
/// model.
final class Layer {
  private let plan: LayerPlan
  private let index: Int
  private let mixerNorm: Norm?
  private let mixer: Mixer
  private let mixerOutputNorm: Norm?
  private let mixerStreamNorm: Norm?
  private let feedForwardNorm: Norm?
  private let feedForward: FeedForwardLayer
  private let feedForwardOutputNorm: Norm?
  private let feedForwardStreamNorm: Norm?
  private let layerInput: LayerInput?
  private let streams: LayerStreams?
  private let lowRank: LowRankBranch?
  private let outputFactor: Float

  init(_ plan: LayerPlan, index: Int, ropes: [RopePlan], _ weights: WeightMap) throws(ModelError) {
    self.plan = plan
    self.index = index
    mixerNorm = try Norm(plan.mixerNorm, weights)
    mixer = try Mixer(plan.mixer, ropes: ropes, weights)
    mixerOutputNorm = try Norm(plan.mixerOutputNorm, weights)
    mixerStreamNorm = try Norm(plan.mixerStreamNorm, weights)
    feedForwardNorm = try Norm(plan.feedForwardNorm, weights)
    feedForward = try FeedForwardLayer(plan.feedForward, weights)
    feedForwardOutputNorm = try Norm(plan.feedForwardOutputNorm, weights)
    feedForwardStreamNorm = try Norm(plan.feedForwardStreamNorm, weights)
    layerInput = try plan.layerInput.map { plan throws(ModelError) in try LayerInput(plan, weights) }
    streams = try LayerStreams(plan.streams, weights)
    lowRank = try LowRankBranch(plan.lowRank, weights)
    outputFactor = try plan.outputFactor.map { plan throws(ModelError) in try weights.values(plan)[0] } ?? 1
  }

  /// Adds the layer to the residual stream; in the last layer, with `isLast`, only for the rows that are kept.
  ///
  /// False where no row was left.
  func forward(_ step: borrowing ForwardStep, isLast: Bool) -> Bool {
    let (backend, arena, hidden) = (step.backend, step.arena, step.hiddenSize)
    streams?.predict(step)
    let input = normed(by: mixerNorm, into: .normed, step)
    let mixed = mixer.mix(input, step)
    if isLast {
      guard !step.keptRows.isEmpty else { return false }
      step.keepRows(of: [step.stream, mixed] + keptInputs(input, step))
    }
    let stream = step.stream
    let projected = arena(.projected, hidden)
    mixer.project(mixed, into: projected, step)
    if plan.normsMixedStream { backend.add(stream, to: projected) }
    mixerOutputNorm?.forward(projected, into: projected, backend)
    if !plan.isParallel { addMixed(projected, step) }
    lowRank?.add(from: input, step)

    let result = arena(.feedForward, hidden)
    let isShared = plan.isParallel && feedForwardNorm == nil
    let role = plan.isParallel ? BufferRole.normedAgain : .normed
    feedForward.forward(
      isShared ? (mixerNorm == nil ? stream : arena(.normed, hidden)) : normed(by: feedForwardNorm, into: role, step),
      into: result, step)
    feedForwardOutputNorm?.forward(result, into: result, backend)
    if plan.isParallel { addMixed(projected, step) }
    backend.add(result, to: stream, factor: plan.residualScale)
    feedForwardStreamNorm?.forward(stream, into: stream, backend)
    finish(step)
    backend.scale(stream, by: outputFactor)
    return true
  }

  /// What comes behind both sublayers.
  private func finish(_ step: borrowing ForwardStep) {
    guard let streams else {
      layerInput?.forward(step, layer: index)
      return
    }
    streams.correct(step)
    if let layerInput { streams.add(layerInput, step, layer: index) }
  }

  private func addMixed(_ projected: Buffer, _ step: borrowing ForwardStep) {
    step.backend.add(projected, to: step.stream, factor: plan.residualScale)
    mixerStreamNorm?.forward(step.stream, into: step.stream, step.backend)
  }

  /// The stream, through `norm` if there is one.
  private func normed(by norm: Norm?, into role: BufferRole, _ step: borrowing ForwardStep) -> Buffer {
    guard let norm else { return step.stream }
    let normed = step.arena(role, step.hiddenSize)
    norm.forward(step.stream, into: normed, step.backend)
    return normed
  }

  /// What else of the rows is read behind the mixer.
  private func keptInputs(_ input: Buffer, _ step: borrowing ForwardStep) -> [Buffer] {
    var buffers: [Buffer] = []
    let isShared = plan.isParallel && feedForwardNorm == nil
    if isShared || lowRank != nil, mixerNorm != nil { buffers.append(input) }
    if let streams { buffers.append(streams.all(step)) }
    if let layerInput { buffers.append(layerInput.inputs(step)) }
    return buffers
  }
}
