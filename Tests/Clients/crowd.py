"""Opens very many connections to a server, and sees that each is answered, or refused in its dialect.

Usage: crowd.py APUS MODEL [CONNECTIONS] [IDLE]

The server has its defaults. CONNECTIONS (1,000) ask at once, each in one of the dialects; then IDLE ones (1,500) are
opened beside the server's everyday work. All must have asked within 10 s, as a server closes those that say nothing for
longer: 5,000 are run by hand, on a machine that is fast enough. Needs nothing but Python, and as many file descriptors
(`ulimit -n`) as there are connections, for the server too. Prints one line for each check and exits 0 if all hold.
"""

import asyncio
import collections
import json
import resource

from dialects import DIALECTS, ask, request
from harness import Server, check, run


async def check_at_once(address, count):
    gate, names = asyncio.Event(), list(DIALECTS)

    async def end(number):
        name = names[number % len(names)]
        dialect = DIALECTS[name]
        try:
            status, body = await ask(address, request(dialect.path, dialect.body(2)), gate)
            body = json.loads(body)
        except Exception as error:  # Whatever a lost connection looks like.
            return name, repr(error)
        if status == 200:
            return name, "answered" if dialect.text(body) else f"no text: {body}"
        return name, "refused" if dialect.is_refusal(status, body) else f"{status} {body}"

    tasks = [asyncio.create_task(end(number)) for number in range(count)]
    await asyncio.sleep(1)
    gate.set()
    ends = collections.Counter(await asyncio.gather(*tasks))
    answered = sum(number for (_, end), number in ends.items() if end == "answered")
    print(f"      {count} at once: {answered} answered, {count - answered} not")
    others = {f"{name}: {end}"[:200] for name, end in ends if end not in ("answered", "refused")}
    check("at once: each is answered, or refused in its dialect", not others, "; ".join(sorted(others)[:5]))
    check("at once: some of each dialect", all(ends[name, "answered"] + ends[name, "refused"] for name in names))
    check("at once: the queue is full of work", answered >= 8, str(answered))


async def check_idle(address, count):
    """Connections that say nothing are all kept, and the server answers beside them."""
    idle = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(count)))
    openai = DIALECTS["OpenAI"]
    status, _ = await ask(address, request(openai.path, openai.body(2)))
    check("idle: the server answers beside them", status == 200, str(status))
    lost = sum(reader.at_eof() for reader, _ in idle)
    check(f"idle: {count} are kept", lost == 0, str(lost))
    room = asyncio.Semaphore(64)

    async def health(reader, writer):
        async with room:
            writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 60)
            writer.close()
            return line

    lines = collections.Counter(await asyncio.gather(*(health(*pair) for pair in idle), return_exceptions=True))
    check("idle: each is answered when it asks at last", set(lines) == {b"HTTP/1.1 200 OK\r\n"}, repr(lines)[:300])


def raise_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"at most {hard} file descriptors, and {count} are needed: ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def main(apus, model, connections=1000, idle=1500):
    most = max(connections, idle)
    raise_descriptors(most + 200)
    # With the defaults: they must be enough for so many from one address.
    with Server(apus, model) as server:
        host, port = server.url.removeprefix("http://").split(":")
        asyncio.run(check_at_once((host, int(port)), connections))
        asyncio.run(check_idle((host, int(port)), idle))
        check("the server ends in order", server.stop() == 0)


if __name__ == "__main__":
    run(main, __doc__, numbers=2)
