"""Opens a page of `analyze report` in headless Chromium and checks that it stands on its own.

    python3 tests/interop/browser.py out.report.html [--screenshots FOLDER]

Passes only if, at 1280 and 400 pixels of width: nothing is written to the console, nothing but the file itself is
requested, every <svg> has a box, no text of a figure lies over another, every link finds its target, and nothing sticks
out to the side. Needs a Chromium and no Python package: it speaks the DevTools protocol over two pipes. Without a
Chromium it says so and exits with 77.
"""

import argparse
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
WIDTHS = [1280, 400]

# Run in the page; answers a list of complaints.
CHECKS = """(() => {
  const bad = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > window.innerWidth) bad.push(`the page is ${wide} wide in a window of ${window.innerWidth}`);
  const svgs = [...document.querySelectorAll('svg')];
  if (svgs.length === 0) bad.push('no figure');
  for (const svg of svgs) {
    const box = svg.getBoundingClientRect();
    const name = svg.getAttribute('aria-labelledby');
    if (!(box.width > 100 && box.height > 100)) bad.push(`${name}: ${box.width} x ${box.height}`);
    if (!document.getElementById(name)?.textContent) bad.push(`${name}: no description`);
    const words = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    words.forEach(([text, a], at) => words.slice(at + 1).forEach(([other, b]) => {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      // A quarter of a line: boxes hold the room for descenders too.
      if (x > 1 && y > 0.25 * Math.min(a.height, b.height)) bad.push(`${name}: '${text}' lies over '${other}'`);
    }));
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) bad.push('an id occurs twice');
  for (const a of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(a.hash.slice(1))) bad.push(`no target ${a.hash}`);
  return bad;
})()"""


class Browser:
    """A Chromium without a window, spoken to over file descriptors 3 and 4."""

    def __init__(self, program, folder):
        to_browser, self.to_browser = os.pipe()
        self.from_browser, from_browser = os.pipe()
        arguments = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                     "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]

        def connect():
            # Above 4 first, so that neither is closed by the other's arrival.
            ends = [os.dup(to_browser), os.dup(from_browser)]
            high = [os.dup2(end, 100 + at) for at, end in enumerate(ends)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(arguments, preexec_fn=connect, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.rest = b""
        self.last = 0
        self.session = None
        self.events = []

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.from_browser, 1 << 20)
            if not part:
                raise SystemExit("Chromium went away")
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.last += 1
        request = {"id": self.last, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def close(self):
        self.process.terminate()
        self.process.wait()


def check(browser, page, screenshots):
    complaints = []
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Log", "Network"]:
        browser.call(f"{domain}.enable")
    for width in WIDTHS:
        browser.events.clear()
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        browser.call("Page.navigate", url=page.as_uri())
        browser.wait("Page.loadEventFired")
        found = browser.call("Runtime.evaluate", expression=CHECKS, returnByValue=True)["result"]
        complaints += [f"{width}: {line}" for line in found.get("value", [str(found)])]
        for event in browser.events:
            kind, params = event.get("method"), event.get("params", {})
            if kind in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                complaints.append(f"{width}: {kind}: {json.dumps(params)[:300]}")
            if kind == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if url != page.as_uri() and not url.startswith("data:"):
                    complaints.append(f"{width}: requested {url}")
        picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path = screenshots / f"{page.stem}-{width}.png"
        path.write_bytes(base64.b64decode(picture["data"]))
        print(f"{width} pixels wide: {path}")
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path, help="folder for the pictures [default: beside the page]")
    args = parser.parse_args()
    program = next((path for path in map(shutil.which, NAMES) if path), None)
    if program is None:
        print("SKIPPED: no Chromium here, the report was NOT looked at in a browser", file=sys.stderr)
        return 77
    page = args.page.resolve()
    screenshots = args.screenshots or page.parent
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            complaints = check(browser, page, screenshots)
        finally:
            browser.close()
    for line in complaints:
        print(line, file=sys.stderr)
    print(f"{page.name}: {'ok' if not complaints else f'{len(complaints)} complaints'}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
