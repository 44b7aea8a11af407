"""The page of faults and its JSON interface, for ``dlmskit simulate --web``. It needs the extra ``web``.

`views` says what is shown, `guard` who may see it, `app` what is at which path, `serving` puts it on a socket.
"""
