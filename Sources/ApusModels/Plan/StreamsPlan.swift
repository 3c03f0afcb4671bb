internal import ApusCore

/// Several residual streams of each token (AltUp, arXiv:2301.13310), of which layers compute the first only: how they
/// begin and end.
///
/// Stream i begins as the embedding through a matrix, brought to the embedding's length; at the end each goes through
/// another matrix, is brought to the length of the first, and all are averaged.
struct StreamsPlan: Sendable, HasTensors {
  var count: Int
  var hiddenSize: Int
  /// All matrices of the streams but the first, one below the other.
  var begin: TensorPlan
  /// A stack of them.
  var end: TensorPlan

  var parts: [any HasTensors] { [begin] }
  var laterParts: [any HasTensors] { [end] }

  var columns: [BufferRole: Int] {
    [
      .streams: count * hiddenSize, .otherStreams: (count - 1) * hiddenSize, .endedStreams: (count - 1) * hiddenSize,
      .streamRouter: count, .streamFactors: count * count,
    ]
  }
}

/// What a layer does with several residual streams.
///
/// Before it each stream is predicted from all of them, and the layer computes the first one's prediction. Behind it
/// what it changed there corrects all of them. Factors come from `tanh(router(norm(x) · scale))` of the first stream.
struct LayerStreamsPlan: Sendable, HasTensors {
  var count: Int
  var routerNorm: NormPlan
  /// Factor on the router's input.
  var routerScale: Float
  var router: ProjectionPlan
  /// To a factor for each pair of streams: that of stream i in j is number `count · j + i`; 1 more for a stream itself.
  var predict: ProjectionPlan
  /// To a factor for each stream, less 1.
  var correct: ProjectionPlan
  /// Factors on the first stream where it is read for the layer's own input, which the other streams get.
  var inputFactors: TensorPlan

  /// The prediction is before the mixer, and so for all rows; its router is read for both.
  var parts: [any HasTensors] { [routerNorm, router, predict] }
  var laterParts: [any HasTensors] { [correct, inputFactors] }
}

/// A branch beside the mixer, of low rank: `x + norm(up(down(x)))` (LAuReL, arXiv:2411.07501).
///
/// The stream behind the mixer is the sum of both over the root of 2.
struct LowRankPlan: Sendable, HasTensors {
  var down: ProjectionPlan
  var up: ProjectionPlan
  var norm: NormPlan

  var parts: [any HasTensors] { [down, up, norm] }
}
