internal import Apus
internal import Testing

struct SeedTests {
  @Test(arguments: [
    ("-1", nil), ("0", 0), ("-0", 0), ("7", 7), ("007", 7), ("9223372036854775808", 9_223_372_036_854_775_808),
    ("18446744073709551615", UInt64.max),
  ])
  func `What people write is read`(_ text: String, _ value: UInt64?) throws { #expect(try Seed(text).value == value) }

  @Test(arguments: [
    ("18446744073709551616", "at most 18446744073709551615"), ("99999999999999999999999", "at most"),
    ("-2", "at least -1"), ("-99999999999999999999999", "at least -1"), ("", "whole number"), ("-", "whole number"),
    ("1.5", "whole number"), ("+1", "whole number"), ("é", "whole number"), ("--1", "whole number"),
  ])
  func `What is no seed is an error that names the bound`(_ text: String, _ words: String) {
    #expect {
      try Seed(text)
    } throws: {
      "\($0)".contains(words)
    }
  }
}
