"""Payment tokens of prepaid meters: make a key for them, make one, look into one, enter one in a meter."""
