/// The id of one entry of a model's vocabulary.
public typealias Token = Int32
