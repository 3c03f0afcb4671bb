/// Where the recurrent states of one sequence come from in a step, and where they go to.
///
/// Each place is a state slot of the KV cache. To restore a sequence, fork it or take back tokens, name the slot that
/// holds its states behind the position from which it goes on: nothing is copied beforehand. A slot in which a sequence
/// both starts and ends has lost its old states behind the step, also behind one that failed. A sequence without rows
/// in the step reads and writes no slot.
package struct SequenceStates: Sendable, Equatable {
  /// A copy of the states as they are in the middle of a step.
  package struct Snapshot: Sendable, Equatable {
    /// The row of the step behind which they are taken, one of the sequence's.
    package var row: Int
    package var slot: Int32

    package init(row: Int, slot: Int32) {
      self.row = row
      self.slot = slot
    }
  }

  /// The slot with the states in front of the sequence's first row; nil at position 0, where they are zeros.
  ///
  /// Several sequences may start from one slot, if none of them ends in it.
  package var start: Int32?
  /// The slot that gets the states behind the sequence's last row; nil where nothing follows.
  package var end: Int32?
  /// Slots that get the states behind single rows; no sequence of the step starts from them.
  package var snapshots: [Snapshot]

  package init(start: Int32? = nil, end: Int32?, snapshots: [Snapshot] = []) {
    self.start = start
    self.end = end
    self.snapshots = snapshots
  }
}
