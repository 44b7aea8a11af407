"""Two pseudo-terminals joined like two ends of a serial line: what is written at one device is read at the other.

Octets sent at another speed than the receiver's arrive as garbage, as they do on a wire; a pseudo-terminal by itself would not
mind. It takes octets at once, whatever its speed, so that a change of speed right behind them must not count for them: speeds are
looked at only while the line rests.
"""

import os
import select
import termios
import threading
import tty
from typing import Self


class SerialPair:
    def __init__(self, ends: int = 2) -> None:
        self._masters, self._slaves, self.paths = [], [], []
        for _ in range(ends):
            master, slave = os.openpty()
            tty.setraw(slave)
            self._masters.append(master)
            self._slaves.append(slave)
            self.paths.append(os.ttyname(slave))
        self._rates = [self.rate(end) for end in range(ends)]
        self.carried = 0
        self.cut = False
        self._stop, self._stopper = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        os.write(self._stopper, b"x")
        self._thread.join(5)
        for descriptor in (*self._masters, *self._slaves, self._stop, self._stopper):
            os.close(descriptor)

    def rate(self, end: int) -> int:
        """The speed that an end is set to, as termios has it."""
        return int(termios.tcgetattr(self._slaves[end])[5])

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([*self._masters, self._stop], [], [], 0.003)
            if self._stop in ready:
                return
            if not ready:
                self._rates = [self.rate(end) for end in range(len(self._slaves))]
            for end, master in enumerate(self._masters):
                if master in ready:
                    self._carry(end, os.read(master, 4096))

    def _carry(self, sender: int, octets: bytes) -> None:
        self.carried += len(octets)
        for end, master in enumerate(self._masters):
            if end != sender and not self.cut:
                same = self._rates[end] == self._rates[sender]
                os.write(master, octets if same else bytes(octet ^ 0x55 for octet in octets))
