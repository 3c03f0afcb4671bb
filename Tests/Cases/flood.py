"""Clients that send a request again and again and read nothing: flood.py PORT COUNT, with the request as input."""

import selectors
import socket
import sys


def connect(port):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def main(port, count):
    data = sys.stdin.buffer.read() * 100
    selector = selectors.DefaultSelector()
    for _ in range(count):
        selector.register(connect(port), selectors.EVENT_WRITE, [0])
    while True:
        for key, _ in selector.select():
            try:
                sent = key.data[0]
                key.data[0] = (sent + key.fileobj.send(data[sent:])) % len(data)
            except BlockingIOError:
                pass
            except OSError:
                selector.unregister(key.fileobj)
                key.fileobj.close()
                selector.register(connect(port), selectors.EVENT_WRITE, [0])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
