"""token key, make, show and enter: what they print, for people and for scripts, their exit codes, and that no key is shown."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.cli import payment
from dlmskit.apps.simulator.templates import template_text
from dlmskit.cosem.classes.token_gateway import TokenStatus
from dlmskit.errors import DecodeError, OutcomeUnknown, TransportError
from dlmskit.security.payment_tokens import read_token, token_key
from dlmskit.types.system_title import SystemTitle
from tests.apps.cli.conftest import Result, Run
from tests.apps.served import served_in_a_thread

TITLE = "4C41420000000043"
KEY = "101112131415161718191A1B1C1D1E1F"
"""The one of the template."""


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    file = tmp_path / "vendor.key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


@pytest.fixture(scope="module")
def prepaid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The prepaid meter of the template on a socket: its URL, and its key file."""
    folder = tmp_path_factory.mktemp("prepaid")
    description = folder / "prepaid.toml"
    description.write_text(template_text("prepaid").replace("past_days = 35", "past_days = 0"), encoding="utf-8")
    with served_in_a_thread(description, folder / "state") as meter:
        yield f"{meter.url}?client=1", str(meter.key_file)


@pytest.fixture
def enter(run: Run, prepaid: tuple[str, str]) -> Callable[..., Result]:
    return lambda token, *more: run("token", "enter", prepaid[0], token, "--keys", prepaid[1], *more)


def test_a_key_is_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "new.key"
    result = run("token", "key", file)
    key = token_key(file.read_text())
    assert result.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key.reveal().hex() not in (result.out + result.err).lower()
    assert run("token", "key", file).code == 2, "an existing one is not replaced"
    assert token_key(file.read_text()).matches(key.reveal())


def test_a_token_for_people_and_for_scripts(run: Run, vendor: Path) -> None:
    told = run("token", "make", TITLE, 500, "--token-key", vendor)
    made = run("token", "make", TITLE, 250, "--token-key", vendor, "--json")
    assert told.out.splitlines()[1:] == [f"system title  {TITLE}", "number        1", "amount        500"]
    token = bytes.fromhex(told.out.split()[1])
    assert read_token(token_key(KEY), SystemTitle(TITLE), token) == (1, 500)
    assert made.json | {"token": ""} == {"token": "", "system_title": TITLE, "number": 2, "amount": 250}
    assert read_token(token_key(KEY), SystemTitle(TITLE), bytes.fromhex(made.json["token"])) == (2, 250)
    assert KEY not in told.out + made.out


def test_no_number_comes_twice(run: Run, vendor: Path, tmp_path: Path) -> None:
    def number(*more: object, title: str = TITLE) -> int:
        result = run("token", "make", title, 5, "--token-key", vendor, "--json", *more)
        return int(result.json["number"]) if result.code == 0 else -result.code

    assert [number(), number(), number("--number", 9), number()] == [1, 2, 9, 10]
    assert number("--number", 10) == -2, "it may have been used"
    assert number(title="4C41420000000044") == 1, "each meter has its own"
    own = ("--numbers", tmp_path / "till" / "numbers.sqlite")
    assert [number(*own), number(*own)] == [1, 2]


def test_what_a_token_says(run: Run, vendor: Path) -> None:
    token = run("token", "make", TITLE, 500, "--token-key", vendor, "--json").json["token"]
    shown = run("token", "show", token, TITLE, "--token-key", vendor, "--json")
    assert shown.json == {"system_title": TITLE, "number": 1, "amount": 500, "tag": "right"}
    assert "amount        500" in run("token", "show", token, TITLE, "--token-key", vendor).out
    other = run("token", "show", token, "4C41420000000044", "--token-key", vendor)
    assert (other.code, other.out) == (4, "")
    assert "not made for this meter" in other.err
    assert run("token", "show", token[:-2], TITLE, "--token-key", vendor).code == 5


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["make", "4C41", "5"], 2, "not a system title"),
        (["make", TITLE, "0"], 2, "amount"),
        (["make", TITLE, "5.50"], 2, "valid integer"),
        (["make", TITLE, "5", "--number", "0"], 2, "number"),
        (["show", "nonsense", TITLE], 5, "21 octets"),
    ],
)
def test_what_goes_wrong(run: Run, vendor: Path, words: list[str], code: int, message: str) -> None:
    result = run("token", *words, "--token-key", vendor)
    assert (result.code, result.out) == (code, "")
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [(KEY, 0o644, "chmod 600"), (KEY[:-2], 0o600, "16 octets"), ("ä", 0o600, "not text"), (None, 0, "cannot be read")],
)
def test_a_key_file_that_is_none(run: Run, tmp_path: Path, text: str | None, mode: int, message: str) -> None:
    file = tmp_path / "some.key"
    if text is not None:
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)
    result = run("token", "make", TITLE, 5, "--token-key", file)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert KEY[:-2] not in result.err


