"""What is at which path: pages for people, and the same as JSON below ``/api``. It holds no rule of its own.

Orders of the JSON interface are the tables of a file of faults (`dlmskit.apps.simulator.fault_tables`).
"""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from dlmskit.apps.simulator.fault_desk import Entry, FaultDesk
from dlmskit.apps.simulator.fault_tables import KINDS, Fault, Kind
from dlmskit.apps.simulator.web import views
from dlmskit.apps.simulator.web.fields import CARDS

_STATIC = {"faults.css": "text/css", "htmx.min.js": "text/javascript", "icon.svg": "image/svg+xml"}
_PACKAGE = "dlmskit.apps.simulator.web"
_SHOWN = 15
"""Entries of the history on a page."""


def make_app(desk: FaultDesk) -> FastAPI:
    """The application over the meters of a desk. `dlmskit.apps.simulator.web.guard` says who may use it."""
    app = FastAPI(title="Faults of simulated meters", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.include_router(_Pages(desk).router)
    app.include_router(_Api(desk).router)
    return app


class _Pages:
    """HTML. A fragment is a part of a page that htmx puts in place; without JavaScript, forms lead back to their page."""

    def __init__(self, desk: FaultDesk) -> None:
        self._desk = desk
        self._templates = Environment(
            loader=PackageLoader(_PACKAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.filters["time"] = _time
        self.router = router = APIRouter(include_in_schema=False)
        for path, page in (
            ("/", self._home),
            ("/meters", self._table),
            ("/meters/{number}", self._one),
            ("/live/{number}", self._live),
        ):
            router.add_api_route(path, page, methods=["GET"])
        router.add_api_route("/history", self._history, methods=["GET"])
        router.add_api_route("/static/{name}", _static, methods=["GET"])
        router.add_api_route("/faults", self._order, methods=["POST"])

    async def _home(self, request: Request) -> Response:
        return self._page("home.html", **self._found(request), target="")

    async def _table(self, request: Request) -> Response:
        return self._page("table.html", **self._found(request))

    async def _one(self, number: str) -> Response:
        known = _number(number, self._desk)
        if known is None:
            return _not_there()
        return self._page("meter.html", meter=views.view_of_one(self._desk, known), target=str(known))

    async def _live(self, number: str) -> Response:
        known = _number(number, self._desk)
        return _not_there() if known is None else self._page("live.html", meter=views.view_of_one(self._desk, known))

    async def _history(self) -> Response:
        return self._page("history.html")

    async def _order(self, request: Request) -> Response:
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        target = form.pop("target", "")
        try:
            entry = await _ordered(self._desk, form, target)
        except (msgspec.ValidationError, ValueError) as error:
            said, refused = str(error), True
        else:
            said, refused = _sentence(entry), entry.what == "refused"
        if "hx-request" not in request.headers:
            return self._page("base.html", said=said, refused=True) if refused else RedirectResponse(_page_of(target), 303)
        answer = self._page("said.html", said=said, refused=refused)
        answer.headers["HX-Trigger"] = "changed"
        return answer

    def _found(self, request: Request) -> dict[str, Any]:
        query, page = request.query_params.get("q", ""), _whole(request.query_params.get("page", ""), 1)
        return {"found": views.found(self._desk, query, page)}

    def _page(self, template: str, **words: Any) -> HTMLResponse:
        history = list(self._desk.history)[: -_SHOWN - 1 : -1]
        standing: dict[str, Any] = {
            "cards": CARDS,
            "history": history,
            "count": len(self._desk.meters),
            "said": "",
            "refused": False,
        }
        return HTMLResponse(self._templates.get_template(template).render(standing | words))


class _Api:
    """JSON."""

    def __init__(self, desk: FaultDesk) -> None:
        self._desk = desk
        self.router = router = APIRouter(prefix="/api")
        router.add_api_route("/meters", self._meters, methods=["GET"], summary="Meters that a search finds, page by page")
        router.add_api_route("/meters/{number}", self._meter, methods=["GET"], summary="One meter")
        router.add_api_route("/faults", self._faults, methods=["GET"], summary="Kinds, what is active, what was done")
        body = {"content": {"application/json": {"schema": msgspec.json.schema(Fault)["$defs"]["Fault"]}}}
        router.add_api_route("/faults", self._give, methods=["POST"], summary="Give a fault", openapi_extra={"requestBody": body})
        router.add_api_route("/faults/{kind}", self._end, methods=["DELETE"], summary="End a fault that lasts")

    async def _meters(self, q: str = "", page: int = 1, size: int = views.PAGE) -> Response:
        found = views.found(self._desk, q, page, min(max(size, 1), views.MOST))
        return _json(found)

    async def _meter(self, number: str) -> Response:
        known = _number(number, self._desk)
        return _refusal("there is no such meter", 404) if known is None else _json(views.view_of_one(self._desk, known))

    async def _faults(self) -> Response:
        return _json(views.faults_view(self._desk))

    async def _give(self, request: Request) -> Response:
        try:
            fault = msgspec.json.decode(await request.body(), type=Fault)
        except (msgspec.MsgspecError, ValueError) as error:
            return _refusal(str(error), 400)
        if fault.after:
            return _refusal("a fault is given now; after belongs into a file", 400)
        return _done(await self._desk.give(fault, "API"))

    async def _end(self, kind: str, meters: str = "") -> Response:
        known = next((one for one in KINDS if one == kind), None)
        numbers = [_number(one, self._desk) for one in meters.split(",") if one]
        if known is None or None in numbers:
            return _refusal("there is no such fault" if known is None else "there is no such meter", 404)
        return _done(await self._desk.end(known, [one for one in numbers if one is not None], "API"))


async def _ordered(desk: FaultDesk, form: dict[str, str], target: str) -> Entry:
    """Do what a form says. Raises ValueError for what it may not say."""
    number = _number(target, desk)
    if target and number is None:
        raise ValueError("there is no such meter")
    numbers = () if number is None else (number,)
    kind: Kind = msgspec.convert(form.pop("kind", ""), Kind)
    if form.pop("end", ""):
        return await desk.end(kind, numbers, "page")
    card = next(card for card in CARDS if card.kind == kind)
    words: dict[str, Any] = {field.name: form.get(field.name, "") for field in card.fields}
    if "share" in words:
        words["share"] = float(words["share"]) / 100
    if "reuses_nonces" in words:
        words["reuses_nonces"] = words["reuses_nonces"] == "true"
    return await desk.give(msgspec.convert({"kind": kind, "meters": numbers, **words}, Fault, strict=False), "page")


def _page_of(target: str) -> str:
    return f"/meters/{target}" if target else "/"


def _sentence(entry: Entry) -> str:
    words = f" ({entry.words})" if entry.words else ""
    return f"{entry.kind} {entry.what}: {entry.meters}{words}"


def _number(text: str, desk: FaultDesk) -> int | None:
    number = _whole(text, -1)
    return number if 0 <= number < len(desk.meters) else None


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _done(entry: Entry) -> Response:
    return JSONResponse(views.entry_view(entry), 409 if entry.what == "refused" else 200)


def _refusal(words: str, status: int) -> Response:
    return JSONResponse({"error": words}, status)


def _not_there() -> Response:
    return HTMLResponse("There is no such meter.", 404)


async def _static(name: str) -> Response:
    kind = _STATIC.get(name)
    if kind is None:
        return Response(status_code=404)
    return Response((files(_PACKAGE) / "static" / name).read_bytes(), media_type=kind)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
