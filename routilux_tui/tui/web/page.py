"""The page in which the dashboard is shown; all that it loads lies beside it."""

from __future__ import annotations

#: What the page may do: load from its own server alone, and be in no other's frame.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>routilux-tui</title>
<link rel="icon" href="data:,">
<link rel="preload" href="mono.ttf" as="font" type="font/ttf" crossorigin>
<link rel="stylesheet" href="xterm.css">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
<script src="textual.js" defer></script>
</head>
<body>
<div id="terminal" class="textual-terminal" data-font-size="15"></div>
<div id="ended" role="alert"><p>This dashboard has ended, or as many are open as may be.
Your jobs go on.</p><p><a href="./">Open it again</a></p></div>
</body>
</html>
"""

STYLE = """\
@font-face { font-family: "Roboto Mono"; src: url("mono.ttf"); font-weight: 100 700; }
html, body { margin: 0; height: 100%; background: #101418; overflow: hidden; }
#terminal { width: 100vw; height: 100vh; font-family: "Roboto Mono", monospace; }
#ended { display: none; position: fixed; inset: 0; background: #101418e0; color: #e6e9ec;
  font: 16px "Roboto Mono", monospace; text-align: center; padding-top: 35vh; z-index: 20; }
#ended a { color: inherit; }
body.-closed #ended { display: block; }
"""

#: The terminal's script wants its socket's whole address: it is that of the page, however reached.
SCRIPT = """\
"use strict";
const address = new URL("socket", location.href);
address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
document.getElementById("terminal").dataset.sessionWebsocketUrl = address.href;
addEventListener("load", () => setTimeout(() => {
  const keys = document.querySelector(".xterm-helper-textarea");
  if (keys) { keys.focus(); }
}));
"""
