"""The support table: what there is in the security concept of DLMS/COSEM, and which tests of the last run have shown it.

A test says what it shows, ``@pytest.mark.supports("glo authenticated", suite=0, side="server")``; `recorder` writes down how it
went, and ``make support-table`` makes the table of it. What no test has shown is absent, whatever the code could do.
"""
