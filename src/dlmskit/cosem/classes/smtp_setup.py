"""Interface class 46, SMTP setup (Blue Book): a mail server and what the device logs in with."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class SmtpSetup(InterfaceClass, class_id=46, version=0, name="SMTP setup"):
    """Where mail goes, and from whom. The password is written, never read."""

    server_port = attribute(2, "long-unsigned", writable=True, default=25)
    user_name = attribute(3, "octet-string", writable=True)
    login_password = attribute(4, "octet-string", secret=True)
    server_address = attribute(5, "octet-string", writable=True)
    sender_address = attribute(6, "octet-string", writable=True)
