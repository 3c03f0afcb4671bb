internal import ApusCore

/// How a family of models builds its layers: Llama's way, unless set otherwise.
///
/// Biases, factors, fused tensors and a tied output need no switch: they are there where the file has them.
struct BlockStyle {
  enum NormPlacement {
    /// Before each sublayer.
    case before
    /// On what each sublayer adds.
    case after
    /// Both.
    case around
    /// On the stream behind each sublayer, as in the first Transformers (arXiv:1706.03762).
    case behind
  }

  enum HeadNorm {
    case none
    /// Queries and keys are normed head by head, by the same gain.
    case perHead
    /// Queries and keys are normed as a whole, before they are cut into heads.
    case fullWidth
  }

  /// Which values RoPE turns together; nil for no RoPE.
  var pairing: RopeParameters.Pairing?
  /// Whether RoPE may turn a part of a head only.
  var allowsPartialRope = true
  /// Layers with RoPE, by their index and whether they have a window.
  var hasRope: (_ layer: Int, _ isWindowed: Bool) -> Bool = { _, _ in true }
  /// Whether layers with a window have RoPE of their own: another base, and no scaling.
  var hasWindowRope = false
  /// That base where the file does not say it; nil for the base of the other layers.
  var windowRopeBase: Float?

  var norm = NormParameters.Kind.rms
  var placement = NormPlacement.before
  var feedForwardNormName = "ffn_norm"
  /// Whether both sublayers read the same input.
  var isParallel = false
  var headNorm = HeadNorm.none
  /// Whether layers may have no keys and values, and then another mixer, which the architecture puts in.
  var allowsOtherMixers = false

  /// Every how many layers one looks at all positions where the file does not say it; nil for a window in all layers.
  var windowPeriod: Int?
  /// Whether that layer is the first of its period; else it is the last.
  var startsPeriodWithoutWindow = false
  /// The window where the file does not say it; 0 for none.
  var defaultWindow = 0
  /// Whether a window in the file is not applied.
  var ignoresWindow = false
  /// Factor on the scores; nil for one over the root of a key's size.
  var attentionScale: Float?
  var attentionCap: Float?

  var activation = Activation.silu
  /// Whether the feed-forward sublayer has a gate.
  var isGated = true
  /// Whether gate and up are one tensor, where the file has none for the gate.
  var hasFusedGate = false
  /// Nil for a model without experts.
  var experts: ExpertStyle?

  var embeddingScale: Float = 1
  var residualScale: Float = 1
  var logitScale: Float = 1
  var logitCap: Float?

  init(_ pairing: RopeParameters.Pairing?) { self.pairing = pairing }
}

/// How a family routes, where its files do not say it.
struct ExpertStyle {
  var scoring = RoutingRule.Scoring.softmax
  var isNormalized = true
  var activation = Activation.silu
  var isGated = true
  /// Layers that have experts, beside those that the file says are dense.
  var isRouted: (_ layer: Int) -> Bool = { _ in true }
}
