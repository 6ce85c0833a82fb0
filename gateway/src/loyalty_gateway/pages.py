"""The GraphiQL page: everything it needs comes from this package, nothing from elsewhere."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = "/graphiql"

# The editor writes style attributes and elements itself; scripts come from files alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>GraphiQL - loyalty</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/graphiql.min.css">
<link rel="stylesheet" href="{folder}/start.css">
</head>
<body>
<div id="graphiql" data-endpoint="{endpoint}">Loading...</div>
<script src="{folder}/react.production.min.js"></script>
<script src="{folder}/react-dom.production.min.js"></script>
<script src="{folder}/graphiql.min.js"></script>
<script src="{folder}/start.js"></script>
</body>
</html>
"""


def graphiql_page(request: Request) -> Response:
    """The page that types queries for the URL it was asked at."""
    root = request.scope.get("root_path", "").rstrip("/")
    page = _PAGE.format(folder=escape(root + FOLDER), endpoint=escape(request.url.path))
    return HTMLResponse(
        page,
        headers={
            "content-security-policy": POLICY,
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
        },
    )


def graphiql_files() -> Mount:
    """The route that serves the page's files from this package."""
    return Mount(FOLDER, StaticFiles(packages=[("loyalty_gateway", "static")]), name="graphiql")
