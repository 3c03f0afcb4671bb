// What a user of the library names, though modules below declare it: `import Apus` is enough.

@_exported public import enum ApusChat.ToolChoice
@_exported public import typealias ApusCore.Token
@_exported public import struct ApusModels.ModelWarning
@_exported public import struct ApusSampling.SamplingOptions
