/// Finds zero bytes one after the other, as a copy that was cut short or a hole in a file leaves them.
enum ZeroRun {
  /// The first run of at least `minimum` (16 or more) zero bytes that does not begin before `start`; nil for none.
  ///
  /// Looks at eight bytes for each half of `minimum`, and at all of a run.
  static func first(in bytes: RawSpan, from start: Int, minimum: Int) -> Range<Int>? {
    let step = minimum / 2
    // One of these words lies in the run, if there is one.
    var sample = start
    while sample + 8 <= bytes.byteCount {
      guard bytes.word(at: sample) == 0 else {
        sample += step
        continue
      }
      let run = around(sample..<sample + 8, in: bytes, from: start)
      if run.count >= minimum { return run }
      sample = max(sample + step, run.upperBound)
    }
    return nil
  }

  /// The run that holds `zeros`, whose bytes are zero.
  static func around(_ zeros: Range<Int>, in bytes: RawSpan, from start: Int = 0) -> Range<Int> {
    var (first, end) = (zeros.lowerBound, zeros.upperBound)
    while first - 8 >= start, bytes.word(at: first - 8) == 0 { first -= 8 }
    while first > start, bytes.uint8(at: first - 1) == 0 { first -= 1 }
    while end + 8 <= bytes.byteCount, bytes.word(at: end) == 0 { end += 8 }
    while end < bytes.byteCount, bytes.uint8(at: end) == 0 { end += 1 }
    return first..<end
  }
}
