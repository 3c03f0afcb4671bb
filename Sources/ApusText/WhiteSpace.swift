/// Whether a byte is white space in ASCII: a space, or one of the controls from tab to carriage return.
package func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
