/// The id of one entry of a vocabulary.
package typealias Token = Int32
