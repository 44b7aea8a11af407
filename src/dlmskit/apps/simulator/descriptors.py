"""Open files of a process: a fleet with a port for each meter needs more of them than most systems allow at first."""

from __future__ import annotations

import sys

from dlmskit.errors import ConfigError

_OTHERS = 200
"""Files of the interpreter, of the state, and connections to the meters that are talked to."""


def make_room(ports: int) -> None:
    """Let this process have ``ports`` listening sockets, and a connection to each. Raises ConfigError where it may not."""
    if sys.platform == "win32":  # which has no such limit
        return
    import resource

    needed = 2 * ports + _OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ConfigError(
            f"{ports} meters with a port each need {needed} open files, and this system allows {hard}: raise it with"
            f" ulimit -n {needed}, or put the fleet behind one port with one_port = true under [fleet]"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
