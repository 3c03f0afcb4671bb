public import Apus
public import ArgumentParser

extension EmbeddingOptions.Pooling: ExpressibleByArgument {}
