"""The receiver of SCHC fragments: No-ACK, and ACK-on-Error (RFC 8724, 8.4.1 and 8.4.3)."""

from __future__ import annotations

from dlmskit.link.schc.fragments import Ack, Fragment, FragmentationRule, check_of, receiver_abort


class FragmentReceiver:
    """Puts one packet after the other together. Never holds more than the longest packet of its rule."""

    def __init__(self, rule: FragmentationRule) -> None:
        self.rule = rule
        self.discarded = 0
        """Packets that were not completed."""
        self._tiles: dict[int, bytes] = {}
        self._in_order = bytearray()
        self._check: int | None = None
        self._finished: Fragment | None = None
        """The All-1 fragment of the packet that was completed last: it comes again when its acknowledgement is lost."""

    @property
    def waiting(self) -> bool:
        """Whether a packet is unfinished."""
        return bool(self._tiles or self._in_order) or self._check is not None

    def take(self, fragment: Fragment) -> tuple[bytes | None, bytes | None]:
        """The packet that this fragment completes, and what to send back."""
        if not self.rule.acknowledged:
            return self._take_in_order(fragment), None
        if fragment.is_abort(self.rule):
            self._drop()
            return None, None
        if fragment.check is not None:
            return self._take_last(fragment)
        if fragment.tiles:
            self._take_tiles(fragment)
        return None, None

    def give_up(self) -> bytes | None:
        """Nothing more came for too long; what to send back."""
        self._drop()
        return receiver_abort(self.rule) if self.rule.acknowledged else None

    def _take_tiles(self, fragment: Fragment) -> None:
        size, tiles = self.rule.tile_octets, fragment.tiles
        first = fragment.window * self.rule.window_tiles + self.rule.window_tiles - 1 - fragment.fcn
        beyond = (fragment.window + 1) * self.rule.window_tiles
        if len(tiles) % size or first + len(tiles) // size > beyond:
            self.discarded += 1
            return
        for place in range(len(tiles) // size):
            self._tiles.setdefault(first + place, tiles[place * size : (place + 1) * size])

    def _take_last(self, fragment: Fragment) -> tuple[bytes | None, bytes | None]:
        rule = self.rule
        if not self._tiles and fragment == self._finished:
            return None, Ack(fragment.window, complete=True).encode(rule)
        if not 0 < len(fragment.tiles) <= rule.tile_octets:
            self.discarded += 1
            return None, None
        if self._check is not None and fragment.check != self._check:
            self._drop()  # another packet has begun
        self._check = fragment.check
        # The last tile stands behind all others of its window: where, only the check can say.
        before = {number: tile for number, tile in self._tiles.items() if number // rule.window_tiles <= fragment.window}
        highest = max(before, default=-1)
        if len(before) == highest + 1 and (highest + 1) // rule.window_tiles == fragment.window:
            packet = b"".join(before[number] for number in range(highest + 1)) + fragment.tiles
            if check_of(packet) == fragment.check:
                self._clear()
                self._finished = fragment
                return packet, Ack(fragment.window, complete=True).encode(rule)
        return None, self._missing(fragment.window).encode(rule)

    def _missing(self, last_window: int) -> Ack:
        """The first window with gaps."""
        size = self.rule.window_tiles
        for window in range(last_window):
            received = tuple(window * size + place in self._tiles for place in range(size))
            if not all(received):
                return Ack(window, complete=False, received=received)
        received = tuple(last_window * size + place in self._tiles for place in range(size - 1))
        return Ack(last_window, complete=False, received=(*received, True))

    def _take_in_order(self, fragment: Fragment) -> bytes | None:
        if fragment.check is None:
            self._in_order += fragment.tiles
            if len(self._in_order) > self.rule.most_octets or fragment.fcn == self.rule.all_1:
                self._drop()
            return None
        packet = bytes(self._in_order) + fragment.tiles
        self._in_order.clear()
        if check_of(packet) == fragment.check:
            return packet
        self.discarded += 1
        return None

    def _drop(self) -> None:
        if self.waiting:
            self.discarded += 1
        self._clear()

    def _clear(self) -> None:
        self._tiles.clear()
        self._in_order.clear()
        self._check = None
