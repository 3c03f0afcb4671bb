"""One streaming request to a server with OpenAI's API."""

import http.client
import json
import time
import urllib.parse

from serving.figures import Answer

clock = time.monotonic


class Failed(Exception):
    """A request that the server refused, or whose answer cannot be read."""


class Server:
    """A server by its address, with or without `/v1`."""

    def __init__(self, url, key=None, model=None, is_chat=False, timeout=600, temperature=0):
        parts = urllib.parse.urlsplit(url if "//" in url else f"http://{url}")
        try:
            self._host, self._port = parts.hostname, parts.port
        except ValueError as error:
            raise Failed(f"{url}: {error}") from error
        if parts.scheme not in ("http", "https") or not self._host:
            raise Failed(f"{url}: not the address of a server; expected one like http://localhost:8080")
        self._connection = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._base = parts.path.rstrip("/").removesuffix("/v1") + "/v1"
        # What is measured is to be computed.
        self._headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._is_chat, self._timeout, self._temperature = is_chat, timeout, temperature
        self.model = model or self._first_model()

    def _connect(self):
        return self._connection(self._host, self._port, timeout=self._timeout)

    def _first_model(self):
        connection = self._connect()
        try:
            connection.request("GET", f"{self._base}/models", headers=self._headers)
            return json.loads(_accepted(connection.getresponse()).read())["data"][0]["id"]
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
            raise Failed(f"{self._base}/models names no model: {error!r}; name one with --model") from error
        finally:
            connection.close()

    def ask(self, prompt, tokens, on_text=lambda: None, is_wanted=lambda: True):
        """Asks for `tokens` tokens; ends early, without an error, once `is_wanted` says no."""
        answer = Answer(clock())
        connection = self._connect()
        try:
            path = "/chat/completions" if self._is_chat else "/completions"
            connection.request("POST", self._base + path, json.dumps(self._body(prompt, tokens)), self._headers)
            for event in _events(_accepted(connection.getresponse())):
                _take(event, answer, on_text)
                if not is_wanted():
                    break
            if not answer.times:
                raise Failed("an answer without text")
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError, Failed) as error:
            answer.error = str(error) or repr(error)
        finally:
            answer.end = clock()
            connection.close()
        return answer

    def _body(self, prompt, tokens):
        text = {"messages": [{"role": "user", "content": prompt}]} if self._is_chat else {"prompt": prompt}
        return {
            "model": self.model, **text, "max_tokens": tokens, "stream": True,
            "temperature": self._temperature, "seed": 1, "ignore_eos": True, "stream_options": {"include_usage": True},
        }


def _accepted(response):
    if response.status != 200:
        raise Failed(f"status {response.status}: {response.read(2000).decode(errors='replace')}")
    return response


def _events(response):
    """The data of each server-sent event, up to the last."""
    is_complete = False
    for line in response:
        name, _, value = line.decode().strip().partition(":")
        if name != "data":
            continue
        is_complete = value.strip() == "[DONE]"
        if is_complete:
            break
        yield json.loads(value)
    if not is_complete:
        raise Failed("the stream ended before [DONE]")


def _take(event, answer, on_text):
    if "error" in event:
        raise Failed(f"an error in the stream: {event['error']}")
    for choice in event.get("choices") or []:
        part = choice.get("delta") or {}
        if choice.get("text") or part.get("content") or part.get("reasoning_content"):
            answer.times.append(clock())
            on_text()
    usage = event.get("usage")
    if usage:
        answer.prompt_tokens, answer.tokens = usage["prompt_tokens"], usage["completion_tokens"]
