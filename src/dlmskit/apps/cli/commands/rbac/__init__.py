"""Roles of a meter: who may do what, how protected, and where that is weaker than intended."""
