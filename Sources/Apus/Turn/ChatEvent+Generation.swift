extension ChatEvent {
  /// An event of a raw completion, whose text is all answer.
  package init(_ event: GenerationEvent) {
    self =
      switch event {
      case .progress(let progress): .progress(progress)
      case .text(let delta): .text(delta)
      case .finished(let summary): .finished(summary)
      }
  }
}