def test_a_token_is_entered_once(run: Run, vendor: Path, prepaid: tuple[str, str], enter: Callable[..., Result]) -> None:
    made = run("token", "make", TITLE, 500, "--number", 100, "--token-key", vendor, "--enter", prepaid[0], "--keys", prepaid[1])
    assert made.code == 0
    assert "execution ok: the credit is on the account; available credit 15.00 EUR" in made.out
    token = made.out.split()[1]
    again = enter(token, "--json")
    assert again.code == 1
    assert (again.json["status_code"], again.json["taken"], again.json["available_credit"]) == (6, False, 15.0)
    assert enter("00112233").out.startswith("format failure: ")
    assert KEY not in made.out + made.err


def test_a_token_of_another_meter(run: Run, vendor: Path, prepaid: tuple[str, str]) -> None:
    words = ("token", "make", "4C41420000000044", 5, "--token-key", vendor, "--json")
    result = run(*words, "--enter", prepaid[0], "--keys", prepaid[1])
    assert (result.code, result.json["entered"]["status_code"]) == (1, 5)
    assert "not made for this meter" in result.json["entered"]["outcome"]


def test_a_token_is_not_lost_where_the_meter_is_not_reached(run: Run, vendor: Path) -> None:
    words = ("token", "make", TITLE, 5, "--token-key", vendor, "--enter", "tcp://127.0.0.1:1?client=16")
    scripts, people = run(*words, "--json"), run(*words)
    assert (scripts.code, scripts.json["error"]["exit_code"], people.code) == (3, 3, 3)
    assert bytes.fromhex(scripts.json["token"])
    assert bytes.fromhex(people.out.split()[1])
    assert "no connection" in people.err


def test_a_gateway_that_is_not_there(enter: Callable[..., Result]) -> None:
    result = enter("00", "--gateway", "0.0.19.41.0.255")
    assert (result.code, result.out) == (1, "")
    assert "object-undefined" in result.err


@pytest.mark.parametrize("code", [*map(int, TokenStatus), 77])
def test_every_status_has_words(code: int) -> None:
    entered = payment.Entered(code, None)
    status, meaning = entered.words.split(": ", 1)
    assert status == (TokenStatus(code).name.lower().replace("_", " ") if code < 9 else "status 77")
    assert meaning
    assert entered.taken is (code == TokenStatus.EXECUTION_OK)


class Odd:
    """A meter that answers what it likes."""

    def __init__(self, returned: Any, *values: Any) -> None:
        self.returned, self.values = returned, list(values)

    async def call(self, *_: object, **__: object) -> Any:
        return self.returned

    async def read(self, *_: object, **__: object) -> Any:
        value = self.values.pop(0)
        if isinstance(value, Exception):
            raise value
        return value


def entered_in(meter: Odd, monkeypatch: pytest.MonkeyPatch) -> payment.Entered:
    def on_meter(_url: str, _keys: object, _busy: str, work: Callable[[Any], Coroutine[Any, Any, int]], **_: object) -> int:
        return asyncio.run(work(meter))

    monkeypatch.setattr(payment, "on_meter", on_meter)
    return payment.enter_token("tcp://meter", None, payment.GATEWAY, b"token")


@pytest.mark.parametrize("returned", [None, 3, (3,), (None, None), b""])
def test_an_answer_that_is_no_status(returned: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DecodeError, match="returned no status"):
        entered_in(Odd(returned), monkeypatch)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((TransportError("gone"),), "on the account"),
        ((1300, b"EUR"), "on the account"),
        (("much", ("EUR", -2, 0)), "on the account"),
        ((1300, ("E\x1b[31m", -2, 0)), "on the account; available credit 13.00 E\\x1b[31m"),
    ],
)
def test_a_credit_that_cannot_be_read_hides_no_outcome(
    values: tuple[Any, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert entered_in(Odd((3, ""), *values), monkeypatch).words.endswith(words)


def test_where_the_outcome_is_not_known_the_next_step_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def on_meter(*_: object, **__: object) -> int:
        raise OutcomeUnknown("the connection broke")

    monkeypatch.setattr(payment, "on_meter", on_meter)
    with pytest.raises(OutcomeUnknown, match="the connection broke; enter the same token again"):
        payment.enter_token("tcp://meter", None, payment.GATEWAY, b"token")
