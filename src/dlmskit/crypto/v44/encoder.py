"""V.44 encoder: longest chain of known strings, oldest first, then as many octets further as the history gives.

A string here is a node of a tree: a run of octets that follows its parent's. Nodes are numbered as the decoder makes its
strings, in the same order and under the same limits; where the two differ nothing can be read, so what is to be sent is
decoded first.
"""

from __future__ import annotations

from dlmskit.crypto.v44.bits import BitWriter
from dlmskit.crypto.v44.decoder import decompress
from dlmskit.crypto.v44.settings import FIRST_CODEWORD, EncoderSettings, WhenFull
from dlmskit.errors import DecodeError, EncodeError

_DEFAULT = EncoderSettings()


def compress_for_sending(data: bytes, settings: EncoderSettings = _DEFAULT) -> bytes | None:
    """`data` compressed, where that is worth it and safe: shorter, and restored by our own decoder. None: send it as it is.

    None too where the tree or the history would be used up and `settings` do not say what the peer expects then.
    """
    try:
        octets = compress(data, settings)
    except EncodeError:
        return None
    return octets if len(octets) < len(data) and _restores(octets, data, settings) else None


def compress(data: bytes, settings: EncoderSettings = _DEFAULT) -> bytes:
    """`data` as a V.44 packet, FLUSH included, whether it became shorter or not.

    Raises `EncodeError` where codewords or history are used up and `settings.when_full` is send-plain.
    """
    history = settings.history_octets
    if settings.when_full is WhenFull.SEND_PLAIN and history is not None and len(data) > history:
        raise EncodeError(f"V.44: {len(data)} octets for a history of {history}, and nothing says what the peer expects then")
    return _Encoder(bytes(data), settings).encode()


def _restores(octets: bytes, data: bytes, settings: EncoderSettings) -> bool:
    try:
        return decompress(octets, len(data), settings.decoder) == data
    except DecodeError:
        return False


_NO_NODE = -1
_NODES = 256  # parents below it are single octets, from it on nodes


class _Encoder:
    """State of one packet. A node is its number from 0; its codeword is 4 more."""

    __slots__ = (
        "_avoid_newest", "_base", "_children", "_data", "_ends", "_lengths", "_longest_string", "_most_history", "_most_nodes",
        "_newest", "_starts", "_when_full", "_writer",
    )  # fmt: skip

    def __init__(self, data: bytes, settings: EncoderSettings) -> None:
        self._data = data
        self._longest_string = settings.string_octets
        self._most_nodes = settings.codewords - FIRST_CODEWORD
        self._most_history = len(data) if settings.history_octets is None else settings.history_octets
        self._when_full = settings.when_full
        self._avoid_newest = settings.avoid_newest
        self._writer = BitWriter(settings.ordinal_bits)
        self._start_afresh(0)

    def _start_afresh(self, at: int) -> None:
        self._base = at  # where the history begins
        self._children: dict[int, list[int]] = {}  # by parent and first octet, oldest first
        self._starts: list[int] = []  # where in the data the own run of a node is
        self._ends: list[int] = []
        self._lengths: list[int] = []  # of the whole string, parents included
        self._newest = _NO_NODE  # the node that the decoder makes only with the next code

    def encode(self) -> bytes:
        at, size = 0, len(self._data)
        while at < size:
            if len(self._starts) >= self._most_nodes or at - self._base >= self._most_history:
                self._give_way(at)
            at = self._encode_one(at)
        return self._writer.finish()

    def _give_way(self, at: int) -> None:
        """Codewords or history are used up."""
        if self._when_full is WhenFull.SEND_PLAIN:
            raise EncodeError("V.44: all codewords are used up, and nothing says what the peer expects then")
        if self._when_full is WhenFull.REINIT:
            self._writer.reinit()
            self._start_afresh(at)

    def _encode_one(self, at: int) -> int:
        """Send one ordinal, or one codeword with its extension; where the next begins."""
        node, end = self._longest_match(at)
        if node == _NO_NODE:
            octet = self._data[at]
            self._writer.ordinal(octet)
            self._newest = self._add(octet, end, 1, 2)
            return end
        self._writer.codeword(node + FIRST_CODEWORD)
        extension = self._extension(node, end)
        if extension:
            self._writer.extension(extension, self._longest_string)
            self._add(node + _NODES, end, extension, self._lengths[node] + extension)
            self._newest = _NO_NODE
        else:
            self._newest = self._add(node + _NODES, end, 1, self._lengths[node] + 1)
        return end + extension

    def _longest_match(self, at: int) -> tuple[int, int]:
        """The deepest node whose whole string stands at `at`, and where it ends; without one, the single octet."""
        data, children, size, starts, ends = self._data, self._children, len(self._data), self._starts, self._ends
        avoided = self._newest if self._avoid_newest else _NO_NODE
        found, parent, end = _NO_NODE, data[at], at + 1
        while end < size:
            for node in children.get(parent << 8 | data[end], ()):
                if node != avoided and data.startswith(data[starts[node] : ends[node]], end):
                    end += ends[node] - starts[node]
                    found, parent = node, node + _NODES
                    break
            else:
                break
        return found, end

    def _extension(self, node: int, at: int) -> int:
        """How many octets from `at` repeat what follows the run of `node`; the copy may overlap what it makes."""
        data, source = self._data, self._ends[node]
        most = min(len(data) - at, self._longest_string - self._lengths[node], self._base + self._most_history - at)
        count = 0
        while count < most and data[source + count] == data[at + count]:
            count += 1
        return count

    def _add(self, parent: int, start: int, octets: int, length: int) -> int:
        """A new node, or none where the data end, the tree is full or the string would be too long."""
        node = len(self._starts)
        if start >= len(self._data) or node >= self._most_nodes or length > self._longest_string:
            return _NO_NODE
        self._starts.append(start)
        self._ends.append(start + octets)
        self._lengths.append(length)
        self._children.setdefault(parent << 8 | self._data[start], []).append(node)
        return node
