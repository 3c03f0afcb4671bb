internal import ApusSchema
internal import Testing

struct NumberTests {
  @Test(arguments: [
    Fitting(
      #"{"type": "integer"}"#, ["0", "-0", "12", "1.0", "-7.00"], not: ["01", "1.5", "1.", "+1", "\"1\"", "1e2"]),
    Fitting(#"{"type": "number"}"#, ["0", "1.50", "-1e5", "1E+16", "1e-05"], not: ["1e", ".5", "NaN"]),
    Fitting(
      #"{"type": "integer", "minimum": -3, "maximum": 120}"#, ["-3", "0", "-0", "99", "120", "120.0"],
      not: ["-4", "121", "1200", "-30", "119.5"]),
    Fitting(
      #"{"type": "number", "exclusiveMinimum": 0, "maximum": 1.25}"#,
      ["0.001", "1", "1.25", "1.250", "1e-07", "1e-307"],
      not: ["0", "0.0", "-1", "1.26", "2", "-1e-07", "5e-444"]),
    Fitting(
      #"{"type": "number", "minimum": 0, "exclusiveMinimum": true}"#, ["0.5", "3", "2.5e+20"], not: ["0", "-0.1"]),
    Fitting(
      #"{"type": "number", "minimum": 1e-07, "maximum": 3e+20}"#, ["1e-07", "2.5e-6", "7", "3e+20", "1e+16"],
      not: ["9e-08", "0", "3.1e+20", "1e-08", "1e+21"]),
    Fitting(
      #"{"type": "integer", "multipleOf": 7}"#, ["0", "7", "-14", "700", "49.0"], not: ["1", "13", "-15", "7.5"]),
    Fitting(
      #"{"multipleOf": 0.25, "type": "number", "minimum": 1}"#, ["1", "1.25", "1.250", "20.5"],
      not: ["0.75", "1.1", "1.255"]),
    Fitting(
      #"{"type": "integer", "minimum": 10, "maximum": 50, "multipleOf": 11, "not": {"const": 33}}"#,
      ["11", "22", "44"],
      not: ["33", "55", "0", "12"]),
    Fitting(#"{"type": "number", "not": {"type": "integer"}}"#, ["1.5", "0.1"], not: ["1", "2.0", "0"]),
    Fitting(#"{"enum": [1, 2.5, -3]}"#, ["1", "1.0", "2.5", "-3"], not: ["2", "3", "2.51"]),
    Fitting(
      #"{"type": "integer", "oneOf": [{"minimum": 5}, {"maximum": 8}]}"#, ["4", "9", "-100", "100"],
      not: ["5", "7", "8"]),
  ])
  func fits(fitting: Fitting) throws { #expect(try fitting.mistakes() == [], "\(fitting.schema)") }

  /// All whole numbers and halves around the ends of random intervals.
  @Test(arguments: [
    Fitting(#"{"type": "integer"}"#, ["0", "-22", "100"], not: ["22.0", "1.", "1.5", "1e2"]),
    Fitting(#"{"type": "integer", "minimum": 1, "maximum": 30}"#, ["1", "30"], not: ["1.0", "30.00", "31"]),
    Fitting(#"{"type": "integer", "multipleOf": 7}"#, ["0", "-7", "700"], not: ["7.0", "8"]),
    Fitting(#"{"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 30}"#, ["7", "28"], not: ["7.0", "35"]),
    Fitting(#"{"type": "number"}"#, ["1", "1.0", "1.5", "1e2"], not: ["1."]),
    Fitting(#"{"type": "number", "multipleOf": 0.5}"#, ["1", "1.0", "1.5"], not: ["1.2"]),
  ])
  func integersMayBeHeldToHaveNoPoint(fitting: Fitting) throws {
    #expect(try fitting.mistakes(JSONSchemaOptions(integersMayHavePoint: false)) == [], "\(fitting.schema)")
  }

  @Test func intervalsAreExact() throws {
    for (low, high) in [(-12, -3), (-5, 7), (0, 0), (9, 10), (99, 101), (-101, 1000), (995, 2005)] {
      for kind in ["integer", "number"] {
        let start = try matcher(#"{"type": "\#(kind)", "minimum": \#(low), "maximum": \#(high)}"#)
        for value in (low - 15)...(high + 15) {
          let isIn = value >= low && value <= high
          #expect(accepts("\(value)", start) == isIn, "\(value) in \(low)...\(high)")
          let half = value < high && value >= low && kind == "number"
          let text = value < 0 ? (value == -1 ? "-0.5" : "\(value + 1).5") : "\(value).5"
          #expect(accepts(text, start) == half, "\(text) in \(low)...\(high), \(kind)")
        }
      }
    }
  }
}
