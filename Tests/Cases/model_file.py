"""Changes GGUF files: metadata set and removed, the tensors kept as they are."""

import struct

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def scalar(self, code):
        value, = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self):
        count = self.scalar("Q")
        self.at += count
        return self.data[self.at - count:self.at]

    def skip(self, kind):
        if kind == _STRING:
            self.string()
        elif kind == _ARRAY:
            element, count = self.scalar("I"), self.scalar("Q")
            for _ in range(count):
                self.skip(element)
        else:
            self.at += struct.calcsize("<" + _SCALARS[kind])


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _encoded(value):
    """A value with its type: bool, int (uint32), float, text, or a list of ints or texts."""
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    if all(isinstance(element, int) for element in value):
        return struct.pack("<IIQ", _ARRAY, 4, len(value)) + struct.pack(f"<{len(value)}I", *value)
    return struct.pack("<IIQ", _ARRAY, _STRING, len(value)) + b"".join(map(_string, value))


class ModelFile:
    """The parts of a GGUF file: `entries` of metadata as bytes by key, `tensors` as (name, offset, size), `data`."""

    def __init__(self, path):
        with open(path, "rb") as file:
            content = file.read()
        reader = _Reader(content)
        reader.at = 8
        tensor_count, entry_count = reader.scalar("Q"), reader.scalar("Q")
        self.entries = {}
        for _ in range(entry_count):
            key = reader.string().decode()
            start = reader.at
            reader.skip(reader.scalar("I"))
            self.entries[key] = content[start:reader.at]
        start = reader.at
        places = []
        for _ in range(tensor_count):
            name = reader.string().decode()
            dimensions = reader.scalar("I")
            reader.at += 8 * dimensions + 4
            places.append((name, reader.scalar("Q")))
        self._infos = content[start:reader.at]
        self.data = bytearray(content[self._aligned(reader.at):])
        ends = sorted(offset for _, offset in places) + [len(self.data)]
        self.tensors = [(name, offset, ends[ends.index(offset) + 1] - offset) for name, offset in places]

    def _aligned(self, count):
        alignment = 32
        if "general.alignment" in self.entries:
            alignment, = struct.unpack_from("<I", self.entries["general.alignment"], 4)
        return -(-count // alignment) * alignment

    def set(self, key, value):
        """Sets one entry of metadata."""
        self.entries[key] = _encoded(value)
        return self

    def remove(self, *keys):
        for key in keys:
            del self.entries[key]
        return self

    def write(self, path):
        """Writes the file and returns its path."""
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.entries))
        head += b"".join(_string(key) + value for key, value in self.entries.items()) + self._infos
        with open(path, "wb") as file:
            file.write(head + bytes(self._aligned(len(head)) - len(head)))
            file.write(self.data)
        return path
