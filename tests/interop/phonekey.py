"""What a client of phonekey does, and the file into which phonekey writes its messages."""

import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

PATIENCE = 5  # seconds for a message to arrive


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str


class Phonekey:
    def __init__(self, base_url, outbox):
        self.http = httpx.Client(base_url=base_url, timeout=10)
        self.outbox = Path(outbox)

    def close(self):
        self.http.close()

    def log_in(self, mobile=None):
        mobile = mobile or "0912" + "".join(random.choices("0123456789", k=7))
        created = self._post("create", {"receiver": mobile})
        challenge = created.raise_for_status().json()["uuid"]
        answer = {"uuid": challenge, "receiver": mobile, "code": self._code(challenge)}
        return self._tokens(self._post("verify", answer))

    def refresh(self, token):
        return self._tokens(self.try_refresh(token))

    def try_refresh(self, token):
        return self._post("refresh", {"refresh": str(token)})

    def _post(self, name, body):
        return self.http.post(f"/api/auth/otp/{name}/", json=body)

    def _tokens(self, response):
        assert response.status_code == 200, response.text
        body = response.json()
        return Tokens(body["access"], body["refresh"])

    def _code(self, challenge):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self._lines():
                message = json.loads(line)
                if message["uuid"] == challenge:
                    return message["code"]
            time.sleep(0.02)
        raise AssertionError(f"no message for {challenge} within {PATIENCE} s")

    def _lines(self):
        if not self.outbox.exists():
            return []
        text = self.outbox.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()
