"""Objects of a meter as Python objects whose words are the attributes and methods of their interface class.

`aio` and `blocking` have one class for every declared interface class, made from its declaration at first use.
"""
