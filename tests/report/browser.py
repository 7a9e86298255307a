"""Chromium over its debugging protocol: enough to open a file, press keys, look at the page and take its picture."""

from __future__ import annotations

import asyncio
import base64
import http.client
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

from tornado.websocket import websocket_connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60.0  # seconds


def installed() -> str | None:
    """The browser of this machine, if it has one."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page of a headless browser; `problems` are its console errors, exceptions and requests that failed, unless it does not listen."""

    def __init__(self, profile: Path, width: int = 1366, height: int = 768, listening: bool = True):
        self._loop = asyncio.new_event_loop()
        self._process = subprocess.Popen(
            [
                installed(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                "--no-first-run",
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._numbers, self.problems, self.requests = itertools.count(1), [], []
        self._socket = self._run(self._connect(profile / "DevToolsActivePort"))
        for domain in ("Page", "Runtime", "Log", "Network") if listening else ("Page",):
            self.call(f"{domain}.enable")
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def open(self, file: Path) -> float:
        """Open a file; seconds until its first figures are drawn."""
        started = time.perf_counter()
        self.call("Page.navigate", url=Path(file).resolve().as_uri())
        self.wait("document.readyState === 'complete' && document.querySelector('.canvas[data-drawn]') !== null")
        return time.perf_counter() - started

    def run(self, script: str):
        """Value of an expression in the page; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        end = time.perf_counter() + PATIENCE
        while not self.run(condition):
            if time.perf_counter() > end:
                raise AssertionError(f"never true: {condition}; problems: {self.problems}")
            time.sleep(0.03)

    def press(self, key: str) -> None:
        code = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39, "ArrowDown": 40}[key]
        extra = {"text": {"Enter": "\r", " ": " "}[key]} if key in ("Enter", " ") else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, file: Path, whole: bool = False) -> None:
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(file).write_bytes(base64.b64decode(data))

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(10)
        self._run(asyncio.sleep(0.05))
        self._loop.close()

    def call(self, method: str, **parameters) -> dict:
        return self._run(self._call(method, parameters))

    def _run(self, task):
        return self._loop.run_until_complete(asyncio.wait_for(task, PATIENCE))

    async def _connect(self, port_file: Path):
        end = time.perf_counter() + PATIENCE
        while not (port_file.exists() and len(port_file.read_text().split()) == 2) and time.perf_counter() < end:
            await asyncio.sleep(0.05)
        port = port_file.read_text().split()[0]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        connection.request("GET", "/json")
        answer = connection.getresponse().read()
        connection.close()
        page = next(one for one in json.loads(answer) if one["type"] == "page")
        return await websocket_connect(page["webSocketDebuggerUrl"], max_message_size=1 << 30)

    async def _call(self, method: str, parameters: dict) -> dict:
        number = next(self._numbers)
        await self._socket.write_message(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await self._socket.read_message())
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: dict) -> None:
        method, what = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(what["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Runtime.consoleAPICalled" and what["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(one.get("value", one.get("description"))) for one in what["args"]))
        elif method == "Log.entryAdded" and what["entry"]["level"] in ("error", "warning"):
            self.problems.append(what["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])
