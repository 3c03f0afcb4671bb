/// Sets of bytes by number; equal ones have one number.
struct ByteSetTable {
  private(set) var sets: [ByteSet] = []
  private var slots = SlotTable()

  var byteCount: Int { sets.count * 32 + slots.byteCount }

  mutating func number(of set: ByteSet) -> Int32 {
    var mark = LanguageMark(0)
    set.feed(&mark)
    var slot = slots.begin(mark.low)
    while let known = slots.find(mark.low, &slot) {
      if sets[known] == set { return Int32(known) }
    }
    slots.append(mark.low, at: slot)
    sets.append(set)
    return Int32(sets.count - 1)
  }
}
