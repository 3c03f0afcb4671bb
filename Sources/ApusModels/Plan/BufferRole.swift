/// What a buffer of a step holds: each has room for the widest layer.
enum BufferRole: Int, CaseIterable, Sendable {
  /// The residual stream.
  case stream
  /// Input of a sublayer; with parallel sublayers, of the feed-forward one if it has a norm of its own.
  case normed, normedAgain
  case query, key, value
  /// What attention or a recurrent mixer found, and its projection.
  case attended, projected
  /// Input of a recurrent mixer, and the gates of its input and of what it found.
  case mixerInput, inputGate, outputGate
  /// Multi-head latent attention: queries of low rank, latent vectors without and with the turned part of the keys,
  /// absorbed queries and attention in the latent space, or plain keys with values.
  case latentQuery, latent, latentKey, absorbed, latentAttended, expanded
  case gate, up
  /// The feed-forward sublayer's result.
  case feedForward
  /// Logits of a router; the shared expert's result and its factor.
  case router, shared, sharedGate
  /// Position embeddings, and per-layer inputs with what is made of them.
  case positions, layerInputs, layerEmbeddings, layerInput, layerGate
  /// All residual streams; all but the first, before and behind their last matrices; a router of streams, its factors.
  case streams, otherStreams, endedStreams, streamRouter, streamFactors
  /// Inner values of a branch of low rank.
  case lowRank
}
