"""The dialogue with a modem: one command at a time, and what comes unasked in between."""

from __future__ import annotations

import pytest

from dlmskit.link.at_commands import AtDialogue, Command, Done, listed

SEND = Command("AT+CMGS=12", "00AA", 120.0)
HELLO = Command("AT")


def dialogue(*commands: Command) -> AtDialogue:
    made = AtDialogue()
    for command in commands:
        made.submit(command, 0.0)
    return made


def test_a_command_is_sent_when_the_one_before_is_done() -> None:
    made = dialogue(HELLO, SEND)
    assert made.output() == b"AT\r"
    made.feed(b"AT\r\r\nOK\r\n", 1.0)
    assert made.output() == b"AT+CMGS=12\r"
    assert list(made.done) == [Done(HELLO)]
    assert made.due == 121.0


@pytest.mark.parametrize("prompt", [b"\r\n> ", b"AT+CMGS=12\r\r\n> ", b"\r\n>"], ids=["plain", "echo", "no blank"])
def test_a_message_is_sent_at_the_prompt_once(prompt: bytes) -> None:
    made = dialogue(SEND)
    assert made.output() == b"AT+CMGS=12\r"
    made.feed(prompt, 0.0)
    assert made.output() == b"00AA\x1a"
    made.feed(b" 00AA\x1a\r\n+CMGS: 7\r\n\r\nOK\r\n", 0.0)
    assert made.output() == b""
    assert made.done[0].error == ""
    assert "+CMGS: 7" in made.done[0].lines
    assert made.idle


def test_every_cut_of_the_octets_is_the_same() -> None:
    said = b'\r\n> \r\n+CMT: ,24\r\n07AB\r\n\r\n+CMTI: "SM",3\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n'
    for at in range(len(said)):
        made = dialogue(SEND)
        made.feed(said[:at], 0.0)
        made.feed(said[at:], 0.0)
        assert (list(made.messages), list(made.stored), [done.error for done in made.done]) == (["07AB"], [3], [""])


@pytest.mark.parametrize("error", ["ERROR", "+CMS ERROR: 500", "+CME ERROR: SIM busy"])
def test_a_refusal(error: str) -> None:
    made = dialogue(SEND, HELLO)
    made.feed(f"\r\n{error}\r\n".encode(), 0.0)
    assert list(made.done) == [Done(SEND, error)]
    assert made.output() == b"AT+CMGS=12\rAT\r"


def test_silence_is_a_failure_and_the_prompt_is_left() -> None:
    made = dialogue(SEND, HELLO)
    made.feed(b"\r\n> ", 0.0)
    made.output()
    made.tick(119.0)
    assert not made.done
    made.tick(120.0)
    assert made.done[0].error == "no answer within 120 s"
    assert made.output() == b"\x1bAT\r"


def test_what_is_said_without_a_question_is_nothing() -> None:
    made = dialogue()
    made.feed(b"\r\nRING\r\n\r\nOK\r\n\r\nERROR\r\n> ", 0.0)
    assert (list(made.done), made.output(), list(made.messages)) == ([], b"", [])


def test_lines_without_end_take_no_room() -> None:
    made = dialogue(HELLO)
    for _ in range(1000):
        made.feed(b"x" * 1000, 0.0)
    assert len(made._held) <= 1024
    made.feed(b"\r\nOK\r\n", 0.0)
    assert list(made.done) == [Done(HELLO)]
    made.submit(HELLO, 0.0)
    made.feed(b"y\r\n" * 10_000, 0.0)
    assert len(made._lines) == 1024


def test_a_modem_that_is_gone_fails_all_that_is_asked() -> None:
    made = dialogue(HELLO, SEND)
    made.abandon("gone")
    assert list(made.done) == [Done(HELLO, "gone"), Done(SEND, "gone")]
    assert made.idle


def test_a_late_answer_is_not_taken_for_that_of_the_next_message() -> None:
    made = dialogue(SEND, Command("AT+CMGS=13", "00BB", 120.0))
    made.feed(b"\r\n> ", 0.0)
    made.tick(120.0)
    made.feed(b"\r\n+CMGS: 7\r\n\r\nOK\r\n", 121.0)
    assert [done.error for done in made.done] == ["no answer within 120 s"]
    made.feed(b"\r\n> \r\n+CMGS: 8\r\n\r\nOK\r\n", 122.0)
    assert made.done[1].error == ""


def test_the_messages_in_an_answer() -> None:
    lines = ("+CREG: 1", "+CMGL: 3,1,,24", "07AB", "+CMGL: 12,0,,9", "07CD", "+CMGL: 13,0,,9")
    assert listed(lines, "+CMGL:") == [("3", "07AB"), ("12", "07CD")]
