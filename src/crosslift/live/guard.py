"""Access to the server: it answers its own page and clients with its token, and no other site.

A page of another site can send requests to a server on this machine, and a name of that site can be
made to lead here (DNS rebinding). So every request must name a host that is this machine, must come
from a page of this server if it comes from a page at all, and must have the token if there is one.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crosslift.live.options import LOOPBACK
from crosslift.live.refusals import Refusal

_OWN_PAGE = ("same-origin", "none")
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The content policy of everything but a page, which sets its own."""


class Guard:
    """Refuses requests of other sites and clients, and sets the headers of all answers.

    Args:
        app: the application behind the guard.
        host: host that the server is bound to.
        token: token that every request must have; None: no request needs one.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        self._app = app
        self._names = frozenset(LOOPBACK if host in LOOPBACK else (*LOOPBACK, *_names_of(host)))
        self._loopback = host in LOOPBACK
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or refuses it. There are no web sockets."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", _CLOSED)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer: ASGIApp
        try:
            answer = self._checked(Request(scope))
        except Refusal as refusal:
            words = {"error": refusal.words}
            answer = JSONResponse(words, refusal.status, headers=refusal.headers)
        await answer(scope, receive, with_headers)

    def _checked(self, request: Request) -> ASGIApp:
        """The application that answers an accepted request."""
        self._check_host(request.headers)
        _check_site(request)
        if self._token is None:
            return self._app
        cookie = f"crosslift-{request.scope['server'][1]}"
        token = request.query_params.get("token")
        if token is not None and _asks_for_page(request):
            return self._with_cookie(token, cookie)
        if not self._same(_token_in(request.headers, cookie)):
            raise Refusal(
                401,
                "this server needs its token: open the address that it printed, or send the header "
                "Authorization: Bearer TOKEN",
                {"www-authenticate": "Bearer"},
            )
        return self._app

    def _with_cookie(self, token: str, cookie: str) -> ASGIApp:
        """The token leaves the address at once: addresses are kept in histories."""
        if not self._same(token):
            raise Refusal(401, "this is not the token of this server")
        response = RedirectResponse("/", 303)
        response.set_cookie(cookie, token, httponly=True, samesite="lax", path="/")
        return response

    def _same(self, token: str) -> bool:
        """Compares in constant time."""
        return self._token is not None and hmac.compare_digest(
            token.encode("utf-8", "surrogateescape"), self._token
        )

    def _check_host(self, headers: Headers) -> None:
        """Raises unless the request names this machine."""
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        own = name in self._names or (not self._loopback and name is not None and _is_address(name))
        if not own:
            raise Refusal(421, "the request names another host: open the address that was printed")


def _host_name(host: str) -> str | None:
    """The name in a header Host, without the port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _names_of(host: str) -> tuple[str, ...]:
    """The host that the server is bound to, and the names of this machine. A name server may be slow
    to answer, so no request waits for it."""
    return tuple(name.lower() for name in (host, socket.gethostname(), socket.getfqdn()))


def _is_address(name: str) -> bool:
    """Whether it is an address, which nobody can make lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check_site(request: Request) -> None:
    """Raises if a page of another site sends the request. It may have a link to the page."""
    headers = request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_link = (
        _asks_for_page(request)
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    is_foreign = site is not None and site not in _OWN_PAGE and not is_link
    if is_foreign or (origin is not None and _host_of(origin) != headers.get("host")):
        raise Refusal(403, "a page of another site sent this request")


def _asks_for_page(request: Request) -> bool:
    return request.method == "GET" and request.scope["path"] == "/"


def _host_of(origin: str) -> str | None:
    """The host and port of a header Origin; None if it has none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _token_in(headers: Mapping[str, str], cookie: str) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[cookie].value if cookie in cookies else ""
